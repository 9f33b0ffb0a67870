# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys as the screen knows them, turned back into what a terminal sends for them."""

from __future__ import annotations

from textual import events
from textual.keys import key_to_character

_PLAIN = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "space": " ",
}
_LETTERED = {
    "up": "A",
    "down": "B",
    "right": "C",
    "left": "D",
    "end": "F",
    "home": "H",
    "f1": "P",
    "f2": "Q",
    "f3": "R",
    "f4": "S",
}
"""``ESC [ letter``; the function keys ``ESC O letter``."""
_NUMBERED = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
}
_NUMBERED |= {"f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20, "f10": 21, "f11": 23, "f12": 24}
"""``ESC [ number ~``."""
_NAMED = {"plus": "+", "minus": "-", "slash": "/", "at": "@", "backslash": "\\", "underscore": "_"}
"""Those whose characters Textual does not know."""
_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4}


def bytes_typed(event: events.Key | events.Paste) -> str:
    """What a terminal sends for it (xterm, cursor keys in normal mode); empty for nothing."""
    if isinstance(event, events.Paste):
        return event.text.replace("\r\n", "\r").replace("\n", "\r")
    *modifiers, name = event.key.split("+")
    held = frozenset(modifiers)
    special = _special(name, held)
    if special is not None:
        return special
    character = event.character
    if held and not (character and character < " "):
        character = _NAMED.get(name) or key_to_character(name)
    if not character or character < " ":
        return character or ""
    if "shift" in held:
        character = character.upper()
    if "ctrl" in held:
        character = _control(character)
    return f"\x1b{character}" if "alt" in held else character


def _special(name: str, held: frozenset[str]) -> str | None:
    """The sequence of a key that is no character; None for one that is."""
    code = 1 + sum(_MODIFIERS.get(modifier, 0) for modifier in held)
    if name in _LETTERED:
        if code > 1:
            return f"\x1b[1;{code}{_LETTERED[name]}"
        return f"\x1b{'O' if name.startswith('f') else '['}{_LETTERED[name]}"
    if name in _NUMBERED:
        return f"\x1b[{_NUMBERED[name]}{f';{code}' if code > 1 else ''}~"
    if name == "tab" and "shift" in held:
        return "\x1b[Z"
    if name in _PLAIN and (name, "ctrl" in held) != ("space", True):
        return ("\x1b" if "alt" in held else "") + _PLAIN[name]
    return None


def _control(character: str) -> str:
    """What Ctrl makes of it: letters and ``@ [ \\ ] ^ _`` become a control character."""
    character = {" ": "@", "/": "_"}.get(character, character).upper()
    return chr(ord(character) & 0x1F) if "@" <= character <= "_" else character

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one table of characters that never reach a terminal, and plain text made safe by it.

Unsafe is what a terminal obeys (controls), what reorders or hides its neighbours (bidi, format
and other invisible characters), and what cannot be encoded (lone surrogates, noncharacters).
Markup is not interpreted: `[/foo]` stays as it is, and the screen must not parse it either.
"""

import re
from typing import Final

TAB_COLUMNS: Final = 8

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"  # format (category Cf)
    "\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # format, bidi, separators
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # marks and letters that show nothing
    "\ud800-\udfff"  # lone surrogates
    "\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff"  # noncharacters, annotation marks
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tags; the gap is variation selectors
    + "".join(f"{chr(end - 2)}-{chr(end - 1)}" for end in range(0x20000, 0x110001, 0x10000))
    + "]"
)


def safe_characters(text: str) -> str:
    """`text` with every unsafe character replaced, one for one, so offsets and length stay.

    C0 controls and DEL (tab and newline among them) become their control pictures, everything
    else unsafe becomes U+FFFD. ZWJ and variation selectors stay: emoji are made of them.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_stand_in, text)


def _stand_in(unsafe: re.Match[str]) -> str:
    code = ord(unsafe[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def safe_line(text: str, limit: int = 500) -> str:
    """One printable line: ids, file names, error texts, titles.

    At most `limit` characters (1 or more), the `…` of a cut among them. Newlines show as pictures,
    a tab as a space.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return safe_characters(text.replace("\t", " "))


def safe_block(text: str) -> str:
    r"""Printable lines between `\n`; `\r\n` counts as one, tabs go to the next eighth column."""
    # A lone \r must be a picture before tabs expand: expandtabs starts a new column count at it.
    text = text.replace("\r\n", "\n").replace("\r", "\u240d").expandtabs(TAB_COLUMNS)
    return "\n".join(map(safe_characters, text.split("\n")))

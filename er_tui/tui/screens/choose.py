# SPDX-License-Identifier: AGPL-3.0-or-later
"""One of a few things is chosen: a signal, or how much more time."""

from __future__ import annotations

from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_T = TypeVar("_T")
_NAME_WIDTH = 12


class Choice(NamedTuple, Generic[_T]):
    """One line to choose from."""

    value: _T
    name: str
    words: str


class ChoiceList(OptionList):
    """Moved about in with the same keys as everything else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]


class Choose(ModalScreen[_T]):
    """The chosen value; None when nothing was. ``title`` is safe text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", show=False)]

    def __init__(self, title: str, choices: tuple[Choice[_T], ...]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        box = ChoiceList(id="choice-box", markup=False)
        box.border_title = Content(self._title)
        box.border_subtitle = "enter chooses · esc leaves it"
        yield box

    def on_mount(self) -> None:
        box = self.query_one(ChoiceList)
        strong, muted = tone_style(self, "text--strong"), tone_style(self, "text--muted")
        for choice in self._choices:
            row = Text.assemble((f"{choice.name:<{_NAME_WIDTH}}", strong), (choice.words, muted))
            row.no_wrap, row.overflow = True, "ellipsis"
            box.add_option(Option(row))
        box.highlighted = 0
        box.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].value)


SIGNALS: tuple[Choice[str], ...] = tuple(
    Choice(f"SIG{name}", f"SIG{name}", words)
    for name, words in (
        ("INT", "as Ctrl+C: most stop what they do, or end"),
        ("TERM", "asks to end: most clean up and go"),
        ("HUP", "the terminal is gone: servers read their settings anew"),
        ("QUIT", "as Ctrl+\\: core dump; Java and Go print every stack"),
        ("USR1", "means what the program makes of it; ends one that does not"),
        ("USR2", "the same, once more"),
        ("WINCH", "another window size: most draw anew, others ignore it"),
        ("STOP", "stops it where it is, and cannot be refused; p does the same"),
        ("CONT", "lets it go on after a stop"),
        ("KILL", "ends it at once, cannot be refused; nothing is cleaned up"),
    )
)

MORE_TIME: tuple[Choice[float], ...] = tuple(
    Choice(60.0 * minutes, name, "")
    for minutes, name in (
        (1, "1 minute"),
        (5, "5 minutes"),
        (15, "15 minutes"),
        (60, "1 hour"),
        (240, "4 hours"),
        (1440, "1 day"),
    )
)

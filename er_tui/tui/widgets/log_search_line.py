# SPDX-License-Identifier: AGPL-3.0-or-later
"""The line under a log in which one types what to look for, or where to go."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from er_tui.text.pattern import Pattern, PatternError
from er_tui.text.safe import safe_line
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_DEBOUNCE_SECONDS = 0.15


class LogSearchLine(Horizontal):
    """Tells what is typed a moment after it was, and what becomes of it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    LogSearchLine { display: none; height: 1; background: $surface; }
    LogSearchLine Input, LogSearchLine Input:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $surface;
    }
    LogSearchLine Static { width: auto; padding: 0 1; background: $surface; }
    LogSearchLine #search-sign { color: $accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False, priority=True),
        Binding("alt+r", "toggle_regex", show=False, priority=True),
        Binding("alt+c", "toggle_case", show=False, priority=True),
    ]

    class Typed(Message):
        """Another pattern, or none."""

        def __init__(self, pattern: Pattern | None) -> None:
            super().__init__()
            self.pattern = pattern

    class LineTyped(Message):
        """The number of a line (from 1) or, with ``%``, how far down."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Kept(Message):
        """The search stays as it is."""

    class GivenUp(Message):
        """There is to be no search."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self._for_line = False
        self._regex = False
        self._ignore_case = True
        self._words = ""
        """What was typed to be searched for."""
        self._told: tuple[str, bool, bool] = ("", False, True)
        self._wrong: str | None = None
        self._facts = ""
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="search-sign", markup=False)
        yield Input(compact=True, select_on_focus=True)
        yield Static("", id="search-facts", markup=False)

    def open(self, *, for_line: bool = False) -> None:
        """Take the keys, for a pattern or the number of a line."""
        self._for_line = for_line
        self.query_one("#search-sign", Static).update(":" if for_line else "/")
        box = self.query_one(Input)
        box.placeholder = "number of a line, or 50%" if for_line else "text to look for"
        box.value = "" if for_line else self._words
        self.display = self.is_open = True
        self.screen.set_focus(box)  # at once: what is typed ahead goes there already
        self._show_facts()
        self._think()

    def close(self) -> None:
        """Give the keys back; whoever closes it says to whom."""
        self._stop_timer()
        self.display = self.is_open = False

    def forget(self) -> None:
        """Nothing is searched for any more: the same words are a new search."""
        self._told = ("", self._regex, self._ignore_case)
        self._wrong = None

    def say(self, facts: str) -> None:
        """What the search has found."""
        if facts != self._facts:
            self._facts = facts
            self._show_facts()

    def action_toggle_regex(self) -> None:
        self._regex = not self._regex
        self._think()

    def action_toggle_case(self) -> None:
        self._ignore_case = not self._ignore_case
        self._think()

    def action_give_up(self) -> None:
        self._stop_timer()
        self.post_message(self.Kept() if self._for_line else self.GivenUp())

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self._for_line and self.is_open:
            self._words = event.value
            self._stop_timer()
            self._soon = self.set_timer(_DEBOUNCE_SECONDS, self._think)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._for_line:
            self.post_message(self.LineTyped(event.value))
            return
        self._think()
        if self._wrong is None:
            self.post_message(self.Kept())

    def _stop_timer(self) -> None:
        if self._soon is not None:
            self._soon.stop()
            self._soon = None

    def _think(self) -> None:
        """Tell the pattern, if it is another one than before and can be searched for."""
        self._stop_timer()
        wanted = self._words, self._regex, self._ignore_case
        self._wrong = None
        if not self._for_line and wanted != self._told:
            try:
                pattern = Pattern(*wanted) if self._words else None
                self._told = wanted
                self.post_message(self.Typed(pattern))
            except PatternError as error:
                self._wrong = safe_line(str(error))
        self._show_facts()

    def _show_facts(self) -> None:
        muted, accent = tone_style(self, "text--muted"), tone_style(self, "text--accent")
        line = Text(no_wrap=True)
        if self._for_line:
            line.append("enter goes there", muted)
        elif self._wrong is not None:
            line.append(self._wrong, tone_style(self, "bad"))
        else:
            line.append("alt+r ", accent).append("regex" if self._regex else "plain", muted)
            line.append(" alt+c ", accent)
            line.append("any case" if self._ignore_case else "this case", muted)
            line.append(f"  {self._facts}" if self._facts and self._words else "", muted)
        self.query_one("#search-facts", Static).update(line)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON document with all that can be done to it: folding, searching."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from er_tui.session.json_document import JsonDocument
from er_tui.text.json_folds import Folding
from er_tui.tui.widgets.json_view import JsonView
from er_tui.tui.widgets.log_search_line import LogSearchLine
from er_tui.tui.widgets.log_words import match_words, pattern_words


class JsonPanel(Vertical):
    """Carries out the commands on JSON; what is shown changes by :class:`JsonView`'s messages."""

    DEFAULT_CSS = "JsonPanel { height: 1fr; }"

    class Changed(Message):
        """A command has changed what is shown, or what can be done."""

    def __init__(self, *, view_id: str) -> None:
        super().__init__()
        self.view = JsonView(id=view_id)
        self.line = LogSearchLine()
        self._before: tuple[int, Folding] | None = None
        """Where the user was before searching, and what was folded."""
        self._actions: dict[str, Callable[[], None]] = {
            "find": self._open_search,
            "next_match": lambda: self._go_on(1),
            "previous_match": lambda: self._go_on(-1),
            "fold_all": self.view.fold_all,
            "open_all": self.view.open_all,
        }

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.line

    def show(self, document: JsonDocument | None) -> None:
        """Show another document from now on; the one before is closed."""
        if self.line.is_mounted:
            self.line.forget()
            self._close_line()
        self.view.show(document)

    @property
    def words(self) -> str:
        """How the search stands; empty without one."""
        document = self.view.document
        if document is None or document.search is None:
            return ""
        return f"{pattern_words(document.search.pattern)} {self._found}"

    @property
    def _found(self) -> str:
        document = self.view.document
        if document is None or document.search is None:
            return ""
        share = None if document.is_searched else document.searched_share
        return match_words(document.search, self.view.match, share)

    def can(self, command_id: str) -> bool:
        """Whether the command does something now."""
        document = self.view.document
        if command_id not in self._actions or document is None:
            return False
        if command_id == "find":
            return self.has_focus_within and document.line_count > 0
        if command_id in ("next_match", "previous_match"):
            return document.search is not None
        return True

    def act(self, command_id: str) -> None:
        """Carry out a command that :meth:`can` said yes to."""
        self._actions[command_id]()
        self.post_message(self.Changed())

    def _open_search(self) -> None:
        assert self.view.document is not None
        self._before = self.view.cursor, self.view.document.folds.folding
        self.line.open()

    def on_log_search_line_typed(self, event: LogSearchLine.Typed) -> None:
        event.stop()
        self.view.find(event.pattern)
        if self._before is not None:
            self.view.stand(*self._before)
            if event.pattern is not None:
                self.view.await_match(self._before[0] - 1, 1)
        self.post_message(self.Changed())

    def on_log_search_line_kept(self, event: LogSearchLine.Kept) -> None:
        event.stop()
        self._close_line()

    def on_log_search_line_given_up(self, event: LogSearchLine.GivenUp) -> None:
        event.stop()
        self.view.find(None)
        self.line.forget()
        if self._before is not None:
            self.view.stand(*self._before)
        self._close_line()

    def on_json_view_changed(self) -> None:
        self.line.say(self._found)

    def _close_line(self) -> None:
        if self.line.is_open:
            self.screen.set_focus(self.view)
            self.line.close()
        self._before = None
        self.post_message(self.Changed())

    def _go_on(self, direction: int) -> None:
        view = self.view
        # Where that is another line than the match before, it counts itself.
        at = view.cursor if view.match == view.cursor else view.cursor - direction
        view.await_match(at, direction)

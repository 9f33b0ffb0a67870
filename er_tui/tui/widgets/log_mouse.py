# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is selected in a log with the mouse: from character to character, over any lines."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import split_graphemes
from textual import events

from er_tui.session.log import Reader
from er_tui.text import ansi
from er_tui.text.line_index import Line
from er_tui.tui.widgets.log_cursor import LogCursor
from er_tui.tui.widgets.log_window import Shown

_DRAG_SECONDS = 0.05


class Spot(NamedTuple):
    """What is under the mouse: a character of a line, or the empty end of it."""

    line: int
    start: int
    """In characters of the text as it is shown."""
    end: int


class LogMouse(LogCursor):
    """A drag selects characters, both ends included; a key that moves the cursor ends that."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pressed: Spot | None = None
        self._dragged_to: tuple[int, int] | None = None
        """Where the mouse is in the window, while its button is held."""
        self._span: tuple[Spot, Spot] | None = None
        """The ends of what is selected, the first one first."""

    def show(self, reader: Reader | None, *, live: bool, follow: bool) -> None:
        self._pressed = self._dragged_to = self._span = None
        super().show(reader, live=live, follow=follow)

    @property
    def span(self) -> tuple[int, int] | None:
        """Where in the first of the :attr:`selected_rows` the selection begins and where in the
        last it ends, in characters; None unless it is one of characters."""
        return None if self._span is None else (self._span[0].start, self._span[1].end)

    @property
    def selected_rows(self) -> range:
        if self._span is None or self.shown is None:
            return super().selected_rows
        first, last = self._span
        return range(self.shown.row_of(first.line), self.shown.row_of(last.line) + 1)

    @property
    def selecting(self) -> bool:
        return self._span is not None or super().selecting

    def action_end_selection(self) -> None:
        self._span = None
        super().action_end_selection()

    def selected_columns(self, number: int, line: Line) -> tuple[int, int] | None:
        """Which columns of a line, all of it in view or not, are selected with the mouse."""
        if self._span is None or not self._span[0].line <= number <= self._span[1].line:
            return None
        first, last = self._span
        text = ansi.style_line(line.raw).text
        start = first.start if number == first.line else 0
        end = last.end if number == last.line else len(text)
        return _columns(text[:start]), _columns(text[:end])

    def _stay(self) -> None:
        self._span = None
        super()._stay()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        lines = self.window.lines(self.top) if self.shown is not None else []
        if event.button == 1 and 0 <= event.y < len(lines):
            self._stay()
            self._selected_from = None
            self._cursor = lines[event.y].number
            self._pressed = self._spot(event.x, lines[event.y])
            self._dragged_to = event.x, event.y
            self.capture_mouse()
            self._selection_changed()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged_to is None or self._dragged_to == (event.x, event.y):
            return
        if self._span is None:
            self.set_timer(_DRAG_SECONDS, self._drag_on)
        self._dragged_to = event.x, event.y
        self._drag()

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        if self._dragged_to is not None:
            self._dragged_to = None
            self.release_mouse()

    def _drag_on(self) -> None:
        """The mouse is held beyond an edge: go on in that direction."""
        if self._dragged_to is not None:
            if not 0 <= self._dragged_to[1] < self.window.height:
                self._drag()
            self.set_timer(_DRAG_SECONDS, self._drag_on)

    def _drag(self) -> None:
        assert self._dragged_to is not None
        assert self._pressed is not None
        x, y = self._dragged_to
        beyond = min(0, y) or max(0, y - self.window.height + 1)
        if beyond:
            self.scroll_lines(beyond)
        lines = self.window.lines(self.top)
        if lines:
            spot = self._spot(x, lines[max(0, min(y, len(lines) - 1))])
            self._cursor = spot.line
            first, last = sorted((self._pressed, spot))
            self._span = first, last
            self._selection_changed()

    def _spot(self, x: int, shown: Shown) -> Spot:
        text = ansi.style_line(shown.line.raw).text
        column = max(0, x - self.gutter_width)
        end = _columns(text)
        if self.window.wrap:
            cuts = self.drawer.cuts(shown.line, max(1, self.window.width))
            column += cuts[shown.part]
            end = min(end, cuts[shown.part + 1])
        else:
            column += self.scroll_offset.x
        at = 0
        for first, behind, cells in split_graphemes(text)[0]:
            if at >= end:
                return Spot(shown.number, first, first)
            if column < at + cells:
                return Spot(shown.number, first, behind)
            at += cells
        return Spot(shown.number, len(text), len(text))


def _columns(text: str) -> int:
    return len(text) if text.isascii() else split_graphemes(text)[1]

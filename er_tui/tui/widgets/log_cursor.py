# SPDX-License-Identifier: AGPL-3.0-or-later
"""The current line of a log, the lines selected from it, and the match that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from textual import events

from er_tui.session.log import Reader
from er_tui.text.line_index import Line
from er_tui.tui.widgets.log_scroll import LogScroll
from er_tui.tui.widgets.log_window import Place

_WHEEL_LINES = 3


Tell: TypeAlias = Callable[[], tuple[bool, int | None]]
"""Whether it is known to which line to go, and which one that is, if there is one."""


class Standing(NamedTuple):
    """Where somebody was, to come back to."""

    follow: bool
    cursor: int
    top: int
    """The line at the top of the window."""


class LogCursor(LogScroll):
    """Moves a cursor by lines; while the end is followed it is the last one."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor = 0
        """A line, which may not be shown now."""
        self._selected_from: int | None = None
        self.match: int | None = None
        """The line of the match that is looked at."""
        self._awaited: tuple[Tell, Callable[[int], None]] | None = None

    def show(self, reader: Reader | None, *, live: bool, follow: bool) -> None:
        self._cursor, self._selected_from = 0, None
        self.match = self._awaited = None
        super().show(reader, live=live, follow=follow)

    @property
    def cursor_row(self) -> int:
        last = max(0, self.row_count - 1)
        if self.shown is None or self._follow:
            return last
        return min(self.shown.row_of(self._cursor), last)

    @property
    def cursor(self) -> int | None:
        """The number of the current line; None where no line is shown."""
        return None if self.shown is None else self.shown.line_at(self.cursor_row)

    @property
    def current(self) -> Line | None:
        """The current line itself."""
        rows = [] if self.shown is None else self.shown.rows(self.cursor_row, 1)
        return rows[0][1] if rows else None

    @property
    def standing(self) -> Standing:
        top = None if self.shown is None else self.shown.line_at(self.top.row)
        return Standing(self._follow, self.cursor or 0, top or 0)

    def stand(self, where: Standing) -> None:
        """Be there again."""
        assert self.shown is not None
        self._awaited = None
        self._cursor = where.cursor
        self.follow = where.follow
        if not where.follow:
            self.go_to(Place(self.shown.row_of(where.top), 0))
            self.refresh()

    # Selection

    @property
    def selected_rows(self) -> range:
        """The rows that are selected; empty while nothing is."""
        if self.shown is None or self._selected_from is None:
            return range(0)
        ends = sorted((self.shown.row_of(self._selected_from), self.cursor_row))
        return range(ends[0], ends[1] + 1)

    @property
    def selecting(self) -> bool:
        return self._selected_from is not None

    def is_selected(self, number: int) -> bool:
        if self._selected_from is None:
            return False
        last = self.cursor if self._follow else self._cursor
        first, last = sorted((self._selected_from, last or 0))
        return first <= number <= last

    def begin_selection(self) -> None:
        """From the current line on, as the cursor moves."""
        self._stay()
        self._selected_from = self._cursor
        self._selection_changed()

    def action_end_selection(self) -> None:
        self._selected_from = None
        self._selection_changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "end_selection":
            return self.selecting  # else the key is the screen's
        return super().check_action(action, parameters)

    def _selection_changed(self) -> None:
        self.post_message(self.Changed())
        self.refresh()

    # Going to lines

    def show_line(self, number: int) -> None:
        """Make a line the current one, in view."""
        assert self.shown is not None
        self.follow = False
        self._anchor = None
        self._cursor = number
        row = self.shown.row_of(number)
        in_view = [shown for shown in self.window.lines(self.top) if shown.row == row]
        if not in_view:
            self.go_to(self.window.moved(Place(row, 0), -(self.window.height // 3)))
        self.refresh()

    @property
    def awaits(self) -> bool:
        """Whether a line is still to be gone to."""
        return self._awaited is not None

    def await_line(self, tell: Tell, go: Callable[[int], None]) -> None:
        """Go to the line that ``tell`` gives once it is known, unless the user moves before."""
        self._awaited = tell, go
        self.stepped()
        if self._awaited is not None:
            self.advance(live=self._live)

    def show_match(self, number: int) -> None:
        """Make the line of a match the current one, with the match itself in view."""
        self.show_line(number)
        self.match = number
        line = self.current
        column = None if line is None or self.window.wrap else self.drawer.match_column(line)
        if column is not None:
            left, width = self.scroll_offset.x, self.window.width
            if not left <= column < left + width:
                x = 0 if column < width else column - width // 3
                self.seen_width(x + width)  # its line may not have been drawn yet
                self.resize_content()
                self.scroll_to(x=x, animate=False, force=True, immediate=True)
        self.post_message(self.Changed())

    def forget_match(self) -> None:
        self.match = self._awaited = None

    def stepped(self) -> None:
        if self._awaited is None:
            return
        tell, go = self._awaited
        known, number = tell()
        if known:
            self._awaited = None
            if number is not None:
                go(number)

    # Keys and wheel

    def action_move(self, by: int) -> None:
        if self.shown is None or (self._follow and by > 0):
            return
        row = self.cursor_row
        self._stay()
        if self.window.wrap and self._read_on(row, by):
            return
        self._put_row(row + by)

    def action_page(self, direction: int) -> None:
        if self.shown is None or (self._follow and direction > 0):
            return
        row, before = self.cursor_row, self.top
        self._stay()
        self.scroll_lines(direction * max(1, self.window.height - 1))
        if self.top == before:
            row = 0 if direction < 0 else self.row_count - 1
        self._put_row(row + self.top.row - before.row)

    def action_to_start(self) -> None:
        self._stay()
        self.scroll_to(x=0, animate=False, force=True, immediate=True)
        self._put_row(0)

    def action_to_end(self) -> None:
        self._awaited = None
        self.follow = True

    def action_sideways(self, by: int) -> None:
        if not self.window.wrap:
            self.scroll_to(x=self.scroll_offset.x + by, animate=False, force=True)

    def _stay(self) -> None:
        """The user moves: the end is not followed any more, and nothing is waited for."""
        self._cursor = self.cursor or 0
        self._awaited = self._anchor = None
        self.follow = False

    def _read_on(self, row: int, by: int) -> bool:
        """Whether there is more of the current line to see first; it is scrolled to."""
        lines = self.window.lines(self.top)
        end = lines[-1 if by > 0 else 0] if lines else None
        if end is None or end.row != row:
            return False
        if end.part + 1 == self.window.parts(end.line) if by > 0 else end.part == 0:
            return False
        self.scroll_lines(by)
        return True

    def _put_row(self, row: int) -> None:
        """Put the cursor on a row and bring that into view."""
        assert self.shown is not None
        row = max(0, min(row, self.row_count - 1))
        self._cursor = self.shown.line_at(row) or 0
        if row < self.top.row or (row == self.top.row and self.top.part):
            self.go_to(Place(row, 0))
        elif not self._is_whole_in_view(row):
            parts = self.window.parts(self.shown.rows(row, 1)[0][1]) if self.window.wrap else 1
            self.go_to(self.window.above(Place(row, 0), max(0, self.window.height - parts)))
        if self.selecting:
            self._selection_changed()
        self.refresh()

    def _is_whole_in_view(self, row: int) -> bool:
        shown = [s for s in self.window.lines(self.top) if s.row == row]
        return bool(shown) and (
            shown[-1].part + 1 == self.window.parts(shown[-1].line) or shown[0].part > 0
        )

    def _scroll_by_wheel(self, by: int) -> None:
        self.scroll_lines(by)
        self._awaited = None
        if not self._follow and not self.selecting and self.shown is not None:
            lines = self.window.lines(self.top)
            if lines:
                row = max(lines[0].row, min(self.cursor_row, lines[-1].row))
                self._cursor = self.shown.line_at(row) or 0

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self._scroll_by_wheel(-_WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self._scroll_by_wheel(_WHEEL_LINES)

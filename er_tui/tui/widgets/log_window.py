# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which rows of a log stand in a window of some height, each on one line of it or wrapped."""

from __future__ import annotations

from typing import NamedTuple

from er_tui.session.log import Log
from er_tui.text.line_index import Line
from er_tui.tui.widgets.log_lines import LineDrawer


class Place(NamedTuple):
    """A line of the window: a row of the log, and which part of it where it is wrapped."""

    row: int
    part: int


class Shown(NamedTuple):
    """What stands in one line of the window."""

    row: int
    number: int
    """Of the line, from 0."""
    line: Line
    part: int


class LogWindow:
    """Reads what is in view once, until :meth:`forget`."""

    def __init__(self, drawer: LineDrawer) -> None:
        self._drawer = drawer
        self.log: Log | None = None
        self.wrap = False
        self.width = 0
        """Columns for the text of a line."""
        self.height = 0
        self._seen: tuple[tuple[Place, int, int], list[Shown]] | None = None
        self._last: tuple[tuple[int, int, int], Place] | None = None

    def forget(self) -> None:
        """The log has changed."""
        self._seen = self._last = None

    def lines(self, top: Place) -> list[Shown]:
        """What stands in the window when ``top`` is its first line."""
        key = top, self.width, self.height
        if self._seen is None or self._seen[0] != key:
            self._seen = key, self._read(top)
        return self._seen[1]

    def moved(self, place: Place, by: int) -> Place:
        """The place so many lines below (or above); not beyond the ends."""
        if self.log is None:
            return Place(0, 0)
        if not self.wrap:
            target = Place(place.row + by, 0)
        elif by >= 0:
            target = self._below(place, by)
        else:
            target = self.above(place, -by)
        return self.bounded(target)

    def above(self, place: Place, by: int) -> Place:
        """So many lines of the window above the place, which may be beyond the last one."""
        if self.log is None or not self.wrap:
            return Place(max(0, place.row - by), 0)
        row, part = place
        if by <= part:
            return Place(row, part - by)
        by -= part
        first = max(0, row - by)
        for _number, line in reversed(self.log.rows(first, row - first)):
            row -= 1
            parts = self.parts(line)
            if by <= parts:
                return Place(row, parts - by)
            by -= parts
        return Place(0, 0)

    def bounded(self, place: Place) -> Place:
        """The place, or the first or last one that can be on top."""
        return max(Place(0, 0), min(place, self.last()))

    def last(self) -> Place:
        """Where the top is when the end is in view."""
        if self.log is None:
            return Place(0, 0)
        rows = self.log.row_count
        if not self.wrap:
            return Place(max(0, rows - self.height), 0)
        key = rows, self.width, self.height
        if self._last is None or self._last[0] != key:
            self._last = key, self.above(Place(rows, 0), self.height)
        return self._last[1]

    def parts(self, line: Line) -> int:
        """Of how many lines of the window one of the log needs."""
        return len(self._drawer.cuts(line, max(1, self.width))) - 1 if self.wrap else 1

    def _read(self, top: Place) -> list[Shown]:
        shown: list[Shown] = []
        if self.log is None:
            return shown
        for row, (number, line) in enumerate(self.log.rows(top.row, self.height), top.row):
            parts = self.parts(line)
            first = min(top.part, parts - 1) if row == top.row else 0
            shown += [Shown(row, number, line, part) for part in range(first, parts)]
            if len(shown) >= self.height:
                break
        return shown[: self.height]

    def _below(self, place: Place, by: int) -> Place:
        assert self.log is not None
        row, part = place
        for _number, line in self.log.rows(row, by + 1):
            left = self.parts(line) - part
            if by < left:
                return Place(row, part + by)
            by -= left
            row, part = row + 1, 0
        return Place(row, 0)

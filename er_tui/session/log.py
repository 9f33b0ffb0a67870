# SPDX-License-Identifier: AGPL-3.0-or-later
"""A capture as somebody reads it: its lines, those that a search found, those that a filter shows.

Rows are what is shown, counted from 0; lines are what there is. Without a filter they are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from er_tui.session.matches import knows_next, next_match
from er_tui.text.line_index import Line, LineIndex
from er_tui.text.line_set import BLOCK, ShownLines
from er_tui.text.pattern import Pattern
from er_tui.text.search import Search


class Reader(Protocol):
    """Indexes the files of a log a little at a time."""

    @property
    def index(self) -> LineIndex: ...

    """Another one once the files do not hold any more what was indexed."""

    @property
    def paths(self) -> Mapping[str, Path]: ...

    @property
    def damage(self) -> str | None: ...

    @property
    def started_at(self) -> float | None: ...

    def time_of(self, line: Line) -> float | None: ...

    def advance(self, *, live: bool, seconds: float) -> bool: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines are shown of those that were searched."""

    inverse: bool = False
    """The lines that do not match."""
    context: int = 0
    """So many lines around each, too."""


class Log:
    """One log on a screen. For one thread; nothing here waits."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.reading = False
        """Whether there is more to read already, as far as was seen."""
        self._index = reader.index
        self._search: Search | None = None
        self._filter: Filter | None = None
        self._shown: ShownLines | None = None

    @property
    def line_count(self) -> int:
        """Of all lines, whatever is shown."""
        return self.reader.index.line_count

    @property
    def row_count(self) -> int:
        return self.line_count if self._shown is None else len(self._shown.lines)

    @property
    def search(self) -> Search | None:
        return self._search

    @property
    def filter(self) -> Filter | None:
        return self._filter

    def advance(self, *, live: bool, seconds: float) -> bool:
        """Take a step of reading and of searching; True if there is more to do already."""
        more = self.reading = self.reader.advance(live=live, seconds=seconds)
        if self.reader.index is not self._index:
            self._index = self.reader.index
            self.find(None if self._search is None else self._search.pattern)
        touched = range(0)
        if self._search is not None:
            touched = self._search.step()
            more = more or self._search.busy
        self._update(touched)
        return more

    def find(self, pattern: Pattern | None) -> None:
        """Search for something else from now on, or for nothing; what is shown follows."""
        if self._search is not None:
            self._search.close()
            self._search = None
        if pattern is not None:
            self._search = Search(pattern, self.reader.index, self.reader.paths)
        self._show()

    @property
    def searched_share(self) -> float:
        """How much of what is read is searched, from 0 to 1."""
        if self._search is None or not self.reader.index.size:
            return 1.0
        return min(1.0, self._search.searched / self.reader.index.size)

    @property
    def is_searched(self) -> bool:
        """Whether all that there is now is read and searched."""
        return not self.reading and (self._search is None or not self._search.busy)

    def show_only(self, wanted: Filter | None) -> None:
        """Show what the search finds as ``wanted`` has it, or (None) all lines."""
        self._filter = wanted
        self._show()

    def close(self) -> None:
        if self._search is not None:
            self._search.close()
        self.reader.close()

    # Rows and lines

    def line_at(self, row: int) -> int | None:
        """The line that stands in ``row``."""
        if self._shown is not None:
            return self._shown.lines.select(row)
        return row if 0 <= row < self.line_count else None

    def row_of(self, line: int) -> int:
        """The row of ``line``, or where it would be."""
        return line if self._shown is None else self._shown.lines.rank(line)

    def rows(self, first: int, count: int) -> list[tuple[int, Line]]:
        """What stands in ``count`` rows from ``first``, each with the number of its line."""
        if self._shown is None:
            lines = self.reader.index.lines(first, count)
            return list(enumerate(lines, max(first, 0)))
        found: list[tuple[int, Line]] = []
        numbers = [n for row in range(first, first + count) if (n := self.line_at(row)) is not None]
        for begin, end in _stretches(numbers):
            lines = self.reader.index.lines(begin, end - begin)
            found += enumerate(lines, begin)
        return found

    def next_match(self, line: int, direction: int) -> int | None:
        """The line of the next match behind (1) or ahead of (-1) ``line``; goes on at the other
        end. None where there is none."""
        return None if self._search is None else next_match(self._search, line, direction)

    def knows_next(self, line: int, direction: int) -> bool:
        """Whether :meth:`next_match` is right already, as far as has been searched."""
        if self._search is None or self.is_searched:
            return True
        return knows_next(self._search, line, direction)

    def _show(self) -> None:
        self._shown = None
        if self._filter is not None and self._search is not None:
            self._shown = ShownLines(
                self._search.matches, inverse=self._filter.inverse, context=self._filter.context
            )
            self._update(range(self.line_count // BLOCK + 1))

    def _update(self, touched: range) -> None:
        if self._shown is None or self._search is None:
            return
        # The contrary of a match is known only where the search has been.
        known = self._search.searched_lines if self._shown.inverse else self.line_count
        self._shown.update(touched, known)


def _stretches(numbers: list[int]) -> list[tuple[int, int]]:
    """Runs of numbers that follow each other, as ``(first, behind the last)``."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number:
            runs[-1] = (runs[-1][0], number + 1)
        else:
            runs.append((number, number + 1))
    return runs

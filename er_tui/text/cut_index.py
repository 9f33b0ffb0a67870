# SPDX-License-Identifier: AGPL-3.0-or-later
"""A line index that shows what there was at an earlier moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from er_tui.text.line_index import Line, LineIndex


class Cut(NamedTuple):
    """How far an index went at some moment."""

    newlines: int
    """Finished lines of all streams."""
    ends: tuple[int, ...]
    """Bytes of each stream, in the order of the paths."""
    starts: tuple[int, ...]
    """Where the line in progress of each began."""


class CutIndex(LineIndex):
    """Lines, their number and their bytes are those up to a cut; at first, nothing is before it.

    What is indexed behind the cut is there when the cut moves; going back costs as little.
    """

    def __init__(self, paths: Mapping[str, Path | int]) -> None:
        super().__init__(paths)
        self._cut = Cut(0, (0,) * len(paths), (0,) * len(paths))

    @property
    def whole(self) -> Cut:
        """The cut behind all that is indexed now."""
        sources = self._sources
        return Cut(
            self._newlines,
            tuple(source.indexed for source in sources),
            tuple(source.line_start for source in sources),
        )

    @property
    def cut(self) -> Cut:
        return self._cut

    @cut.setter
    def cut(self, cut: Cut) -> None:
        """One that :attr:`whole` gave."""
        self._cut = cut

    @property
    def size(self) -> int:
        return sum(self._cut.ends)

    @property
    def line_count(self) -> int:
        return self._cut.newlines + len(self._in_progress)

    def lines(self, first: int, count: int) -> list[Line]:
        first = max(first, 0)
        stop = min(first + count, self.line_count)
        finished = min(stop, self._cut.newlines) - first
        shown = super().lines(first, finished) if finished > 0 else []
        in_progress = self._in_progress
        for number in range(first + len(shown), stop):
            source, start, end = in_progress[number - self._cut.newlines]
            shown.append(self._sources[source].line(start, end))
        return shown

    @property
    def _in_progress(self) -> list[tuple[int, int, int]]:
        """The streams that end in an unfinished line: which, and from where to where it goes."""
        places = enumerate(zip(self._cut.starts, self._cut.ends, strict=True))
        return [(source, start, end) for source, (start, end) in places if start < end]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A sparse index of one or two growing capture files, so that any window of lines costs one read.

Indexed are pieces: up to 64 KiB of one stream's bytes, with the newlines counted before them. A
line belongs to the piece where it ends; its beginning may lie in an earlier piece of its stream,
with pieces of another stream in between. What a stream holds after its last newline is shown as
a line too, after all finished ones.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from er_tui.text.line_source import Line, Source

__all__ = ["Line", "LineIndex", "Segment"]

_PIECE: Final = 64 << 10
_CHUNK: Final = 256 << 10  # one read; larger ones make the caller's event loop lag


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one stream's bytes, and the lines that end in it."""

    stream: str
    start: int
    end: int
    line_start: int
    """Where the line in progress at ``start`` began; its end may be in this segment."""
    first_line: int
    """The number of the first line that ends here."""
    line_count: int
    """How many lines do."""
    line_start_after: int
    """Where the line in progress at ``end`` began, as long as nothing more is indexed."""
    cursor: tuple[int, int]
    """Where the next segment begins: a piece and an offset in it."""


class LineIndex:
    """The lines of named streams, in the order in which they were indexed.

    A file need not exist yet; one without a name is given by its descriptor. Nothing here raises
    for what happens to a file: it shows as `damage`, and lost bytes as shorter or empty lines. For
    use by one thread.
    """

    def __init__(self, paths: Mapping[str, Path | int]) -> None:
        self._sources = [Source(name, path) for name, path in paths.items()]
        self._numbers = {source.name: number for number, source in enumerate(self._sources)}
        self._newlines = 0
        # The pieces, one array a field: as objects they would take ten times the memory.
        self._owners = array("B")
        self._starts = array("q")
        self._ends = array("q")
        self._lines_before = array("q")
        self._line_starts = array("q")  # where the line in progress at a piece's start began

    def extend(self, stream: str, upto: int, budget: int = 1 << 20) -> int:
        """Index `stream` from where it was left up to byte `upto`, reading `budget` bytes at most.

        Returns the bytes now indexed of it. Lines of several streams stand in the order of the
        calls: the size of the file for a single one, recorded marks for a merged view.
        """
        source = self._sources[self._numbers[stream]]
        stop = min(upto, source.indexed + budget)
        while source.indexed < stop and source.open():
            chunk = source.read(source.indexed, min(_CHUNK, stop - source.indexed))
            if not chunk:
                break
            self._add(source, chunk)
        return source.indexed

    def indexed(self, stream: str) -> int:
        """Bytes of `stream` indexed so far."""
        return self._sources[self._numbers[stream]].indexed

    def read(self, stream: str, start: int, length: int) -> bytes:
        """The bytes there are of the ``length`` ones from ``start``."""
        return self._sources[self._numbers[stream]].read(start, length)

    @property
    def size(self) -> int:
        """Bytes indexed in all."""
        return sum(source.indexed for source in self._sources)

    @property
    def line_count(self) -> int:
        """Finished lines, and one for each stream that holds something after its last newline."""
        return self._newlines + sum(source.unfinished for source in self._sources)

    def lines(self, first: int, count: int) -> list[Line]:
        """Lines `first` to `first + count`, as many of them as there are (from 0).

        Reads each piece of the window once and of a long line what is shown of it. Unfinished
        lines come last, in the order of the paths.
        """
        at = max(first, 0)
        stop = min(first + count, self.line_count)
        shown: list[Line] = []
        while at < min(stop, self._newlines):
            # Of pieces with equal counts the last is found: the others end no line.
            piece = bisect_right(self._lines_before, at) - 1
            found = self._finished(piece, at, min(stop, self._newlines))
            shown += found
            at += len(found)
        unfinished = [source for source in self._sources if source.unfinished]
        for number in range(at - self._newlines, stop - self._newlines):
            source = unfinished[number]
            shown.append(source.line(source.line_start, source.indexed))
        return shown

    def segment(self, previous: Segment | None, most: int) -> Segment | None:
        """What follows ``previous`` (None: the beginning), about ``most`` bytes of one stream.

        None when nothing more is indexed. Segments of all streams come in the order of the lines.
        """
        piece, offset = (0, 0) if previous is None else previous.cursor
        if piece < len(self._ends) and self._starts[piece] + offset == self._ends[piece]:
            piece, offset = piece + 1, 0
        if piece >= len(self._ends):
            return None
        owner, start = self._owners[piece], self._starts[piece] + offset
        last = piece
        while (
            last + 1 < len(self._ends)
            and self._owners[last + 1] == owner
            and self._ends[last] - start < most
        ):
            last += 1
        growing = last + 1 == len(self._ends)
        first = previous.first_line + previous.line_count if previous else 0
        after = self._newlines if growing else self._lines_before[last + 1]
        return Segment(
            stream=self._sources[owner].name,
            start=start,
            end=self._ends[last],
            line_start=previous.line_start_after
            if previous and offset
            else self._line_starts[piece],
            first_line=first,
            line_count=after - first,
            line_start_after=self._sources[owner].line_start,
            cursor=(last, self._ends[last] - self._starts[last]),
        )

    @property
    def damage(self) -> str | None:
        """What happened to the files that makes the lines untrustworthy, as a sentence a file."""
        return " ".join(source.damage for source in self._sources if source.damage) or None

    def check(self) -> None:
        """Look at the files and keep in `damage` what was truncated, replaced or deleted."""
        for source in self._sources:
            source.check()

    def close(self) -> None:
        """Close the files. The index must not be used afterwards."""
        for source in self._sources:
            source.close()

    def _add(self, source: Source, chunk: bytes) -> None:
        owner = self._numbers[source.name]
        done = 0
        while done < len(chunk):
            if not self._owners or self._owners[-1] != owner or self._room() <= 0:
                self._owners.append(owner)
                self._starts.append(source.indexed)
                self._ends.append(source.indexed)
                self._lines_before.append(self._newlines)
                self._line_starts.append(source.line_start)
            end = min(done + self._room(), len(chunk))
            self._newlines += chunk.count(b"\n", done, end)
            last = chunk.rfind(b"\n", done, end)
            if last >= 0:
                source.line_start = source.indexed + last + 1 - done
            source.indexed += end - done
            self._ends[-1] = source.indexed
            done = end

    def _room(self) -> int:
        return _PIECE - (self._ends[-1] - self._starts[-1])

    def _finished(self, piece: int, first: int, stop: int) -> list[Line]:
        """The lines from `first`, which ends in `piece`, up to the piece's last or to `stop`."""
        source = self._sources[self._owners[piece]]
        base, before = self._starts[piece], self._lines_before[piece]
        last = piece + 1 == len(self._lines_before)
        after = self._newlines if last else self._lines_before[piece + 1]
        data = source.read(base, self._ends[piece] - base)
        position = _after_newline(data, first - before)
        start = self._line_starts[piece] if first == before else base + position
        lines = []
        for _ in range(first, min(stop, after)):
            newline = data.find(b"\n", position)
            if newline < 0:  # the file was truncated meanwhile
                lines.append(Line(source.name, start, 0, b"", 0))
                continue
            lines.append(source.line(start, base + newline, data, base))
            position = newline + 1
            start = base + position
        return lines


def _after_newline(data: bytes, nth: int) -> int:
    """Where the byte after the `nth` newline is (0 for 0), or the end when there are fewer."""
    low, high = 0, len(data)
    while high - low > 1024:
        middle = (low + high) // 2
        newlines = data.count(b"\n", low, middle)
        if newlines < nth:
            low, nth = middle, nth - newlines
        else:
            high = middle
    for _ in range(nth):
        newline = data.find(b"\n", low)
        if newline < 0:
            return len(data)
        low = newline + 1
    return low

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lines of a run's captures, in the order they came, from its directory alone."""

from __future__ import annotations

import os
import stat
import time
from array import array
from bisect import bisect_left
from collections import deque
from pathlib import Path

from er_tui.journal.events import OutputSeen, RunStarted
from er_tui.journal.reading import EventTail
from er_tui.text.line_index import Line, LineIndex

STREAMS = ("stdout", "stderr")
_JOURNAL_BYTES = 256 << 10
"""Of the journal at a time: what a few milliseconds are enough for."""


class Times:
    """When the capture of one stream had which size; two arrays, however many marks there are."""

    def __init__(self) -> None:
        self._sizes = array("q")
        self._times = array("d")

    def add(self, size: int, at: float) -> None:
        if not self._sizes or size > self._sizes[-1]:
            self._sizes.append(size)
            self._times.append(at)

    @property
    def last_size(self) -> int:
        return self._sizes[-1] if self._sizes else 0

    def of(self, end: int) -> float | None:
        """When all before byte ``end`` was there (Unix seconds); None where nothing tells."""
        place = bisect_left(self._sizes, end)
        return self._times[place] if place < len(self._sizes) else None


class CaptureReader:
    """Indexes captures a little at a time; the same for a live run and for one of last week.

    With both streams the order is that of the journaled marks; what no mark covers (a run cut off)
    follows once nothing writes any more. When a file is truncated all is indexed anew, in another
    ``index``: what can still be read, and what is written from then on.
    """

    def __init__(self, directory: str | Path, streams: tuple[str, ...] = STREAMS) -> None:
        folder = Path(directory)
        self.paths = {stream: folder / f"{stream}.txt" for stream in streams}
        self.index = LineIndex(self.paths)
        self.started_at: float | None = None
        """When the run began (Unix seconds), once the journal has told."""
        self._tail: EventTail | None = EventTail(folder)
        self._ordered = len(streams) > 1
        """Whether the marks say in which order to index."""
        self._marks: deque[tuple[str, int]] = deque()
        self._times = {stream: Times() for stream in streams}
        self._files: dict[str, tuple[int, int]] = {}
        """Device and inode of what is indexed."""
        self._lost: dict[str, str] = {}

    @classmethod
    def of_file(cls, path: Path) -> CaptureReader:
        """A reader of one file that is no capture, such as an artifact."""
        reader = cls(path.parent, ("file",))
        reader.paths = {"file": path}
        reader.index = LineIndex(reader.paths)
        reader._tail = None
        return reader

    @property
    def damage(self) -> str | None:
        """What happened to the files, as a sentence each."""
        return " ".join([*self._lost.values(), *filter(None, [self.index.damage])]) or None

    def time_of(self, line: Line) -> float | None:
        """When the end of the line was captured (Unix seconds); None where nothing tells."""
        times = self._times.get(line.stream)
        return None if times is None else times.of(line.start + line.length)

    def advance(self, *, live: bool, seconds: float) -> bool:
        """Index what is there, for about ``seconds``; True if there is more to do already."""
        until = time.monotonic() + seconds
        self._look_for_loss()
        if not self._ordered:
            return self._to_sizes(until) or self._read_journal()
        more = True
        while more:
            if not self._marks:
                more = self._read_journal()
            if self._follow_marks(until) or (more and time.monotonic() >= until):
                return True
        return False if live else self._to_sizes(until)

    def close(self) -> None:
        self.index.close()

    def _read_journal(self) -> bool:
        """Take in a piece of the journal; True if there is more of it."""
        if self._tail is None:
            return False
        for event in self._tail.read(_JOURNAL_BYTES):
            if isinstance(event, OutputSeen):
                for stream, size, at in event.marks:
                    if stream in self._times:
                        self._times[stream].add(size, at)
                    if self._ordered:
                        self._marks.append((stream, size))
            elif isinstance(event, RunStarted):
                self.started_at = event.at
        return self._tail.more

    def _follow_marks(self, until: float) -> bool:
        """Index in the order of the marks; True if it got too late for all of them."""
        while self._marks:
            stream, size = self._marks[0]
            if stream in self.paths and (before := self.index.indexed(stream)) < size:
                after = self.index.extend(stream, size)
                if before < after < size and time.monotonic() < until:
                    continue
                if before < after < size:
                    return True
            self._marks.popleft()
            if time.monotonic() >= until:
                return bool(self._marks)
        return False

    def _to_sizes(self, until: float) -> bool:
        for stream in self.paths:
            found = self._found(stream)
            size = 0 if found is None else found.st_size
            while (before := self.index.indexed(stream)) < size:
                if self.index.extend(stream, size) == before:
                    break
                if time.monotonic() >= until:
                    return True
        return False

    def _found(self, stream: str) -> os.stat_result | None:
        """What is at the path of a stream now."""
        try:
            return os.stat(self.paths[stream], follow_symlinks=False)
        except OSError:
            return None

    def _look_for_loss(self) -> None:
        """Notice files that got shorter, and begin anew with what is left of them."""
        lost = {stream: words for stream in self.paths if (words := self._loss_of(stream))}
        if lost:
            self._lost |= lost
            # Sizes do not say any more what the marks meant: the streams follow each other.
            self._ordered = False
            self._marks.clear()
            self._times = {s: times for s, times in self._times.items() if s not in self._lost}
            self.index.close()
            self.index = LineIndex(self.paths)

    def _loss_of(self, stream: str) -> str | None:
        found = self._found(stream)
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        file = found.st_dev, found.st_ino
        if self._files.setdefault(stream, file) != file:
            return None  # replaced: the index goes on with the one it has opened
        lost = self.index.indexed(stream) - found.st_size
        if lost > 0:
            return f"{stream} was truncated: {lost:,} bytes that were shown are lost."
        times = self._times.get(stream)
        lost = 0 if times is None else times.last_size - found.st_size
        return f"{stream} was truncated: {lost:,} captured bytes are lost." if lost > 0 else None

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A past run as it stood at any moment of it, from its directory alone."""

from __future__ import annotations

import os
import time
from array import array
from pathlib import Path
from typing import Final

from er_tui.journal.events import OutputSeen
from er_tui.journal.reading import EventTail
from er_tui.session.capture_reader import STREAMS, Times
from er_tui.session.moments import BLOCK_BYTES, Sizes, Story
from er_tui.session.state import RunState
from er_tui.text.cut_index import Cut, CutIndex
from er_tui.text.line_index import Line

_GAP_LEAD: Final = 0.5
"""Seconds before what ends a gap."""


class ReplayReader:
    """Reads journal and captures a little at a time, and shows them cut at :attr:`position`.

    A moment can be gone to as soon as all before it is read; one beyond shows what is read.
    """

    def __init__(self, directory: str | os.PathLike[str], run: RunState) -> None:
        """``run`` is the state of the run at its end."""
        folder = Path(directory)
        streams = STREAMS[:1] if run.terminal else STREAMS
        self.paths = {stream: folder / f"{stream}.txt" for stream in streams}
        self.index = CutIndex(self.paths)
        self.started_at: float | None = run.started_at
        self.begins = run.started_at if run.started_at is not None else run.queued_at
        self.ends = max(self.begins, run.finished_at or run.heard_at or self.begins)
        """When the run ended, as far as is known."""
        self.sizes = Sizes(streams)
        self.story = Story(folder, RunState(run.run_id, self.begins, directory=os.fspath(folder)))
        self.done = False
        """Whether all is read."""
        self._position = self.begins
        self._tail = EventTail(folder)
        self._journal_ended = False
        self._newlines = array("q")
        """How many lines were finished at each mark that is indexed,"""
        self._starts = [array("q") for _ in streams]
        """and where the line in progress of each stream began."""
        self._times = {stream: Times() for stream in streams}
        self._lost: set[str] = set()

    # Where in the run

    @property
    def position(self) -> float:
        """The moment that is shown (Unix seconds)."""
        return self._position

    @position.setter
    def position(self, at: float) -> None:
        self._position = min(max(at, self.begins), self.ends)
        self._recut()

    @property
    def reached(self) -> bool:
        """Whether all that was there at :attr:`position` is read."""
        indexed = len(self._newlines)
        until = self.sizes.times[indexed] if indexed < len(self.sizes) else self.story.last
        return self.done or self._position < until

    def next_change(self) -> float | None:
        """When something was written, or happened, next."""
        nexts = (self.sizes.next_after(self._position), self.story.next_tick(self._position))
        return min((at for at in nexts if at is not None), default=None)

    def skip_gap(self, longest: float) -> float:
        """Go on to just before the next change, if that is more than ``longest`` seconds ahead;
        how many seconds were left out."""
        following = self.next_change()
        if following is None or following - self._position <= longest:
            return 0.0
        before = self._position
        self.position = following - _GAP_LEAD
        return self._position - before

    # As a log

    @property
    def damage(self) -> str | None:
        """What of the captures cannot be shown, as a sentence each."""
        words = [self._loss_of(stream) for stream in self.paths if stream in self._lost]
        return " ".join([*words, *filter(None, [self.index.damage])]) or None

    def time_of(self, line: Line) -> float | None:
        """When the end of the line was captured (Unix seconds); None where nothing tells."""
        return self._times[line.stream].of(line.start + line.length)

    def advance(self, *, live: bool, seconds: float) -> bool:
        """Read on for about ``seconds``; True if there is more to do already."""
        del live  # it has ended
        until = time.monotonic() + seconds
        while not self.done:
            if len(self._newlines) < len(self.sizes):
                self._index_mark(until)
            elif not self._journal_ended:
                self._read_journal()
            else:
                self.done = True
            if time.monotonic() >= until:
                break
        self._recut()
        return not self.done

    def close(self) -> None:
        self.index.close()

    def _read_journal(self) -> None:
        place = self._tail.place
        events = self._tail.read(BLOCK_BYTES)
        self.story.add(place, events)
        for event in events:
            if isinstance(event, OutputSeen):
                for stream, size, at in event.marks:
                    self._mark(stream, size, at)
        self.ends = max(self.ends, self.story.last)
        if not self._tail.more:
            self._journal_ended = True
            # What no mark covers (a run cut off) was there in the end.
            for stream, path in self.paths.items():
                self._mark(stream, _size_of(path), self.ends)

    def _mark(self, stream: str, size: int, at: float) -> None:
        if self.sizes.add(stream, size, at):
            self._times[stream].add(size, at)

    def _index_mark(self, until: float) -> None:
        """Index what was there at the next mark, as far as there is time."""
        sizes = self.sizes.sizes(len(self._newlines) + 1)
        for stream, size in zip(self.paths, sizes, strict=True):
            while stream not in self._lost and (before := self.index.indexed(stream)) < size:
                if self.index.extend(stream, size) == before:
                    self._lost.add(stream)
                if time.monotonic() >= until:
                    return
        whole = self.index.whole
        self._newlines.append(whole.newlines)
        for starts, start in zip(self._starts, whole.starts, strict=True):
            starts.append(start)

    def _recut(self) -> None:
        count = min(self.sizes.count_at(self._position), len(self._newlines))
        if not count:
            zeros = (0,) * len(self.paths)
            self.index.cut = Cut(0, zeros, zeros)
            return
        sizes = self.sizes.sizes(count)
        there = [self.index.indexed(stream) for stream in self.paths]
        self.index.cut = Cut(
            self._newlines[count - 1],
            tuple(map(min, sizes, there)),
            tuple(starts[count - 1] for starts in self._starts),
        )

    def _loss_of(self, stream: str) -> str:
        there = self.index.indexed(stream)
        lost = self._times[stream].last_size - there
        if not there and not os.path.lexists(self.paths[stream]):
            return f"{stream} is missing: {lost:,} captured bytes are lost."
        return f"{stream} was truncated: {lost:,} captured bytes are lost."


def _size_of(path: Path) -> int:
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except OSError:
        return 0

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A search through the captures of all runs, carried on by processes of its own."""

from __future__ import annotations

import json
import os
import stat
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from er_tui.session.capture_reader import STREAMS
from er_tui.session.state import RunState
from er_tui.text.pattern import Pattern
from er_tui.text.search import Worker

MOST_OF_A_RUN: Final = 1000
"""Lines that are listed of one run; the others are counted."""
MOST_OF_ALL: Final = 20_000
"""Lines that are listed in all."""

_WORKERS: Final = 2
_STRETCH: Final = 4 << 20
_MOST_WAITING: Final = 48
"""Requests without an answer, of each process: it shall not wait for us."""
_MOST_ASKED: Final = 32 << 10
"""Bytes of such requests: what a pipe holds even while nobody reads from it."""


class FoundLine(NamedTuple):
    """A line that matches."""

    run_id: str
    stream: str
    number: int
    """In its stream, from 0."""
    text: str
    """What is around the match; as it was written, not safe."""


class MoreLines(NamedTuple):
    """So many more lines of the run match, and are not listed."""

    run_id: str
    lines: int


class _Stretch(NamedTuple):
    """A part of a capture that a process was asked to search."""

    run_id: str
    stream: str
    is_first: bool
    is_last: bool


@dataclass(slots=True)
class _Place:
    """How far the answers of one capture go: its lines until there."""

    run_id: str = ""
    lines: int = 0
    begun: str | None = None
    """Of a line of many stretches, the text that was found in it already."""


class SearchAll:
    """The lines of all captures that match, the runs in the order in which they are given.

    Searched is what is there when the search comes to a capture. Nothing here waits: :meth:`step`
    takes in what was found and hands on what is to be searched; :meth:`close` ends the search.
    """

    def __init__(self, pattern: Pattern, runs: Iterable[RunState]) -> None:
        self.pattern = pattern
        self.found: list[FoundLine | MoreLines] = []
        """At most :data:`MOST_OF_A_RUN` lines of each run, about :data:`MOST_OF_ALL` in all."""
        self.counts: dict[str, int] = {}
        """How many lines match, by the id of the run; only where any does."""
        self.count = 0
        """How many do in all."""
        self.runs_begun = 0
        self.bytes_asked = 0
        self.unreadable = 0
        """Captures that could not be opened."""
        self.failure: str | None = None
        self._stretches = self._cut(list(runs))
        self._over = False
        self._workers: list[Worker] = []
        self._asked: dict[int, tuple[Worker, int]] = {}
        """Who was asked, and how long the request was, by its number."""
        self._order: deque[tuple[int, _Stretch]] = deque()
        self._answers: dict[int, bytes] = {}
        self._number = 0
        self._listed: dict[str, int] = {}
        self._place = _Place()

    @property
    def busy(self) -> bool:
        return self.failure is None and not (self._over and not self._order)

    def step(self, seconds: float) -> bool:
        """Go on for about ``seconds`` at most; True if something was found or came to its end."""
        if not self.busy:
            return False
        until = time.monotonic() + seconds
        changed = False
        try:
            self._ask(until)
            for worker in self._workers:
                for number, data, _tail in worker.frames():
                    self._answers[number] = data
                    del self._asked[number]
            while self._order and self._order[0][0] in self._answers:
                number, stretch = self._order.popleft()
                self._take(stretch, json.loads(self._answers.pop(number)))
                changed = True
                if time.monotonic() >= until:
                    break
            if changed:
                self._ask(until)
        except OSError as error:
            self.failure = f"the search cannot go on: {error.strerror or error}"
            changed = True
        ended = self.failure is not None or (self._over and not self._order)
        if ended:
            self._end_run()
            self.close()
        return changed or ended

    def close(self) -> None:
        """End the search, wherever it is; what was found stays."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._order.clear()
        self._over = True

    def _ask(self, until: float) -> None:
        while not self._over and (worker := self._free_worker()) is not None:
            try:
                following = next(self._stretches)
            except StopIteration:
                self._over = True
                return
            if following is not None:
                stretch, request = following
                length = worker.ask(request | {"number": self._number})
                self._asked[self._number] = (worker, length)
                self._order.append((self._number, stretch))
                self._number += 1
                self.bytes_asked += request["end"] - request["start"]
            if time.monotonic() >= until:
                return

    def _free_worker(self) -> Worker | None:
        """The one with the least to do; None if both have enough."""
        worker = min(self._workers, key=lambda w: w.waiting, default=None)
        if worker is None or (worker.waiting and len(self._workers) < _WORKERS):
            worker = Worker()
            self._workers.append(worker)
        asked = sum(length for asked, length in self._asked.values() if asked is worker)
        if worker.waiting >= _MOST_WAITING or asked >= _MOST_ASKED:
            return None
        return worker

    def _cut(self, runs: list[RunState]) -> Iterator[tuple[_Stretch, dict[str, Any]] | None]:
        """What is to be asked; None now and then, because to look for it takes time too."""
        pattern = asdict(self.pattern)
        for run in runs:
            self.runs_begun += 1
            yield None
            for stream in STREAMS if run.directory is not None else ():
                path = f"{run.directory}/{stream}.txt"
                size = self._size(path)
                for start in range(0, size, _STRETCH):
                    end = min(start + _STRETCH, size)
                    yield (
                        _Stretch(run.run_id, stream, start == 0, end == size),
                        {
                            "pattern": pattern,
                            "path": path,
                            "start": start,
                            "end": end,
                            "texts": self._room(run.run_id),
                        },
                    )

    def _size(self, path: str) -> int:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return 0  # a run of a terminal, or without a process, has not all of them
        except OSError:
            self.unreadable += 1
            return 0
        if not stat.S_ISREG(status.st_mode):
            self.unreadable += 1
            return 0
        return status.st_size

    def _room(self, run_id: str) -> int:
        """How many more lines of the run are listed."""
        of_run = MOST_OF_A_RUN - self._listed.get(run_id, 0)
        return max(0, min(of_run, MOST_OF_ALL - len(self.found)))

    def _take(self, stretch: _Stretch, answer: dict[str, Any]) -> None:
        if stretch.is_first:
            if stretch.run_id != self._place.run_id:
                self._end_run()
            self._place = _Place(stretch.run_id)
        place = self._place
        lines: list[tuple[int, str]] = [(number, text) for number, text in answer["lines"]]
        count: int = answer["count"]
        begun = place.begun if answer["long"] else None
        if answer["newlines"]:
            # A line too long to be looked at whole matches if any stretch of it did.
            if begun is not None and not (lines and lines[0][0] == 0):
                lines.insert(0, (0, begun))
                count += 1
            place.begun = answer["tail"]
        else:
            place.begun = begun if begun is not None else answer["tail"]
        if stretch.is_last and place.begun is not None:
            lines.append((answer["newlines"], place.begun))  # a line without its end
            count += 1
        self._list(stretch, lines)
        if count:
            self.count += count
            self.counts[stretch.run_id] = self.counts.get(stretch.run_id, 0) + count
        place.lines += answer["newlines"]

    def _end_run(self) -> None:
        """All of a run is searched: tell what is not listed."""
        run_id = self._place.run_id
        rest = self.counts.get(run_id, 0) - self._listed.get(run_id, 0)
        if rest:
            self.found.append(MoreLines(run_id, rest))
            self._listed[run_id] += rest

    def _list(self, stretch: _Stretch, lines: list[tuple[int, str]]) -> None:
        lines = lines[: self._room(stretch.run_id)]
        run_id, first = stretch.run_id, self._place.lines
        self.found += [FoundLine(run_id, stretch.stream, first + n, text) for n, text in lines]
        self._listed[run_id] = self._listed.get(run_id, 0) + len(lines)

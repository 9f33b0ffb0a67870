# SPDX-License-Identifier: AGPL-3.0-or-later
"""A search through the captures of a run, carried on a step at a time by processes of its own."""

import json
import os
import subprocess
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from er_tui.launching import module_command
from er_tui.text.line_index import LineIndex, Segment
from er_tui.text.line_set import LineSet
from er_tui.text.pattern import Pattern
from er_tui.text.search_worker import HEADER, MOST_BEFORE

_WORKERS: Final = 2
_AHEAD: Final = 3
"""Requests that wait at a worker: it shall not wait for us."""
_SEGMENT: Final = 4 << 20


class Worker:
    """One searching process, started with the first request."""

    def __init__(self, files: tuple[int, ...] = ()) -> None:
        """``files``: the descriptors that requests name instead of a path."""
        command = module_command("er_tui.text.search_worker")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=files,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._data = b""
        self.waiting = 0
        """Requests without an answer."""

    def ask(self, request: Mapping[str, object]) -> int:
        """How many bytes that took of the pipe to it. Raises OSError if the process is gone."""
        assert self._process.stdin is not None
        data = json.dumps(request).encode() + b"\n"
        self._process.stdin.write(data)
        self._process.stdin.flush()
        self.waiting += 1
        return len(data)

    def answers(self) -> list[tuple[int, int, bool]]:
        """What came meanwhile: number of the request, bit set of its lines, whether its tail
        matches. Raises OSError if the process is gone."""
        return [(n, int.from_bytes(data, "little"), tail) for n, data, tail in self.frames()]

    def frames(self) -> list[tuple[int, bytes, bool]]:
        """The same, with the answers as the process wrote them."""
        assert self._process.stdout is not None
        try:
            while data := os.read(self._process.stdout.fileno(), 1 << 20):
                self._data += data
            raise BrokenPipeError("the search has ended unexpectedly")
        except BlockingIOError:
            pass
        found = []
        while len(self._data) >= HEADER.size:
            number, length, tail = HEADER.unpack_from(self._data)
            end = HEADER.size + length
            if len(self._data) < end:
                break
            found.append((number, self._data[HEADER.size : end], bool(tail)))
            self._data = self._data[end:]
        self.waiting -= len(found)
        return found

    def end(self) -> None:
        """Kill the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


class Search:
    """The lines of an index that match, growing as the index and the search do.

    Nothing here waits: :meth:`step` takes in what was found and hands on what is to be searched.
    :meth:`close` ends the search at once.
    """

    def __init__(self, pattern: Pattern, index: LineIndex, paths: Mapping[str, Path | int]) -> None:
        self.pattern = pattern
        self.matches = LineSet()
        self.searched = 0
        """Bytes that are done, in order."""
        self.searched_lines = 0
        """Lines that are done: all before that number."""
        self.failure: str | None = None
        self._index = index
        self._paths = {
            stream: path if isinstance(path, int) else os.fspath(path)
            for stream, path in paths.items()
        }
        self._workers: list[Worker] = []
        self._last: Segment | None = None
        self._asked: deque[tuple[int, Segment]] = deque()
        self._number = 0
        self._answers: dict[int, tuple[int, bool]] = {}
        self._begun: dict[str, bool] = {}
        """Of each stream, whether the line in progress is known to match."""

    @property
    def busy(self) -> bool:
        """Whether there is more to come of what is indexed now."""
        return self.failure is None and (bool(self._asked) or self._next() is not None)

    def step(self) -> range:
        """The blocks of :attr:`matches` that changed."""
        touched = range(0)
        if self.failure is not None:
            return touched
        try:
            for worker in self._workers:
                self._answers.update((n, (bits, tail)) for n, bits, tail in worker.answers())
            while self._asked and self._asked[0][0] in self._answers:
                number, segment = self._asked.popleft()
                touched = _joined(touched, self._take(segment, *self._answers.pop(number)))
            self._ask()
        except OSError as error:
            self.failure = f"the search cannot go on: {error.strerror or error}"
            self.close()
        return touched

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._asked.clear()

    def _next(self) -> Segment | None:
        return self._index.segment(self._last, _SEGMENT)

    def _ask(self) -> None:
        while (segment := self._next()) is not None:
            worker = min(self._workers, key=lambda w: w.waiting, default=None)
            if worker is None or (worker.waiting and len(self._workers) < _WORKERS):
                worker = Worker(tuple(p for p in self._paths.values() if isinstance(p, int)))
                self._workers.append(worker)
            if worker.waiting >= _AHEAD:
                return
            worker.ask(
                {
                    "number": self._number,
                    "pattern": asdict(self.pattern),
                    "path": self._paths[segment.stream],
                    "start": segment.start,
                    "end": segment.end,
                    "line_start": segment.line_start,
                }
            )
            self._asked.append((self._number, segment))
            self._number += 1
            self._last = segment

    def _take(self, segment: Segment, bits: int, tail: bool) -> range:
        # A line too long to be looked at whole matches if any stretch of it did.
        is_long = segment.start - segment.line_start > MOST_BEFORE
        begun = is_long and self._begun.get(segment.stream, False)
        if segment.line_count:
            bits |= int(begun)
            self._begun[segment.stream] = tail
        else:
            self._begun[segment.stream] = begun or tail
        self.searched += segment.end - segment.start
        self.searched_lines = segment.first_line + segment.line_count
        bits &= (1 << segment.line_count) - 1
        return self.matches.add_bits(segment.first_line, bits)


def _joined(one: range, other: range) -> range:
    if not one or not other:
        return one or other
    return range(min(one.start, other.start), max(one.stop, other.stop))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all live runs write, as it comes, in one stream of lines.

It costs what is written, up to a bound: each capture gives so many bytes a step, in turns, and of
what comes faster the newest is shown and the rest is told by its size. Lines of different captures
stand in the order in which they were seen; those of one in their own.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, NamedTuple, TypeAlias

from er_tui.session.session import Session
from er_tui.session.state import RunState

MOST_LINES: Final = 10_000
"""Lines that are kept, and a few more until there is reason to drop some."""
MOST_SHOWN: Final = 2048
"""Bytes of one line that are kept."""

_DROPPED_AT_ONCE: Final = MOST_LINES // 8
_BEGIN: Final = 4 << 10
"""Bytes before the end from which on a run is shown that was live before."""
_STEP: Final = 32 << 10
"""Bytes of one capture at a time."""
_BEHIND: Final = 256 << 10
"""Bytes that a capture may be ahead of what is shown."""

Kind: TypeAlias = Literal["stdout", "stderr", "skipped", "begun", "ended"]


class TailLine(NamedTuple):
    """Something a run wrote, or what became of it."""

    run_id: str
    kind: Kind
    raw: bytes = b""
    """Of output: at most :data:`MOST_SHOWN` bytes, without the newline; not made safe."""
    left_out: int = 0
    """Bytes that are left out: of a line, or ("skipped") of the capture."""


@dataclass(slots=True)
class _Capture:
    """One stream of a run, and how far it is shown."""

    stream: Literal["stdout", "stderr"]
    path: str
    offset: int
    skip_line: bool
    """Whether it begins in the middle of a line, which is left out."""
    file: int | None = None
    rest: bytes = b""
    cut: int = 0
    """Bytes of the line in progress that are not in ``rest``."""


@dataclass(slots=True)
class _Followed:
    """A run that was live when it was last looked at."""

    captures: list[_Capture] = field(default_factory=list)


class MergedTail:
    """The newest lines of all live runs. For one thread; nothing here waits.

    :meth:`step` takes in what came; :meth:`close` closes the files.
    """

    def __init__(self, session: Session) -> None:
        self.lines: list[tuple[int, TailLine]] = []
        """Each with its number among all there ever were. Replaced by another list when old ones
        are dropped, of those runs first that have the most."""
        self.count = 0
        """Of all lines there ever were."""
        self.skipped = 0
        """Bytes that were written too fast to be shown."""
        self.behind = False
        """Whether there was more already after the last step."""
        self._session = session
        self._followed: dict[str, _Followed] = {}
        self._known = len(session.runs)
        for run in session.live_runs():
            self._followed[run.run_id] = self._begin(run, from_start=False)

    @property
    def run_count(self) -> int:
        return len(self._followed)

    def step(self, seconds: float) -> bool:
        """Take in what came, for about ``seconds``; True if there are other lines than before."""
        until = time.monotonic() + seconds
        before = self.count
        self._join()
        self.behind = False
        for run_id in list(self._followed):
            followed = self._followed[run_id]
            run = self._session.runs.get(run_id)
            if run is None:  # its directory was removed
                _close(self._followed.pop(run_id))
                continue
            if not followed.captures and run.directory is not None:
                followed.captures = self._begin(run, from_start=True).captures
            behind = False
            for capture in followed.captures:
                behind = self._read(run, capture) or behind
            self.behind = self.behind or behind
            # Whoever had a turn goes to the end, so that everybody has one.
            del self._followed[run_id]
            if run.live or behind:
                self._followed[run_id] = followed
            else:
                self._end(run, followed)
            if time.monotonic() >= until:
                self.behind = True
                break
        if len(self.lines) > MOST_LINES + _DROPPED_AT_ONCE:
            self._drop()
        return self.count != before

    def close(self) -> None:
        for followed in self._followed.values():
            _close(followed)
        self._followed.clear()

    def _append(self, line: TailLine) -> None:
        self.lines.append((self.count, line))
        self.count += 1

    def _drop(self) -> None:
        """Drop old lines; a run that writes much takes no lines from those that write little."""
        have = Counter(line.run_id for _, line in self.lines)
        share = _share(have.values(), MOST_LINES)
        kept = []
        for numbered in self.lines:
            run_id = numbered[1].run_id
            if have[run_id] > share:
                have[run_id] -= 1
            else:
                kept.append(numbered)
        self.lines = kept

    def _join(self) -> None:
        """Follow the runs that were asked for meanwhile."""
        runs = self._session.runs
        if len(runs) > self._known:
            for run in islice(runs.values(), self._known, None):
                if not run.foreign:
                    self._followed[run.run_id] = self._begin(run, from_start=True)
                    self._append(TailLine(run.run_id, "begun"))
        self._known = len(runs)
        for run in self._session.live_runs():
            if run.foreign and run.run_id not in self._followed:
                self._followed[run.run_id] = self._begin(run, from_start=False)

    def _begin(self, run: RunState, *, from_start: bool) -> _Followed:
        followed = _Followed()
        if run.directory is not None:
            for stream, size in _sizes(run):
                start = 0 if from_start else max(0, size - _BEGIN)
                path = f"{run.directory}/{stream}.txt"
                followed.captures.append(_Capture(stream, path, start, start > 0))
        return followed

    def _read(self, run: RunState, capture: _Capture) -> bool:
        """Take in a step of a capture; True if there is more already."""
        size = dict(_sizes(run))[capture.stream]
        if capture.offset >= size:
            return False
        if size - capture.offset > _BEHIND:
            self._skip(run, capture, size - _STEP)
        data = self._bytes(capture, min(_STEP, size - capture.offset))
        if not data:
            capture.offset = size  # it was truncated, or is gone: nothing more to be seen there
            return False
        capture.offset += len(data)
        self._split(run, capture, data)
        return capture.offset < size

    def _skip(self, run: RunState, capture: _Capture, to: int) -> None:
        left_out = to - capture.offset + len(capture.rest) + capture.cut
        self.skipped += left_out
        self._append(TailLine(run.run_id, "skipped", left_out=left_out))
        capture.offset, capture.rest, capture.cut, capture.skip_line = to, b"", 0, True

    def _bytes(self, capture: _Capture, length: int) -> bytes:
        try:
            if capture.file is None:
                # A link or a pipe could have been planted there.
                flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
                capture.file = os.open(capture.path, flags)
            if not stat.S_ISREG(os.fstat(capture.file).st_mode):
                return b""
            return os.pread(capture.file, length, capture.offset)
        except OSError:
            return b""

    def _split(self, run: RunState, capture: _Capture, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        for line in whole:
            if capture.skip_line:
                capture.skip_line = False
            else:
                self._add(run, capture, line)
            capture.rest, capture.cut = b"", 0
        if not capture.skip_line:
            capture.rest, capture.cut = _kept(capture, rest)

    def _add(self, run: RunState, capture: _Capture, line: bytes) -> None:
        raw, cut = _kept(capture, line)
        self._append(TailLine(run.run_id, capture.stream, raw, cut))

    def _end(self, run: RunState, followed: _Followed) -> None:
        for capture in followed.captures:
            if capture.rest:
                self._add(run, capture, b"")  # a last line without its end
        _close(followed)
        self._append(TailLine(run.run_id, "ended"))


def _share(counts: Iterable[int], most: int) -> int:
    """How many each may have at most for all of them to have no more than ``most``."""
    left = sorted(counts)
    for place, count in enumerate(left):
        share = most // (len(left) - place)
        if count > share:
            return share
        most -= count
    return most


def _kept(capture: _Capture, line: bytes) -> tuple[bytes, int]:
    """What is kept of the line in progress, which goes on with this, and how much is not."""
    whole = capture.rest + line
    if len(whole) > MOST_SHOWN and b"\r" in whole.rstrip(b"\r"):
        whole = whole[whole.rstrip(b"\r").rindex(b"\r") + 1 :]  # a progress bar: its last state
    return whole[:MOST_SHOWN], capture.cut + max(0, len(whole) - MOST_SHOWN)


def _sizes(run: RunState) -> tuple[tuple[Literal["stdout", "stderr"], int], ...]:
    return ("stdout", run.stdout_bytes), ("stderr", run.stderr_bytes)


def _close(followed: _Followed) -> None:
    for capture in followed.captures:
        if capture.file is not None:
            os.close(capture.file)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that a bench starts, found again in ``/proc`` by a mark, and ended by pid."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from er_tui.runtime.process.table import read_process, signal_process

_VARIABLE = "ER_TUI_BENCH_MARK"
_LOOK_SECONDS = 0.01
_LONGEST_SECONDS = 10.0


class Marked:
    """The processes that bear one mark: members of a family by argument, all by a variable."""

    def __init__(self) -> None:
        self.mark = f"er-tui-bench-{uuid.uuid4().hex}"

    @property
    def environment(self) -> dict[str, str]:
        """Ours, with the mark."""
        return {**os.environ, _VARIABLE: self.mark}

    def environment_in(self, folder: str) -> dict[str, str]:
        """The same, with ``folder`` for whatever er-tui keeps for itself."""
        return {**self.environment, "ER_TUI_RUNTIME_DIR": folder, "XDG_STATE_HOME": folder}

    def members(self) -> dict[int, str]:
        """The live members of the family: pid and role."""
        found = {}
        for pid in _pids():
            words = _words(pid, "cmdline")
            if self.mark in words[:-1]:
                found[pid] = words[words.index(self.mark) + 1]
        return found

    def others(self) -> set[int]:
        """The pids of whoever else bears the mark and is alive."""
        return {
            pid for pid in _pids() if self._bears(pid) and self.mark not in _words(pid, "cmdline")
        }

    def end(self) -> None:
        """Kill all that bear the mark. Raises TimeoutError if they do not die of it."""
        until = time.monotonic() + _LONGEST_SECONDS
        while left := [pid for pid in _pids() if self._is_ours(pid)]:
            for pid in left:
                process = read_process(pid)
                if process is not None and self._is_ours(pid):
                    signal_process(process, signal.SIGKILL)
            if time.monotonic() > until:
                raise TimeoutError(f"processes {left} do not end")
            time.sleep(_LOOK_SECONDS)

    def _bears(self, pid: int) -> bool:
        return f"{_VARIABLE}={self.mark}" in _words(pid, "environ")

    def _is_ours(self, pid: int) -> bool:
        return self._bears(pid) or self.mark in _words(pid, "cmdline")


@contextmanager
def marked() -> Iterator[Marked]:
    """A fresh mark; whoever bears it is dead after the block, a SIGTERM to us included."""

    def interrupted(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupted) for number in numbers}
    found = Marked()
    try:
        yield found
    finally:
        for number in numbers:
            signal.signal(number, before[number])
        found.end()


def _pids() -> list[int]:
    return [
        int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()
    ]


def _words(pid: int, name: str) -> list[str]:
    """The file's strings; none of a process that is gone, a zombie, or not ours to read."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except OSError:
        return []

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Processes below the engine that no run waits for any more: left alone, ended, or reaped.

The engine is the subreaper of all it starts: what detaches itself from a run becomes its child.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable

from er_tui.runtime import RunControl
from er_tui.runtime.process.table import Process, Table, kill_descendants
from er_tui.runtime.process.tag import tag_of, tags_in
from er_tui.rxp import RuntimeResult

_PAUSE_SECONDS = 0.002
_LONGEST_SECONDS = 2.0
"""What has not died of SIGKILL by then hangs in the kernel or is another user's by now."""


class Strays:
    """Knows which runs ended by themselves: what those left alive was to be left alone."""

    def __init__(self) -> None:
        self._left_alone: set[str] = set()
        self._dead: set[Process] = set()

    def ended(self, run_id: str, result: RuntimeResult) -> None:
        """A run is over. From any thread."""
        if result.status in ("succeeded", "failed"):
            self._left_alone.add(tag_of(run_id))

    def end(self, controls: Collection[RunControl]) -> None:
        """Kill what lives below this process, but for what is to be left alone; bounded.

        ``controls`` are of runs that may still be waiting for their leaders.
        """
        until = time.monotonic() + _LONGEST_SECONDS
        leaders = _leaders(controls)
        found = True
        while found and time.monotonic() < until:
            reaped: list[int] = []

            def reap(pids: Collection[int], reaped: list[int] = reaped) -> None:
                reaped += [pid for pid in pids if pid not in leaders and _reap(pid)]

            # A dead one that nobody had reaped may have begotten another since the look.
            found = bool(kill_descendants(os.getpid(), self._spares, reap)) or bool(reaped)
            if found:
                time.sleep(_PAUSE_SECONDS)

    def reap(self, table: Table, controls: Iterable[RunControl]) -> bool:
        """Reap the dead that we adopted; whether some are left for the next time.

        Only who was dead and no leader the last time too: the leaders of runs are reaped by whoever
        waits for them, and for a moment then they are not known as leaders any more.
        """
        leaders, own = _leaders(controls), os.getpid()
        dead = {
            process
            for process in table.values()
            if process.parent == own and not process.alive and process.pid not in leaders
        }
        for process in dead & self._dead:
            _reap(process.pid)
        self._dead = dead - self._dead
        return bool(self._dead)

    def _spares(self, table: Table, process: Process) -> bool:
        """Whether it, or one that it descends from, was left alive by a run that ended itself."""
        own = os.getpid()
        above: Process | None = process
        while above is not None and above.pid != own:
            if not self._left_alone.isdisjoint(tags_in(above.pid)):
                return True
            above = table.get(above.parent)
        return False


def _leaders(controls: Iterable[RunControl]) -> set[int]:
    return {control.leader for control in controls if control.leader is not None}


def _reap(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False  # somebody was quicker

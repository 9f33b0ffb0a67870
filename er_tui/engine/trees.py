# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which live processes belong to which run, and what they use together.

Who was once seen in a run's tree belongs to it from then on, wherever it moves; the run's control
is told of each, so that a cancel reaches it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from er_tui.journal.events import ResourcesSampled
from er_tui.runtime import RunControl
from er_tui.runtime.control import Peaks
from er_tui.runtime.process.table import Process, Table

if TYPE_CHECKING:
    import psutil  # loaded with the first look: it takes as long as the guard to start

Name: TypeAlias = tuple[int, int]
"""The pid and the start time of a process: nobody else's, whoever has its pid later."""

_TICKS = os.sysconf("SC_CLK_TCK")
_NOTABLE_CPU_POINTS = 1.0
_NOTABLE_CPU_SHARE = 0.1
_NOTABLE_MEMORY_SHARE = 0.05


class Tree:
    """The processes of one run as of the last look, and what they had used by then."""

    def __init__(self, control: RunControl) -> None:
        self.control = control
        self.processes: dict[Name, psutil.Process] = {}
        self._cpu_seconds: dict[Name, float] = {}
        self._measured_at: float | None = None
        self._told: ResourcesSampled | None = None

    def take(self, members: dict[Name, Process]) -> None:
        """These are its live processes now."""
        import psutil

        before = self.processes
        self.processes = {}
        for name in members:
            try:
                self.processes[name] = before.get(name) or psutil.Process(name[0])
            except psutil.NoSuchProcess:
                pass  # it ended just now
        self.control.relatives.update(members)
        self.control.relatives.difference_update(before.keys() - members.keys())

    def measure(self, now: float, leader: Process) -> None:
        """Tell the run's record what is used, if that has changed notably; keep the peaks.

        ``now`` is on the clock of start times (``CLOCK_BOOTTIME``).
        """
        cpu, memory = self._sum()
        since = self._measured_at or leader.start_time / _TICKS
        used = sum(seconds - self._cpu_seconds.get(name, 0.0) for name, seconds in cpu.items())
        percent = 100 * used / max(now - since, 1 / _TICKS)
        self._cpu_seconds, self._measured_at = cpu, now
        sample = ResourcesSampled(
            at=time.time(),
            cpu_percent=round(percent, 1),
            memory_bytes=memory,
            processes=len(self.processes),
        )
        peaks = self.control.peaks or Peaks(0.0, 0, 0)
        self.control.peaks = Peaks(
            max(peaks.cpu_percent, sample.cpu_percent),
            max(peaks.memory_bytes, memory),
            max(peaks.processes, sample.processes),
        )
        record = self.control.record
        if record is not None and record.open and self._is_notable(sample):
            self._told = sample
            record.emit(sample)

    def _sum(self) -> tuple[dict[Name, float], int]:
        """Of each process the seconds it used so far; and the memory of all."""
        import psutil

        cpu, memory = {}, 0
        for name, process in list(self.processes.items()):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    memory += process.memory_info().rss
            except psutil.Error:
                del self.processes[name]  # it ended just now
                continue
            cpu[name] = times.user + times.system
        return cpu, memory

    def _is_notable(self, sample: ResourcesSampled) -> bool:
        told = self._told
        if told is None or sample.processes != told.processes:
            return True
        cpu = abs(sample.cpu_percent - told.cpu_percent)
        memory = abs(sample.memory_bytes - told.memory_bytes)
        return cpu >= max(
            _NOTABLE_CPU_POINTS, _NOTABLE_CPU_SHARE * told.cpu_percent
        ) or memory >= max(1, _NOTABLE_MEMORY_SHARE * told.memory_bytes)


class Trees:
    """The trees of all live runs."""

    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}

    def look(self, table: Table, controls: Iterable[RunControl]) -> None:
        """Take stock; ``controls`` are those of live runs, asked for after the table was read."""
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        # A leader that is one still was not reaped when the table was read: its pid is its own.
        leaders = {c.leader: c for c in controls if c.leader is not None and c.leader in table}
        self._trees = {
            control.run_id: self._trees.get(control.run_id) or Tree(control)
            for control in leaders.values()
        }
        trees = {pid: self._trees[control.run_id] for pid, control in leaders.items()}
        for pid, tree, members in self._assign(table, trees):
            tree.take(members)
            tree.measure(now, table[pid])

    def _assign(
        self, table: Table, trees: dict[int, Tree]
    ) -> list[tuple[int, Tree, dict[Name, Process]]]:
        """Of each leader its run's live processes."""
        known = {name: pid for pid, tree in trees.items() for name in tree.processes}
        owner: dict[int, int] = {}
        members: dict[int, dict[Name, Process]] = {pid: {} for pid in trees}
        for process in table.values():
            path = []
            at: Process | None = process
            found = 0
            while at is not None and at.pid not in path:
                found = owner.get(at.pid, -1)
                if found < 0:
                    path.append(at.pid)
                    found = next(
                        (pid for pid in (at.group, at.session) if pid in trees),
                        known.get((at.pid, at.start_time), 0),
                    )
                    at = table.get(at.parent) if found == 0 else None
                else:
                    at = None
            owner.update(dict.fromkeys(path, found))
            if found and process.alive:
                members[found][process.pid, process.start_time] = process
        return [(pid, tree, members[pid]) for pid, tree in trees.items()]

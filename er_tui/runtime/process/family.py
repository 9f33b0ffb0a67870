# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a run consists of: the group of its leader, and those that left it.

One that left is known by any of: its place in the process tree or in the leader's session, the tag
in its environment, the run's output in its hands, having been seen in the tree before.
"""

from __future__ import annotations

import os

from er_tui.journal.events import Member
from er_tui.runtime.process.table import Process, Table, descendants, fresh_table
from er_tui.runtime.process.tag import tags_in

_LONGEST_COMMAND = 64 << 10


class Family:
    """The live processes of a run as of the last :meth:`look`."""

    def __init__(
        self,
        leader: int,
        born: int | None,
        tag: str,
        outputs: frozenset[str],
        relatives: set[tuple[int, int]],
    ) -> None:
        self._leader = leader
        self._tag = tag
        self._outputs = outputs
        self._seen = relatives
        self._born = born or 0
        self._strangers: set[tuple[int, int]] = set()
        self.group: list[Process] = []
        self.escaped: list[Process] = []
        """Out of the group, wherever they are now."""

    @property
    def alive(self) -> bool:
        return bool(self.group or self.escaped)

    def look(self) -> None:
        """See who is alive. Costs a look at every process of the machine: for endings only.

        Raises OSError when we have no descriptor left to look with; what was seen before stands.
        """
        table = fresh_table()
        self.group = self._members(table)
        below = descendants(table, [p.pid for p in (*self.group, *self.escaped)])
        if self._is_leader(table):
            below |= descendants(table, [self._leader])
        inside = {p.pid for p in self.group}
        self.escaped = [
            p for p in table.values() if p.alive and p.pid not in inside and self._is_ours(p, below)
        ]
        self._seen.update((p.pid, p.start_time) for p in self.escaped)

    def _is_leader(self, table: Table) -> bool:
        """Whether the leader's number is (still) the leader's."""
        process = table.get(self._leader)
        return process is not None and process.start_time == self._born

    def _members(self, table: Table) -> list[Process]:
        if self._leader in table and not self._is_leader(table):
            return []  # reaped, its group gone, and the number given to a stranger
        return [p for p in table.values() if p.group == self._leader and p.alive]

    def _is_ours(self, process: Process, below: set[int]) -> bool:
        name = (process.pid, process.start_time)
        if name in self._seen:
            return True
        # Whoever was there before the leader is nobody's descendant, whatever else it holds.
        if process.start_time < self._born or name in self._strangers or process.pid == os.getpid():
            return False
        if process.pid in below or process.session == self._leader:
            return True
        tags = tags_in(process.pid)
        if self._tag in tags or (not tags and self._holds_output(process.pid)):
            return True
        # One without a tag may be in the midst of an exec, when it shows no environment at all.
        if tags:
            self._strangers.add(name)
        return False

    def _holds_output(self, pid: int) -> bool:
        """Whether it can write to the run's output, and is no fork of ours, which reads it too."""
        writes = False
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                try:
                    if os.readlink(f"/proc/{pid}/fd/{name}") in self._outputs:
                        if _reads_only(pid, name):
                            return False
                        writes = True
                except FileNotFoundError:
                    pass  # closed meanwhile: it says nothing about the others
        except (ProcessLookupError, PermissionError, FileNotFoundError):
            return False  # gone, or another user's
        return writes


def _reads_only(pid: int, descriptor: str) -> bool:
    with open(f"/proc/{pid}/fdinfo/{descriptor}", "rb") as file:
        for line in file:
            if line.startswith(b"flags:"):
                return int(line.split()[1], 8) & os.O_ACCMODE == os.O_RDONLY
    return False


def named(processes: list[Process]) -> tuple[Member, ...]:
    """With their commands, for the reader of a timeline; not yet scrubbed of secrets."""
    return tuple(Member(process.pid, _command(process.pid)) for process in processes)


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(_LONGEST_COMMAND).split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).strip().decode(errors="replace") or "?"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The watchdog: a process that outlives ours for as long as it takes to end our runs.

It reads lines from a pipe whose other end only the watched process holds:

    +TAG                a run with this tag is about to start its child
    =TAG PID START      its leader, and when that started
    -TAG                the run is over, and what it left is not ours to end

When the pipe ends, or the watched process does, whoever of these runs is alive is killed: the
groups at once, then what is below their leaders, then whatever else bears the tags, until nobody
does. Standard library only: it runs in an interpreter that has nothing else.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from er_tui.runtime.process.table import (
    Process,
    Table,
    descendants,
    read_process,
    read_table,
    signal_process,
)
from er_tui.runtime.process.tag import tags_in

_TO_THE_GROUP = 4
_LONGEST_SECONDS = 5.0
"""What has not died of SIGKILL by then hangs in the kernel or is another user's by now."""
_LOOK_SECONDS = 0.005
_MOST_DESCRIPTORS = 1 << 20


class Watchdog:
    """The runs it knows of, by tag; each with its leader once that is known."""

    def __init__(self) -> None:
        self._leaders: dict[str, Process | None] = {}
        self._pidfds: dict[str, int] = {}
        self._rest = b""

    def hear(self, data: bytes) -> None:
        """Take in what came through the pipe."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            tag, *leader = line[1:].decode().split()
            if line.startswith(b"+"):
                self._leaders[tag] = None
            elif line.startswith(b"="):
                self._lead(tag, int(leader[0]), int(leader[1]))
            else:
                self._leaders.pop(tag, None)
                if tag in self._pidfds:
                    os.close(self._pidfds.pop(tag))

    def end_all(self) -> None:
        """Kill every run that is known; returns when nothing of them is alive."""
        if not self._leaders:
            return
        table = read_table()  # before anybody dies: orphans leave the tree
        leaders = [p.pid for p in self._leaders.values() if p is not None and p.pid in table]
        for tag, pidfd in self._pidfds.items():
            self._kill_group(tag, pidfd)
        for pid in descendants(table, leaders):
            signal_process(table[pid], signal.SIGKILL)
        until = time.monotonic() + _LONGEST_SECONDS
        while self._kill_tagged(read_table()) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

    def _lead(self, tag: str, pid: int, start_time: int) -> None:
        """Hold on to the leader by a pidfd, unless it is gone and the number another's."""
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            return
        leader = read_process(pid)
        if tag in self._leaders and leader is not None and leader.start_time == start_time:
            self._leaders[tag], self._pidfds[tag] = leader, pidfd
        else:
            os.close(pidfd)

    def _kill_group(self, tag: str, pidfd: int) -> None:
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL, None, _TO_THE_GROUP)
        except ProcessLookupError:
            pass
        except OSError:
            # An older kernel: the members one by one, as long as the leader's number is its own.
            leader, table = self._leaders[tag], read_table()
            assert leader is not None
            now = table.get(leader.pid)
            if now is not None and now.start_time == leader.start_time:
                for process in table.values():
                    if process.group == leader.pid:
                        signal_process(process, signal.SIGKILL)

    def _kill_tagged(self, table: Table) -> bool:
        """Kill whoever bears one of the tags; whether anybody was alive."""
        found = False
        for process in table.values():
            if process.alive and not self._leaders.keys().isdisjoint(tags_in(process.pid)):
                found = signal_process(process, signal.SIGKILL) or found
        return found


def main() -> None:
    """Watch the process whose pid is the argument, through the pipe that is standard input."""
    if os.fork():
        os._exit(0)  # the watched process has no child that it does not know of
    os.closerange(3, _MOST_DESCRIPTORS)  # what the watched process lets its children inherit
    os.chdir("/")
    # It ends when the watched process does, and not before: that is all it is for.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    try:
        # The pipe's other end may have got into a fork of the watched process.
        poll.register(os.pidfd_open(int(sys.argv[1])), select.POLLIN)
    except OSError:
        pass  # it is gone already, and the pipe has ended
    watchdog = Watchdog()
    watched = True
    while watched:
        ready = [descriptor for descriptor, _ in poll.poll()]
        watched = ready == [0]
        while data := _read():
            watchdog.hear(data)
        watched = watched and data is None
    watchdog.end_all()


def _read() -> bytes | None:
    """What is in the pipe; empty at its end, None for nothing now."""
    try:
        return os.read(0, 1 << 16)
    except BlockingIOError:
        return None

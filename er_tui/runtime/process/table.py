# SPDX-License-Identifier: AGPL-3.0-or-later
"""The processes of this machine at one moment, who begot whom, and signals that reach no stranger.

Standard library only: the watchdog and the guard use it in an interpreter that has nothing else.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

_DEAD = (b"Z", b"X", b"x")


class Process(namedtuple("Process", "pid parent group session alive start_time")):
    """One process; with its start time (clock ticks after boot) told from later ones of its pid."""

    __slots__ = ()
    pid: int
    parent: int
    group: int
    session: int
    alive: bool
    """A zombie is not, unless only its first thread has ended: the others go on."""
    start_time: int


Table = dict[int, Process]


def read_process(pid: int) -> Process | None:
    """The process that has this pid now; None if there is none, or it is hidden from us.

    Raises OSError when we have no descriptor left to look with.
    """
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    try:
        data = os.read(descriptor, 4096)
    except OSError:
        return None  # it ended between the two
    finally:
        os.close(descriptor)
    # The command's name may hold spaces and parentheses: fields count from the last ')'.
    fields = data.rpartition(b")")[2].split(None, 20)
    if len(fields) < 20:
        return None
    state, parent, group, session = fields[:4]
    alive = state not in _DEAD or int(fields[17]) > 1  # its threads
    return Process(pid, int(parent), int(group), int(session), alive, int(fields[19]))


def read_table() -> Table:
    """Every process that can be seen; about 5 µs for each. Raises OSError as above."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (process := read_process(int(name))) is not None:
            table[process.pid] = process
    return table


def descendants(table: Table, roots: Iterable[int]) -> set[int]:
    """The pids below ``roots``, zombies included, the roots not."""
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if pid not in found:
                found.add(pid)
                waiting.append(pid)
    return found


@contextmanager
def pinned(process: Process) -> Iterator[int | None]:
    """A pidfd of exactly this process; None if it is gone, whoever has its number now."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except OSError:
        yield None
        return
    try:
        now = read_process(process.pid)
        yield pidfd if now is not None and now.start_time == process.start_time else None
    finally:
        os.close(pidfd)


def signal_process(process: Process, number: int) -> bool:
    """Signal exactly this process; False if it is gone or not ours to signal."""
    with pinned(process) as pidfd:
        if pidfd is None:
            return False
        try:
            signal.pidfd_send_signal(pidfd, number)
        except (ProcessLookupError, PermissionError):
            return False
    return True


def kill_descendants(
    root: int, spare: Callable[[Table, Process], bool], reap: Callable[[Collection[int]], None]
) -> int:
    """One pass of SIGKILL over all that lives below ``root``, the calling process; how many lived.

    A group that one of our own children is in, dead or alive, is signalled as a group: that child
    is not reaped yet and pins the number, so whoever forks faster than we look is reached too.
    ``reap`` is given our dead children afterwards.
    """
    table = read_table()
    below = descendants(table, [root])
    victims = [table[pid] for pid in below if table[pid].alive and not spare(table, table[pid])]
    spared = {table[pid].group for pid in below if table[pid].alive} - {v.group for v in victims}
    ours = {table[root].group} if root in table else set()
    for group in {table[p].group for p in below if table[p].parent == root} - spared - ours:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # nobody left in it, or some that became another user's
    for victim in victims:
        signal_process(victim, signal.SIGKILL)
    reap([pid for pid in below if table[pid].parent == root and not table[pid].alive])
    return len(victims)


class _Look:
    """The last look at the processes, shared by all who asked before it began."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun_at = float("-inf")
        self.table: Table = {}


_look = _Look()


def _forked() -> None:
    """In a fork: the lock as it was is another thread's, which is not here."""
    global _look
    _look = _Look()


os.register_at_fork(after_in_child=_forked)


def fresh_table() -> Table:
    """A table read after this call began; threads that ask at the same time share one."""
    asked_at = time.monotonic()
    look = _look
    with look.lock:
        if look.begun_at < asked_at:
            begun_at = time.monotonic()
            look.table = read_table()
            look.begun_at = begun_at
        return look.table

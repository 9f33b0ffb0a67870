# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a process ended, and what the kernel tells about it for free."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import NamedTuple


class Exit(NamedTuple):
    """The end of the leader: how, and what it and the children it waited for used."""

    code: int | None
    """Exit code, 128+n after signal n; None when the status was lost."""
    signal: str | None
    """Name of the signal that ended it."""
    cpu_user_seconds: float = 0.0
    cpu_system_seconds: float = 0.0
    peak_memory_bytes: int | None = None
    """Resident set; None where the kernel's figure only repeats this process's own (see below)."""


def reap(child: subprocess.Popen[bytes]) -> Exit:
    """Take the status of an exited child, once; blocks while it lives.

    The kernel starts a child's peak at the peak of the process it was spawned from, so a figure
    that is not above our own says nothing about the child and is left out.
    """
    try:
        _pid, status, usage = os.wait4(child.pid, 0)
    except ChildProcessError:
        # Someone ignores SIGCHLD or waits for any child: the status went elsewhere.
        child.returncode = -1
        return Exit(None, None)
    child.returncode = os.waitstatus_to_exitcode(status)
    own_peak = _own_peak_kib()
    ended_by = -child.returncode if child.returncode < 0 else None
    return Exit(
        code=child.returncode if ended_by is None else 128 + ended_by,
        signal=None if ended_by is None else signal_name(ended_by),
        cpu_user_seconds=usage.ru_utime,
        cpu_system_seconds=usage.ru_stime,
        peak_memory_bytes=usage.ru_maxrss * 1024 if usage.ru_maxrss > own_peak else None,
    )


def _own_peak_kib() -> int:
    """The peak of this process's memory, without what its own parent handed on to its figure."""
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1])
    return 0


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9; ``SIG34`` style for the ones without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"

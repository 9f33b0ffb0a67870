# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who wrote a run: a pid means something only with its start time, host, boot and namespace."""

from __future__ import annotations

import os
from functools import cache
from typing import Literal, TypeAlias

from er_tui.journal.events import ProcessIdentity

Presence: TypeAlias = Literal["here", "gone", "elsewhere"]
"""Of a process as seen from this one; ``elsewhere``: on another host or in another container, where
nobody here can tell."""


def identify(pid: int) -> ProcessIdentity:
    """The identity of a live or unreaped process of this machine."""
    return ProcessIdentity(pid, start_time(pid), os.uname().nodename, _boot_id(), _namespace())


def own_identity() -> ProcessIdentity:
    """The identity of the calling process, right after a fork too."""
    return _own(os.getpid())


def presence(identity: ProcessIdentity) -> Presence:
    """Whether exactly this process lives; costs a read of ``/proc``, no signal."""
    if identity.host != os.uname().nodename:
        return "elsewhere"
    if identity.boot_id != _boot_id():
        return "gone"  # this machine was started anew
    if identity.pid_namespace != _namespace():
        return "elsewhere"
    started = start_time(identity.pid)
    # A zombie has its start time still; whoever wrote a run with it writes no more.
    alive = started is not None and started == identity.start_time
    return "here" if alive and not _is_zombie(identity.pid) else "gone"


def start_time(pid: int) -> int | None:
    """When ``pid`` started, in clock ticks after boot; None if there is no such process."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def _is_zombie(pid: int) -> bool:
    fields = _stat(pid)
    # One whose first thread has ended is one by name only: its other threads go on.
    return bool(fields) and fields[0] in (b"Z", b"X") and int(fields[17]) <= 1


def _stat(pid: int) -> list[bytes]:
    """The fields of ``/proc/<pid>/stat`` from the state on; none if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command name may hold spaces and parentheses: fields count from the last ')'.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return []
    return fields if len(fields) > 19 else []


@cache
def _own(pid: int) -> ProcessIdentity:
    return identify(pid)


@cache
def _boot_id() -> str | None:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


@cache
def _namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None

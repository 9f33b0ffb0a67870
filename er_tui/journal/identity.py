# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who wrote a run: a pid means something only with its start time, host, boot and namespace."""

from __future__ import annotations

import os
from functools import cache

from er_tui.journal.events import ProcessIdentity


def identify(pid: int) -> ProcessIdentity:
    """The identity of a live or unreaped process of this machine."""
    return ProcessIdentity(pid, start_time(pid), os.uname().nodename, _boot_id(), _namespace())


def own_identity() -> ProcessIdentity:
    """The identity of the calling process, right after a fork too."""
    return _own(os.getpid())


def start_time(pid: int) -> int | None:
    """When ``pid`` started, in clock ticks after boot; None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command name may hold spaces and parentheses: fields count from the last ')'.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


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

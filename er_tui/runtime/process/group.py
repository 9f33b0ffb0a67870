# SPDX-License-Identifier: AGPL-3.0-or-later
"""Process groups: who lives in one, and signals that never reach a stranger.

A group id is safe to signal while its leader is unreaped (a zombie pins the number). After that
only single members are signalled, by pidfd, each looked at again once the pidfd pins it.
"""

from __future__ import annotations

import os
import signal

from er_tui.journal.events import Member

_LONGEST_COMMAND = 64 << 10


def live_members(pgid: int) -> list[Member]:
    """The processes of group ``pgid`` that are alive; a zombie is not.

    Costs a look at every process of the machine: for endings, not for every exit.
    """
    members = []
    for name in os.listdir("/proc"):
        if name.isdigit() and _is_live_member(int(name), pgid):
            members.append(Member(int(name), _command(int(name))))
    return members


def group_exists(pgid: int) -> bool:
    """Whether any process, zombie or not, is in the group; one system call."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_group(pgid: int, number: signal.Signals) -> None:
    """Signal the group; its leader must be unreaped.

    Members that became another user's are not reached; who looks for survivors finds them.
    """
    try:
        os.killpg(pgid, number)
    except (ProcessLookupError, PermissionError):
        pass


def signal_members(members: list[Member], pgid: int, number: signal.Signals) -> None:
    """Signal each of ``members`` that still is a live member, whoever has its pid by now."""
    for member in members:
        try:
            pidfd = os.pidfd_open(member.pid)
        except ProcessLookupError:
            continue
        try:
            if _is_live_member(member.pid, pgid):
                signal.pidfd_send_signal(pidfd, number)
        except (ProcessLookupError, PermissionError):
            pass
        finally:
            os.close(pidfd)


def _is_live_member(pid: int, pgid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, _parent, group = file.read().rpartition(b")")[2].split()[:3]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # gone; or hidden from us, and then nobody's we could have started
    return int(group) == pgid and state not in (b"Z", b"X")


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(_LONGEST_COMMAND).split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).strip().decode(errors="replace") or "?"

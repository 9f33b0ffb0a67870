# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process group that is signalled by a handle, not by a number which may be another's by now."""

from __future__ import annotations

import errno
import os
import signal

from er_tui.runtime.process.table import fresh_table, signal_process

_TO_THE_GROUP = 4
"""PIDFD_SIGNAL_PROCESS_GROUP, of Linux 6.9."""


class Group:
    """The group that a child of ours leads, from its spawn on and past the leader's reaping.

    Where the kernel signals groups by pidfd, that is used; elsewhere the group's number while the
    unreaped leader pins it, and after that its members one by one, each by a pidfd.
    """

    def __init__(self, leader: int) -> None:
        self.pgid = leader
        self.reaped = False
        """To be set before the leader is reaped."""
        try:
            self._pidfd: int | None = os.pidfd_open(leader)
        except ProcessLookupError:
            # Gone, and not through us: someone ignores SIGCHLD or waits for any child.
            self._pidfd, self.reaped = None, True

    @property
    def exits(self) -> int | None:
        """A descriptor that is readable once the leader has exited; None if it is gone already."""
        return self._pidfd

    def signal(self, number: int) -> None:
        """Signal every member; one that became another user's is not reached."""
        try:
            if not self._by_pidfd(number):
                self._by_number(number)
        except (ProcessLookupError, PermissionError):
            pass  # nobody there any more, or nobody of ours

    def may_have_members(self) -> bool:
        """False if nobody, not even a zombie, is in the group; one system call."""
        try:
            if not self._by_pidfd(0):
                os.killpg(self.pgid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def close(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)

    def _by_pidfd(self, number: int) -> bool:
        if self._pidfd is None:
            return False
        try:
            signal.pidfd_send_signal(self._pidfd, number, None, _TO_THE_GROUP)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return False  # an older kernel
        return True

    def _by_number(self, number: int) -> None:
        if not self.reaped:
            os.killpg(self.pgid, number)
            return
        table = fresh_table()
        if self.pgid in table and table[self.pgid].alive:
            return  # the number is a stranger's by now
        for process in table.values():
            if process.group == self.pgid and process.alive:
                signal_process(process, number)

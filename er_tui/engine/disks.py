# SPDX-License-Identifier: AGPL-3.0-or-later
"""The disks that runs write to: told when one is nearly full, and when it is so no longer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from er_tui.engine.messages import LowSpace

_LOW_BYTES = 1 << 30
_LOW_SHARE = 0.02


class Disks:
    """Nearly full is a disk with less than 1 GiB or 2 % of its size free, whichever is smaller."""

    def __init__(self, publish: Callable[[LowSpace], None]) -> None:
        self._publish = publish
        self._low: dict[int, str] = {}

    @property
    def any_low(self) -> bool:
        """Whether there is a recovery to wait for."""
        return bool(self._low)

    def look(self, folders: Iterable[str]) -> None:
        """See how it is with the disks of these folders, and of those that were nearly full."""
        seen: set[int] = set()
        for folder in (*self._low.values(), *folders):
            try:
                disk = os.stat(folder).st_dev
                if disk not in seen:
                    seen.add(disk)
                    self._judge(disk, folder)
            except OSError:
                continue  # removed by somebody, and that is not for us to tell
        for disk in self._low.keys() - seen:
            self._publish(LowSpace(self._low.pop(disk), None))  # nobody can tell any more

    def _judge(self, disk: int, folder: str) -> None:
        space = os.statvfs(folder)
        free, size = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize
        if free < min(_LOW_BYTES, size * _LOW_SHARE):
            if disk not in self._low:
                self._low[disk] = folder
                self._publish(LowSpace(folder, free))
        elif disk in self._low:
            self._publish(LowSpace(self._low.pop(disk), None))

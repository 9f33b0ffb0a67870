# SPDX-License-Identifier: AGPL-3.0-or-later
"""One look a second at all processes while runs have any: what they use, and who is to be reaped.

While nothing runs the sampler's thread is not woken.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

from er_tui.engine.disks import Disks
from er_tui.engine.messages import LowSpace
from er_tui.engine.strays import Strays
from er_tui.engine.trees import Trees
from er_tui.runtime import RunControl
from er_tui.runtime.process.table import read_table

_LOOK_SECONDS = 1.0
_DISK_SECONDS = 5.0
_STOP_SECONDS = 1.0


class Sampler:
    """A thread that looks; ``controls`` gives those of the process runs that go on."""

    def __init__(
        self,
        controls: Callable[[], list[RunControl]],
        publish: Callable[[LowSpace], None],
        strays: Strays,
    ) -> None:
        self._controls = controls
        self._strays = strays
        self._trees = Trees()
        self._disks = Disks(publish)
        self._disks_due = 0.0
        self._waker = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._asleep = False
        self._somebody_died = False
        self._dead_left = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """A run that ``controls`` gives from now on begins; from any thread."""
        if self._asleep:
            os.eventfd_write(self._waker, 1)

    def child_died(self) -> None:
        """One of our children is dead, and may be one that nobody waits for; a signal handler."""
        self._somebody_died = True
        if self._asleep:
            os.eventfd_write(self._waker, 1)

    def stop(self) -> None:
        """No look goes on, and none follows."""
        self._stopped = True
        os.eventfd_write(self._waker, 1)
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._waker, select.POLLIN)
        while not self._stopped:
            self._sleep(poll)
            # Not woken meanwhile but to be stopped; and that may have woken us just now.
            if not self._stopped and not poll.poll(_LOOK_SECONDS * 1000):
                self._look()

    def _sleep(self, poll: select.poll) -> None:
        """Until there is something to look at."""
        # In this order: who wakes us looks at the one after having changed the other.
        self._asleep = True
        if not self._has_work():
            poll.poll()
        self._asleep = False
        try:
            os.eventfd_read(self._waker)
        except BlockingIOError:
            pass  # there was work without being told

    def _has_work(self) -> bool:
        return bool(
            self._stopped
            or self._somebody_died
            or self._dead_left
            or self._disks.any_low
            or self._controls()
        )

    def _look(self) -> None:
        self._somebody_died = False
        table = read_table()
        controls = self._controls()
        self._dead_left = self._strays.reap(table, controls)
        self._trees.look(table, controls)
        now = time.monotonic()
        if now >= self._disks_due:
            self._disks_due = now + _DISK_SECONDS
            records = [control.record for control in controls]
            self._disks.look(r.directory.path for r in records if r and r.directory)

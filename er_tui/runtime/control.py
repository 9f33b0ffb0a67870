# SPDX-License-Identifier: AGPL-3.0-or-later
"""The handle a run is given: it is cancelled, timed and observed through it."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from er_tui.journal.events import Event
from er_tui.journal.run_directory import is_run_id, new_run_id

if TYPE_CHECKING:
    from er_tui.journal.events import Source
    from er_tui.runtime.recording import RunRecord

DEFAULT_GRACE_SECONDS = 3.0
"""Between SIGTERM and SIGKILL, where neither the invocation nor the caller says otherwise."""


class Cancellation(NamedTuple):
    """One request to end the run."""

    reason: str
    grace_seconds: float | None
    """At most this long until SIGKILL; None leaves it to the run's own settings."""


class RunControl:
    """Controls one run, from any thread; a signal handler may call :meth:`cancel` too.

    ``on_event`` is called with each frozen event, in order, after it was journaled, one at a time
    but not always on the thread that runs the invocation; a cancel that is told to a backend may be
    reported after the end of the run. It should hand the event over and return. What it raises is a
    fault of the caller's and comes out of ``run`` once the run is ended and recorded.

    A control serves one run; giving it to a second one raises ValueError.
    """

    def __init__(
        self,
        *,
        on_event: Callable[[Event], None] | None = None,
        run_id: str | None = None,
        source: Source | None = None,
    ) -> None:
        if run_id is not None and not is_run_id(run_id):
            raise ValueError(f"run_id must be one short plain path segment, not {run_id!r}")
        self.run_id = run_id or new_run_id()
        self.source = source
        self.record: RunRecord | None = None
        """The open record of the run, for runners; None before the run."""
        self.deadline: float | None = None
        """On the monotonic clock; None before the run and for a run without a timeout."""
        self._on_event = on_event
        self._cancellations: list[Cancellation] = []
        # Re-entrant: a signal handler may cancel while this very thread holds the lock.
        self._lock = threading.RLock()
        self._waker: int | None = None
        self._claimed = False

    @property
    def cancelled(self) -> bool:
        """Whether anyone asked for the end of the run."""
        return bool(self._cancellations)

    @property
    def cancellations(self) -> tuple[Cancellation, ...]:
        """All requests so far, oldest first; from the second on they mean: at once."""
        return tuple(self._cancellations)

    def cancel(self, reason: str = "cancelled", *, grace_seconds: float | None = None) -> None:
        """Ask for the end of the run and return; a second call kills without grace.

        Before the run starts it makes the run end as ``cancelled`` without starting anything; after
        its end it does nothing.
        """
        with self._lock:
            self._cancellations.append(Cancellation(reason, grace_seconds))
            if self._waker is not None:
                os.eventfd_write(self._waker, 1)

    def remaining(self) -> float | None:
        """Seconds until the deadline, not below 0.0; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds``, less if the deadline is nearer; True if the run is cancelled."""
        left = self.remaining()
        until = time.monotonic() + (seconds if left is None else min(seconds, left))
        with self.woken() as waker:
            poll = select.poll()
            poll.register(waker, select.POLLIN)
            while not self.cancelled and (pause := until - time.monotonic()) > 0:
                poll.poll(pause_ms(pause))
        return self.cancelled

    @contextmanager
    def woken(self) -> Iterator[int]:
        """A descriptor that becomes readable when :meth:`cancel` is called.

        Whoever waits on it looks at :attr:`cancellations` first: a request made before is not told
        again. One waiter at a time.
        """
        waker = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        with self._lock:
            self._waker = waker
        try:
            yield waker
        finally:
            with self._lock:
                self._waker = None
            os.close(waker)

    def claim(self) -> None:
        """Tie the control to its one run. Raises ValueError if it serves one already."""
        with self._lock:
            if self._claimed:
                raise ValueError(f"this RunControl serves run {self.run_id} already")
            self._claimed = True

    def notify(self, event: Event) -> None:
        """Hand ``event`` to the observer."""
        if self._on_event is not None:
            self._on_event(event)


def pause_ms(seconds: float) -> float:
    """``seconds`` as poll takes them: milliseconds, not below 0 and at most a day at a time."""
    return min(max(0.0, seconds), 86_400.0) * 1000

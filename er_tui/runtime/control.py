# SPDX-License-Identifier: AGPL-3.0-or-later
"""The handle a run is given: it is cancelled, timed and observed through it."""

from __future__ import annotations

import math
import operator
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from er_tui.journal.events import DeadlineMoved, Event, Frozen
from er_tui.journal.run_directory import is_run_id, new_run_id

if TYPE_CHECKING:
    from er_tui.journal.events import Source
    from er_tui.runtime.recording import RunRecord

_LARGEST_SIZE = 10_000
_LATEST = 1e11
"""Of a deadline on the monotonic clock: some thousand years."""


class Cancellation(NamedTuple):
    """One request to end the run."""

    reason: str
    grace_seconds: float | None
    """At most this long until SIGKILL; None leaves it to the run's own settings."""


class Peaks(Frozen):
    """The most of each that was seen in a run, not necessarily at one moment."""

    cpu_percent: float
    memory_bytes: int
    processes: int


class SendSignal(Frozen):
    """An order: this signal to the process group."""

    number: int


class TypeKeys(Frozen):
    """An order: these bytes to the run's terminal, as if typed."""

    data: bytes


class Resize(Frozen):
    """An order: the run's terminal has another size."""

    columns: int
    rows: int


Order: TypeAlias = SendSignal | TypeKeys | Resize


class RunControl:
    """Controls one run, from any thread; a signal handler may call :meth:`cancel` too.

    The orders beyond cancel (:meth:`send_signal`, :meth:`type_keys`, :meth:`resize`) are carried
    out by a run that has a process, or a terminal of its own; others let them be.

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
        window: tuple[int, int] = (80, 24),
    ) -> None:
        if run_id is not None and not is_run_id(run_id):
            raise ValueError(f"run_id must be one short plain path segment, not {run_id!r}")
        self.run_id = run_id or new_run_id()
        self.source = source
        self.record: RunRecord | None = None
        """The open record of the run, for runners; None before the run."""
        self.deadline: float | None = None
        """On the monotonic clock; None before the run and for a run without a timeout."""
        self.window = _size(*window)
        self.leader: int | None = None
        """The pid of the run's leader while it is unreaped, for whoever looks at its processes."""
        self.relatives: set[tuple[int, int]] = set()
        """``(pid, start time)`` of processes that were seen below the leader by such a look."""
        self.peaks: Peaks | None = None
        """The most that the live processes used together, where anybody looked."""
        self._on_event = on_event
        self._cancellations: list[Cancellation] = []
        self._orders: deque[Order] = deque()
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
        its end it does nothing. Raises ValueError for a grace that is no time.
        """
        if grace_seconds is not None and not float(grace_seconds) >= 0:
            raise ValueError(f"a grace is 0 or more seconds, not {grace_seconds}")
        with self._lock:
            self._cancellations.append(Cancellation(reason, grace_seconds))
            self._wake()

    def send_signal(self, number: int) -> None:
        """Have the process group sent this signal; SIGSTOP pauses the run, SIGCONT resumes it.

        The deadline goes on meanwhile. Raises ValueError for what is no signal.
        """
        if operator.index(number) not in signal.valid_signals():
            raise ValueError(f"{number} is not a signal")
        self._order(SendSignal(number))

    def type_keys(self, data: bytes) -> None:
        """Have the run's terminal (``subprocess.pty``) receive ``data`` as if it were typed."""
        self._order(TypeKeys(bytes(memoryview(data))))

    def resize(self, columns: int, rows: int) -> None:
        """Have the run's terminal take this size, in characters; kept for its start."""
        self.window = _size(columns, rows)
        self._order(Resize(columns, rows))

    def take_orders(self) -> Iterator[Order]:
        """The orders that are waiting, oldest first; for whoever carries them out."""
        while self._orders:
            yield self._orders.popleft()

    def extend(self, seconds: float) -> bool:
        """Move the deadline by so much; False if the run has none, or it has passed already.

        Raises ValueError unless ``seconds`` is finite.
        """
        try:
            finite = math.isfinite(seconds)
        except OverflowError:  # an int that is larger than any float
            finite = False
        if not finite:
            raise ValueError(f"a deadline is moved by a finite time, not {seconds}")
        with self._lock:
            record, left = self.record, self.remaining()
            if record is None or not record.open or self.deadline is None or not left:
                return False
            # Not before now: what is over cannot have been shorter.
            deadline = max(self.deadline + seconds, time.monotonic())
            if deadline > _LATEST:
                raise ValueError(f"no clock shows a deadline {seconds} seconds later")
            self.deadline = deadline
            allowed = record.allowed_seconds(self.deadline)
            self._wake()
        record.emit(DeadlineMoved(at=time.time(), seconds=seconds, timeout_seconds=allowed))
        return True

    def remaining(self) -> float | None:
        """Seconds until the deadline, not below 0.0; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds``, less if the deadline is nearer; True if the run is cancelled."""
        until = time.monotonic() + seconds
        with self.woken() as waker:
            poll = select.poll()
            poll.register(waker, select.POLLIN)
            while not self.cancelled:
                nearest = until if self.deadline is None else min(until, self.deadline)
                pause = nearest - time.monotonic()
                if pause <= 0:
                    break
                if poll.poll(pause_ms(pause)):
                    os.eventfd_read(waker)  # a cancel, or the deadline has moved
        return self.cancelled

    @contextmanager
    def woken(self) -> Iterator[int]:
        """A descriptor that becomes readable when anything is asked of the run.

        Whoever waits on it looks at :attr:`cancellations`, :meth:`take_orders` and the deadline
        first: a request made before is not told again. One waiter at a time.
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

    def _order(self, order: Order) -> None:
        with self._lock:
            self._orders.append(order)
            self._wake()

    def _wake(self) -> None:
        if self._waker is not None:
            os.eventfd_write(self._waker, 1)

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


def _size(columns: int, rows: int) -> tuple[int, int]:
    """Raises ValueError for what no terminal can have."""
    size = operator.index(columns), operator.index(rows)
    if not all(0 < length <= _LARGEST_SIZE for length in size):
        raise ValueError(f"a terminal has 1 to {_LARGEST_SIZE} columns and rows, not {size}")
    return size


def pause_ms(seconds: float) -> float:
    """``seconds`` as poll takes them: milliseconds, not below 0 and at most a day at a time."""
    return min(max(0.0, seconds), 86_400.0) * 1000

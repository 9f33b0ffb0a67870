# SPDX-License-Identifier: AGPL-3.0-or-later
"""Waiting that a cancel and the deadline end at once."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from er_tui.runtime.control import RunControl

_T = TypeVar("_T")


class Interrupted(Exception):
    """Whatever was going on has to end now."""


class Cancelled(Interrupted):
    """Somebody cancelled the run."""


class DeadlinePassed(Interrupted):
    """The run's time is over."""


class Gate:
    """Waits for descriptors, and raises Interrupted as soon as the run is to end.

    ``waker`` becomes readable when :meth:`check` has something to say, or ``deadline`` moved.
    """

    def __init__(
        self, waker: int, check: Callable[[], None], deadline: Callable[[], float | None]
    ) -> None:
        self._waker = waker
        self._check = check
        self._deadline = deadline

    @classmethod
    def of_run(cls, control: RunControl, waker: int) -> Gate:
        """The gate of a run: cancelled by its control, timed by its deadline."""

        def check() -> None:
            if control.cancelled:
                raise Cancelled
            if control.deadline is not None and time.monotonic() >= control.deadline:
                raise DeadlinePassed

        return cls(waker, check, lambda: control.deadline)

    def check(self) -> None:
        """Raise Interrupted if the run is to end."""
        self._check()

    def wait(self, descriptors: dict[int, int], seconds: float | None) -> bool:
        """Wait until one of ``descriptors`` (with its poll events) is ready.

        False if none was within ``seconds``; None waits without that limit.
        """
        until = None if seconds is None else time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._waker, select.POLLIN)
        for descriptor, wanted in descriptors.items():
            poll.register(descriptor, wanted)
        while True:
            self.check()
            moments = [m for m in (until, self._deadline()) if m is not None]
            pause = max(0.0, min(moments) - time.monotonic()) * 1000 if moments else None
            ready = poll.poll(None if pause is None else min(pause, _LONGEST_POLL_MS))
            if any(descriptor != self._waker for descriptor, _ in ready):
                return True
            if ready:
                os.eventfd_read(self._waker)  # what it woke for is looked at now
            self.check()
            if until is not None and time.monotonic() >= until:
                return False


_LONGEST_POLL_MS = 86_400_000.0
"""A day: poll takes milliseconds as a C int."""


class _Call(Generic[_T]):
    """A call on a thread of its own, and where to look for its end."""

    def __init__(self, call: Callable[[], _T]) -> None:
        self.done = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.value: _T | None = None
        self.error: Exception | None = None
        self._call = call
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="abandonable", daemon=True).start()

    def forget(self) -> None:
        """Nobody waits any more; the thread ends when the call does."""
        with self._lock:
            os.close(self.done)
            self.done = -1

    def _run(self) -> None:
        try:
            self.value = self._call()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            self.error = error
        with self._lock:
            if self.done >= 0:
                os.eventfd_write(self.done, 1)


def abandonable(gate: Gate, call: Callable[[], _T], seconds: float | None) -> _T:
    """The value of ``call``, which nothing can interrupt: it is left to itself instead.

    Raises what it raised, Interrupted, or TimeoutError after ``seconds``. For name resolution and
    for clients that somebody else made.
    """
    thread = _Call(call)
    try:
        if not gate.wait({thread.done: select.POLLIN}, seconds):
            raise TimeoutError
        if thread.error is not None:
            raise thread.error
        return cast(_T, thread.value)  # set, as there was no error
    finally:
        thread.forget()

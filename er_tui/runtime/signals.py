# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signals to a program that runs an invocation in its main thread end the run first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from er_tui.runtime.control import RunControl
from er_tui.runtime.recording import RunRecord

_GRACE_SECONDS = 0.5
"""Who sent SIGTERM often follows with SIGKILL; the group must be gone by then."""


@contextmanager
def sigterm_cancels(control: RunControl, record: RunRecord) -> Iterator[None]:
    """While inside, SIGTERM cancels the run; the handler before is restored in every case.

    The signal is delivered again, to that handler, once the result is written. Does nothing in
    other threads, where Python cannot set a handler, and where SIGTERM is ignored on purpose.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGTERM)
    if previous is None or previous is signal.SIG_IGN:
        yield
        return

    def handler(number: int, _frame: object) -> None:
        record.signal_afterwards = signal.Signals(number)
        control.cancel("SIGTERM received", grace_seconds=_GRACE_SECONDS)

    signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)

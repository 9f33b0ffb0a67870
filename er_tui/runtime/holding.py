# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signals that wait while something is done that must not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def held(*numbers: signal.Signals) -> Iterator[Callable[[], None]]:
    """Until the yielded function is called, or the block is left, these signals wait.

    For what must not be left half done: the start of a child until somebody cares for it, the
    writing of a record. The function puts the handlers before back and delivers what came
    meanwhile, so it may raise KeyboardInterrupt. Does nothing in other threads, and for signals
    that are ignored or handled by code that is not Python's.
    """
    previous = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in numbers}
        previous = {n: h for n, h in handlers.items() if h not in (None, signal.SIG_IGN)}
    came: list[int] = []
    for number in previous:
        signal.signal(number, lambda number, _frame: came.append(number))

    def release() -> None:
        while previous:
            signal.signal(*previous.popitem())
        while came:
            signal.raise_signal(came.pop(0))

    try:
        yield release
    finally:
        release()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The signals that end a command without a screen."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ending_signals(handler: Callable[[int], None]) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP go to ``handler``, but for one that was ignored before (nohup)."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    seen: list[int] = []

    def handle(number: int, _frame: object) -> None:
        seen.append(number)
        handler(number)

    previous = {
        n: signal.signal(n, handle) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, old in previous.items():
            # Whoever was interrupted is on the way out: one more must not change the exit code.
            signal.signal(number, signal.SIG_IGN if seen else old)

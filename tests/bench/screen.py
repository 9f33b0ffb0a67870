# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program on a real pseudo-terminal, with a clock on what it draws."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from types import TracebackType

_PATIENCE_SECONDS = 20.0
_QUIET_SECONDS = 0.3


class Screen:
    """Runs ``command`` in a terminal of 140 by 40; killed at the end of the block."""

    def __init__(self, command: list[str]) -> None:
        self._clock = time.perf_counter()
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(command[0], command)
        size = struct.pack("HHHH", 40, 140, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)
        self._seen = b""

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        os.kill(self._pid, signal.SIGTERM)
        while self._read(_PATIENCE_SECONDS):
            pass  # until it has restored the terminal and closed it
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    @property
    def pid(self) -> int:
        return self._pid

    def type(self, keys: str) -> None:
        """Press keys; the clock starts here, and only what is drawn from now on counts."""
        self._seen = b""
        self._clock = time.perf_counter()
        os.write(self._terminal, keys.encode())

    def seconds_until(self, text: bytes) -> float:
        """From the start (or the last key) until ``text`` was drawn. Raises TimeoutError."""
        until = time.perf_counter() + _PATIENCE_SECONDS
        while text not in self._seen:
            if not self._read(until - time.perf_counter()):
                raise TimeoutError(f"{text!r} was not drawn")
        return time.perf_counter() - self._clock

    def settle(self) -> None:
        """Wait until nothing is drawn for a while."""
        while self._read(_QUIET_SECONDS):
            pass

    def settle_for(self, seconds: float) -> None:
        """Take in what is drawn for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._read(left)

    def has_drawn(self, text: bytes) -> bool:
        """Whether ``text`` was drawn since the last key."""
        return text in self._seen

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:
            return False  # closed by the other side
        self._seen += data
        return bool(data)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program in a terminal whose session outlives it, as a shell's does: what it leaves is seen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path

_KEEPER = '"$@"; exec cat >/dev/null'
"""Ends with the terminal, whatever became of us."""
_CHUNK = 1 << 16
_LOOK_SECONDS = 0.005
_PATIENCE_SECONDS = 20.0
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_MUST_BE_OFF = {
    **dict.fromkeys((47, 1047, 1049), "alternate screen"),
    **dict.fromkeys((1000, 1002, 1003, 1005, 1006, 1015, 1016), "mouse reports"),
    1004: "focus reports",
    2004: "bracketed paste",
    2026: "synchronised output",
    2048: "resize reports",
}
_CURSOR = 25


class KeptTerminal:
    """Runs ``command`` in a terminal of 140 by 40; all that it writes is taken at once."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._keeper, self._terminal = pty.fork()
        if self._keeper == 0:
            colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            keeper = ["/bin/sh", "-c", _KEEPER, "keeper", *command]
            os.execve(keeper[0], keeper, {**environment, **colours})
        size = struct.pack("HHHH", 40, 140, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)
        self._before = termios.tcgetattr(self._terminal)
        self._seen = bytearray()
        self._typed_at = 0
        threading.Thread(target=self._take, name="terminal", daemon=True).start()
        self.pid = self._wait_for_command()
        """Of the command."""
        self._pidfd = os.pidfd_open(self.pid)

    @property
    def keeper(self) -> int:
        """The pid of who holds the session."""
        return self._keeper

    @property
    def ended(self) -> bool:
        """Whether the command has ended."""
        return bool(select.select([self._pidfd], [], [], 0)[0])

    @property
    def seen(self) -> bytes:
        """All that was written to the terminal."""
        return bytes(self._seen)

    def type(self, keys: str) -> None:
        """Press keys; only what is drawn from now on is waited for."""
        self._typed_at = len(self._seen)
        os.write(self._terminal, keys.encode())

    def wait_for(self, text: str) -> None:
        """Until ``text`` was drawn. Raises TimeoutError."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._seen.find(text.encode(), self._typed_at) < 0:
            if time.monotonic() > until:
                raise TimeoutError(f"{text!r} was not drawn")
            time.sleep(_LOOK_SECONDS)

    def faults(self) -> list[str]:
        """What is not as it was before the command: modes of the screen, settings of the line."""
        on: dict[int, bool] = {}
        for numbers, how in _MODE.findall(self.seen):
            on.update((int(n), how == b"h") for n in numbers.split(b";") if n)
        faults = {words for mode, words in _MUST_BE_OFF.items() if on.get(mode)}
        if not on.get(_CURSOR, True):
            faults.add("cursor hidden")
        if termios.tcgetattr(self._terminal) != self._before:
            faults.add("line settings")
        return sorted(faults)

    def close(self) -> None:
        """End the keeper and, if it is still there, the command."""
        for pidfd in (self._pidfd, os.pidfd_open(self._keeper)):
            try:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(pidfd)
        os.waitpid(self._keeper, 0)

    def _take(self) -> None:
        try:
            while data := os.read(self._terminal, _CHUNK):
                self._seen += data
        except OSError:
            pass  # nobody has the other side any more
        os.close(self._terminal)

    def _wait_for_command(self) -> int:
        children = Path(f"/proc/{self._keeper}/task/{self._keeper}/children")
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (pids := children.read_text().split()):
            if time.monotonic() > until:
                raise TimeoutError("the command did not start")
            time.sleep(_LOOK_SECONDS)
        return int(pids[0])

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A dashboard's terminal, given back by somebody else if the dashboard dies with it taken.

The dashboard tells through its lifeline, a pipe whose other end only it holds, that it has taken
the terminal, and that it has given it back, in JSON lines:

    {"taken": {"before": "[...]", "during": "[...]"}}
    {"taken": null}

The guard of an engine does it for the dashboard that started it. One that came later has a process
for this alone: :func:`main`, told by one argument the descriptor of the terminal, the lifeline on
standard input. One thread and the standard library only: the interpreter has nothing else.
"""

from __future__ import annotations

import ast
import json
import os
import select
import sys
import termios
import time
from collections.abc import Mapping
from typing import Any

LIFELINE = 0
CHUNK = 1 << 16
_PAUSE_SECONDS = 0.002
_TERMINAL_SECONDS = 0.5
_OFF = (
    b"\x18\x1b\\"  # what a write that was cut off had begun: a sequence, or a string
    b"\x1b[?2026l"  # synchronised output
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # the mouse
    b"\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # bracketed paste, focus, resize in the input
    b"\x1b[<u"  # kitty's keyboard protocol; it counts for the screen it was set on
    b"\x1b[m\x1b[?7h\x1b[?1049l\x1b[?25h"  # colours, wrapping, the main screen, the cursor
    b"\x1b[m\r\x1b[K"
)


class Terminal:
    """The dashboard's terminal, as far as it has told of it."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        self._taken: Mapping[str, Any] | None = None
        self._rest = b""

    @property
    def taken(self) -> bool:
        """Whether the dashboard has it now."""
        return self._taken is not None

    def hear(self, data: bytes) -> None:
        """Take in what came through the lifeline."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._taken = json.loads(lines[-1])["taken"]

    def restore(self, words: str) -> None:
        """Give the terminal back if it is taken, and say why; in bounded time."""
        if self._taken is None:
            return
        before, during = self._taken["before"], self._taken["during"]
        self._taken = None
        try:
            self._write(_OFF + words.encode() + b"\r\n")
            # A shell may have made its own settings meanwhile.
            if before is not None and during in (None, repr(termios.tcgetattr(self._descriptor))):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, ast.literal_eval(before))
                termios.tcflush(self._descriptor, termios.TCIFLUSH)  # reports of the mouse
        except (OSError, termios.error):
            pass  # it is gone, and nobody misses it

    def close(self) -> None:
        """Let go of it: whoever waits for its end (``sshd``) is not to wait for us."""
        os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        until = time.monotonic() + _TERMINAL_SECONDS
        while data and (left := until - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                try:
                    data = data[os.write(self._descriptor, data) :]
                except BlockingIOError:
                    time.sleep(_PAUSE_SECONDS)


def main() -> None:
    terminal = Terminal(int(sys.argv[1]))
    while data := os.read(LIFELINE, CHUNK):
        terminal.hear(data)
    terminal.restore("er-tui is gone")

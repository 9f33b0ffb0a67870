# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real er-tui in a real pty, with a terminal emulator that shows what a user sees."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

import pexpect
import pyte

_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=?][\d;]*[uc]|\x1b\[\?[\d;]*\$p")
_WHOLE_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|[^\[][^\x1b])", re.DOTALL)
_CHUNK = 1 << 16
_STEP_SECONDS = 0.02
_PATIENCE_SECONDS = 15.0


class Terminal:
    """One er-tui from its start to its end."""

    def __init__(
        self,
        *arguments: str,
        columns: int = 120,
        rows: int = 30,
        python: tuple[str, ...] = ("-m", "er_tui"),
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._unfinished = b""
        self._ended = False
        self.seen = b""
        """Every byte that er-tui wrote to its terminal."""
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for name in ("NO_COLOR", "COLUMNS", "LINES"):  # what would have the last word
            environment.pop(name, None)
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            [*python, *arguments],
            env=environment,
            dimensions=(rows, columns),
        )
        self.attributes_before = self.attributes()

    @property
    def pid(self) -> int:
        pid = self._child.pid
        assert pid is not None
        return pid

    @property
    def text(self) -> str:
        """The screen as it is now, after what has already been written."""
        self._take()
        return "\n".join(line.rstrip() for line in self._screen.display)

    def attributes(self) -> list[Any]:
        """Of the terminal: echo, line mode, control characters."""
        return termios.tcgetattr(self._child.child_fd)

    def set_attributes(self, attributes: list[Any]) -> None:
        """As another program would."""
        termios.tcsetattr(self._child.child_fd, termios.TCSANOW, attributes)

    def is_full(self) -> bool:
        """Whether it takes no more output, because nobody has read what there is."""
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
        descriptor = os.open(f"/proc/{self.pid}/fd/0", flags)
        try:
            return not select.select([], [descriptor], [], 0)[1]
        finally:
            os.close(descriptor)

    def has_ended(self) -> bool:
        """Whether er-tui is dead; reads nothing."""
        return not self._child.isalive()

    def press(self, *keys: str | bytes) -> None:
        for key in keys:
            self._child.send(key)

    def click(self, column: int, row: int) -> None:
        """Press and release the left button; both counted from 1."""
        self.press(f"\x1b[<0;{column};{row}M", f"\x1b[<0;{column};{row}m")

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def resize_and_wait(self, columns: int, rows: int) -> None:
        """Resize, and wait until something was written for the new size."""
        before = len(self.seen)
        self.resize(columns, rows)
        self.wait_until(lambda: len(self.seen) > before)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), self._child.child_fd)
        self._ended = True

    def wait_for(self, *texts: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Until the screen shows all of these at once."""

        def shown() -> bool:
            screen = self.text
            return all(text in screen for text in texts)

        self.wait_until(shown, seconds)

    def wait_until(
        self, condition: Callable[[], object], seconds: float = _PATIENCE_SECONDS
    ) -> None:
        """Go on showing what is written until ``condition`` holds."""
        until = time.monotonic() + seconds
        while not condition():
            self._take()
            assert time.monotonic() < until, f"not so after {seconds} s; the screen:\n{self.text}"

    def wait_end(self, seconds: float = _PATIENCE_SECONDS) -> int:
        """The exit code; negative for death by a signal."""
        self.wait_until(lambda: not self._child.isalive(), seconds)
        self.take_rest()
        status = self._child.exitstatus
        return status if status is not None else -(self._child.signalstatus or 0)

    def take_rest(self) -> None:
        """Show all that was written: a terminal gives a few kilobytes at a time."""
        while self._take():
            pass

    def close(self) -> None:
        """End it, whatever it is at."""
        if self._child.isalive():
            self.signal(signal.SIGKILL)
        self.wait_end()
        self._child.close()

    def _take(self) -> bool:
        """Show what was written, and wait a moment for it if that is nothing yet; whether it was
        something."""
        if self._ended:
            time.sleep(_STEP_SECONDS)
            return False
        descriptor = self._child.child_fd
        if not select.select([descriptor], [], [], _STEP_SECONDS)[0]:
            return False
        # Not by pexpect: to that a dead child is the end, but its guard may write still.
        try:
            data = os.read(descriptor, _CHUNK)
        except OSError:  # nobody has it open now
            time.sleep(_STEP_SECONDS)
            return False
        self.seen += data
        self._show(self._unfinished + data)
        return True

    def _show(self, data: bytes) -> None:
        last = data.rfind(b"\x1b")
        if last < 0 or _WHOLE_SEQUENCE.match(data, last):
            last = len(data)
        self._unfinished = data[last:]
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data[:last]))

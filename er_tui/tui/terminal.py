# SPDX-License-Identifier: AGPL-3.0-or-later
"""Textual's driver, made to survive its terminal: a lost one must not keep the runs from ending."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
from codecs import IncrementalDecoder, getincrementaldecoder
from pathlib import Path
from typing import Any, TextIO

from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

from er_tui.session.lifeline import Lifeline, open_terminal

_MOST_UNWRITTEN = 1 << 16
_LOOK_MS = 100
_PAUSE_SECONDS = 0.005
_LAST_SECONDS = 0.3


def _forgiving(encoding: str) -> Any:
    """A decoder that takes any byte: a keyboard in another encoding is no reason to end."""

    def make() -> IncrementalDecoder:
        return getincrementaldecoder(encoding)(errors="replace")

    return make


# Textual decodes the keys strictly, and dies of the first byte that is not UTF-8.
linux_driver.getincrementaldecoder = _forgiving  # type: ignore[attr-defined]


class LosableFile:
    """A terminal to write to; once it is lost, what is written goes nowhere.

    Textual's writer thread would die of the error, and everything that writes then wait for it. One
    that takes nothing (stopped, or its window hangs) is waited for until :meth:`hurry`.
    """

    def __init__(self, file: TextIO) -> None:
        self._fileno = file.fileno()
        self._own = open_terminal(self._fileno)
        self._poll = select.poll()
        self._poll.register(self._own, select.POLLOUT)
        self._unwritten = bytearray()
        self._last_moment: float | None = None
        self.lost = False
        """Whether something was not written."""

    def write(self, text: str) -> None:
        self._unwritten += text.encode(errors="replace")
        if len(self._unwritten) >= _MOST_UNWRITTEN:
            self.flush()

    def flush(self) -> None:
        try:
            while self._unwritten and not self._is_late():
                if self._poll.poll(_LOOK_MS):
                    self._write_some()
        except OSError:
            self.lost = True
        self.lost = self.lost or bool(self._unwritten)
        self._unwritten.clear()

    def fileno(self) -> int:
        return self._fileno

    def hurry(self) -> None:
        """The end is near: wait a moment more at most; from a signal handler."""
        self._last_moment = time.monotonic() + _LAST_SECONDS

    def close(self) -> None:
        os.close(self._own)

    def _is_late(self) -> bool:
        return self._last_moment is not None and time.monotonic() >= self._last_moment

    def _write_some(self) -> None:
        try:
            del self._unwritten[: os.write(self._own, self._unwritten)]
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)  # it has room, but not for what comes next


class TerminalDriver(LinuxDriver):
    """Ends in bounded time whatever became of the terminal, and leaves it as it was found.

    The guard is told through the app's lifeline while the terminal is ours, and puts it back if we
    do not.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        assert self._file is not None
        self._losable = LosableFile(self._file)
        losable: Any = self._losable
        self._file = losable
        lifeline: Any = getattr(self._app, "lifeline", None)
        self._lifeline: Lifeline | None = lifeline
        self._stopped = False

    def start_application_mode(self) -> None:
        """Take the terminal, and tell the guard so: before, for it may happen half."""
        writer = self._writer_thread
        self._tell(_attributes(self.fileno), None)
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._stopped = False
        if self._writer_thread is not writer:
            self._tell(self.attrs_before, _attributes(self.fileno))
        elif self._lifeline is not None:
            self._lifeline.given_back()  # it was not to be had: we are in the background

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self._stopped = True

    def close(self) -> None:
        """Wait until all is written, as far as that can be, and tell the guard if it was."""
        super().close()
        if self._stopped and not self._losable.lost and self._lifeline is not None:
            self._lifeline.given_back()

    def hurry(self) -> None:
        """Wait for the terminal a moment more at most; from a signal handler."""
        self._losable.hurry()

    def _tell(self, before: list[Any] | None, during: list[Any] | None) -> None:
        if self._lifeline is not None:
            self._lifeline.taken(before, during)

    def _sigtstp_application(self, *arguments: Any) -> None:
        """Stop, unless nothing would ever start us again.

        All of our group, as the terminal's own stop would: what started us (``uv run``) has to be
        stopped too, or the shell goes on waiting for it.
        """
        del arguments
        if not can_be_brought_back():
            return
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        os.killpg(0, signal.SIGSTOP)

    def _sigcont_application(self, *arguments: Any) -> None:
        """Start again only after a stop of our own.

        SIGCONT comes with every hang-up too, and from whoever likes. A second start would take the
        raw terminal for the one to restore, and read the keys by two threads.
        """
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)


def can_be_brought_back() -> bool:
    """Whether a shell with job control started us: above our group there is another of our session.

    What Unix calls an orphaned group, which its stop signals leave alone for this reason.
    """
    above = os.getpid()
    try:
        while os.getpgid(above) == os.getpgrp():
            stat = Path(f"/proc/{above}/stat").read_bytes()
            above = int(stat.rpartition(b")")[2].split()[1])
        return os.getsid(above) == os.getsid(0)
    except OSError:
        return False  # there is nobody above, or not where we can see


def _attributes(descriptor: int) -> list[Any] | None:
    try:
        return termios.tcgetattr(descriptor)
    except termios.error:
        return None  # it is lost already

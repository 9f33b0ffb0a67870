# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guard: the engine's parent, and whatever of the three dies, the one that tidies up after it.

Started with one JSON document (:class:`Settings`). It starts the engine, and is the subreaper of
all below it: when the engine dies of anything but its own orderly end, everything that lives below
is killed. Standard input is the lifeline, a pipe whose other end only the dashboard holds; through
it the dashboard tells in JSON lines that it has taken the terminal, and that it has given it back:

    {"taken": {"before": "[...]", "during": "[...]"}}
    {"taken": null}

When the lifeline ends while the terminal is taken, the guard gives it back. On standard output it
says in one line how the engine died. It ends when the engine has and, where there is a terminal,
the lifeline.

One thread and the standard library only: it runs in an interpreter that has nothing else.
"""

from __future__ import annotations

import ast
import ctypes
import json
import os
import select
import signal
import sys
import termios
import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from er_tui.runtime.process.table import kill_descendants

_LIFELINE = 0
_REPORT = 1
_LOG = 2
_PR_SET_CHILD_SUBREAPER = 36
_PAUSE_SECONDS = 0.002
_UNKILLABLE_SECONDS = 5.0
"""What has not died of SIGKILL by then hangs in the kernel or is another user's by now."""
_ENGINE_SECONDS = 18.0
"""The engine takes up to 16 after its last client: for runs and backends that do not answer."""
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


class Settings(NamedTuple):
    """What the guard is told at its start."""

    command: list[str]
    """Of the engine; one more argument is added."""
    engine: Mapping[str, Any]
    """That argument, a JSON document; the guard adds its own pid as ``guard``."""
    listener: int
    """A descriptor that the engine inherits."""
    folder: str
    """The private folder of the socket and the log; the last of all removes it."""
    terminal: int | None
    """A descriptor of the dashboard's terminal of our own, so that it can be non-blocking."""


class Terminal:
    """The dashboard's terminal, as far as it has told of it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._taken: Mapping[str, Any] | None = None
        self._rest = b""

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


class Guard:
    """The engine that it started, and the lifeline."""

    def __init__(self, settings: Settings) -> None:
        self._engine = _start(settings)
        self._pidfd = os.pidfd_open(self._engine)
        self._terminal = Terminal(settings.terminal) if settings.terminal is not None else None
        self._folder = settings.folder
        self._alive = True
        self._lifeline = True
        self._give_up_at: float | None = None
        signal.signal(signal.SIGTERM, self._pass_on)

    def watch(self) -> None:
        """Until the engine has ended, and the lifeline too if there is a terminal to guard.

        The last of all removes the private folder.
        """
        poll = select.poll()
        poll.register(_LIFELINE, select.POLLIN)
        poll.register(self._pidfd, select.POLLIN)
        while self._alive or (self._lifeline and self._terminal is not None):
            for descriptor, _ in poll.poll(self._pause_ms()):
                if descriptor == self._pidfd:
                    poll.unregister(self._pidfd)
                    self._engine_ended()
                elif not self._hear():
                    poll.unregister(_LIFELINE)
            if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
                self._give_up_at = None
                _signal(self._pidfd, signal.SIGKILL)
        # A dashboard that lives reads the log once more, and removes it.
        if not self._lifeline or (poll.poll(0) and not self._hear()):
            _remove(self._folder)

    def _pause_ms(self) -> float | None:
        if self._give_up_at is None:
            return None
        return max(0.0, self._give_up_at - time.monotonic()) * 1000

    def _hear(self) -> bool:
        """False at the end of the lifeline."""
        data = os.read(_LIFELINE, 1 << 16)
        if data:
            if self._terminal is not None:
                self._terminal.hear(data)
            return True
        self._lifeline = False
        if self._alive:
            # By now the engine knows, and ends. One that hangs keeps its runs no longer than this.
            self._give_up_at = time.monotonic() + _ENGINE_SECONDS
        if self._terminal is not None:
            rest = "; its runs are being ended" if self._alive else ""
            self._terminal.restore(f"er-tui is gone{rest}")
        return False

    def _engine_ended(self) -> None:
        self._alive = False
        self._give_up_at = None
        how = os.waitid(os.P_PID, self._engine, os.WEXITED | os.WNOWAIT)
        assert how is not None
        if how.si_code != os.CLD_EXITED:
            _end_descendants()
            self._report(f"killed by {_name(how.si_status)}; its runs were ended")
        elif how.si_status:
            _end_descendants()
            self._report(f"it exited with code {how.si_status}; its runs were ended")
        else:
            self._report("")  # it ended all runs itself, and what lives was left alone on purpose
        signal.signal(signal.SIGCHLD, lambda _number, _frame: _reap_all())
        _reap_all()

    def _report(self, words: str) -> None:
        try:
            os.write(_REPORT, f"{words}\n".encode())
        except BrokenPipeError:
            pass  # nobody is there to be told

    def _pass_on(self, number: int, _frame: object) -> None:
        if self._alive:
            _signal(self._pidfd, number)


def _start(settings: Settings) -> int:
    """The engine, in a session of its own; its pid."""
    guard = os.getpid()
    pid = os.fork()
    if pid:
        os.close(settings.listener)
        return pid
    try:
        os.setsid()
        _adopt_orphans()  # survives the exec: the engine is told of nothing
        os.dup2(os.open(os.devnull, os.O_RDONLY), _LIFELINE)
        os.dup2(_LOG, _REPORT)
        command = [*settings.command, json.dumps({**settings.engine, "guard": guard})]
        os.execv(command[0], command)
    except OSError as error:
        os.write(_LOG, f"the engine cannot be started: {error}\n".encode())
    os._exit(127)


def _adopt_orphans() -> None:
    """Whoever below loses its parent becomes our child. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _end_descendants() -> None:
    """Kill until nobody is below us: as their subreaper we have a child as long as anybody is."""
    until = time.monotonic() + _UNKILLABLE_SECONDS
    while _has_children() and time.monotonic() < until:
        kill_descendants(os.getpid(), lambda _table, _process: False, _reap)
        time.sleep(_PAUSE_SECONDS)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _reap(pids: Collection[int]) -> None:
    for pid in pids:
        # One whose first thread has ended and others not looks dead, and cannot be reaped yet.
        os.waitpid(pid, os.WNOHANG)


def _reap_all() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass  # there are none


def _signal(pidfd: int, number: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        pass  # it has just ended


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _remove(folder: str) -> None:
    """The folder and what is known to be in it; who removed it before was quicker."""
    for name in ("engine.sock", "engine.log"):
        try:
            os.unlink(os.path.join(folder, name))
        except OSError:
            pass
    try:
        os.rmdir(folder)
    except OSError:
        pass


def main() -> None:
    settings = Settings(**json.loads(sys.argv[1]))
    # A parent that ignores SIGCHLD would have the kernel throw away every exit status.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Handled, not ignored: the engine's children would inherit that.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda _number, _frame: None)
    if settings.terminal is not None:
        os.set_inheritable(settings.terminal, False)
    _adopt_orphans()
    Guard(settings).watch()

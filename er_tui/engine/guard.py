# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guard: the engine's parent, and whatever of the three dies, the one that tidies up after it.

Started with one JSON document (:class:`Settings`). It starts the engine, and is the subreaper of
all below it: when the engine dies of anything but its own orderly end, everything that lives below
is killed. Standard input is the lifeline, a pipe whose other end only the dashboard holds: when it
ends while the terminal is taken, the guard gives that back (:mod:`er_tui.engine.terminal`). From
then on it asks the engine now and then whether it goes on: for other clients, or because it is to
be kept. One that does not answer, or is to end and does not, is killed. On standard output the
guard says in one line how the engine died. It ends when the engine has and, where there is a
terminal, the lifeline.

One thread and the standard library only: it runs in an interpreter that has nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from er_tui.engine.terminal import CHUNK, LIFELINE, Terminal
from er_tui.runtime.process.table import kill_descendants

_REPORT = 1
_LOG = 2
_PR_SET_CHILD_SUBREAPER = 36
_PAUSE_SECONDS = 0.002
_UNKILLABLE_SECONDS = 5.0
"""What has not died of SIGKILL by then hangs in the kernel or is another user's by now."""
_ENGINE_SECONDS = 18.0
"""The engine takes up to 16 after its last client: for runs and backends that do not answer."""
_ASK_SECONDS = 10.0
"""Between two questions to an engine that goes on."""
_ANSWER_SECONDS = 0.25
"""The most that a terminal waits for what to say of the engine."""


class Settings(NamedTuple):
    """What the guard is told at its start."""

    command: list[str]
    """Of the engine; one more argument is added."""
    engine: Mapping[str, Any]
    """That argument, a JSON document; the guard adds its own pid as ``guard``, and the pipe of its
    ``questions`` and that for the ``answers``."""
    listener: int
    """A descriptor that the engine inherits."""
    folder: str
    """The private folder of the socket and the log; the last of all removes it."""
    terminal: int | None
    """A descriptor of the dashboard's terminal of our own, so that it can be non-blocking."""


class Guard:
    """The engine that it started, and the lifeline."""

    def __init__(self, settings: Settings) -> None:
        self._terminal = Terminal(settings.terminal) if settings.terminal is not None else None
        self._engine, self._questions, self._answers = _start(settings)
        self._pidfd = os.pidfd_open(self._engine)
        self._folder = settings.folder
        self._alive = True
        self._lifeline = True
        self._ask_at: float | None = None
        self._give_up_at: float | None = None
        signal.signal(signal.SIGTERM, self._pass_on)

    def watch(self) -> None:
        """Until the engine has ended, and the lifeline too if there is a terminal to guard.

        The last of all removes the private folder.
        """
        poll = select.poll()
        for descriptor in (LIFELINE, self._pidfd, self._answers):
            poll.register(descriptor, select.POLLIN)
        while self._alive or (self._lifeline and self._terminal is not None):
            for descriptor, _ in poll.poll(self._pause_ms()):
                if descriptor == self._pidfd:
                    poll.unregister(self._pidfd)
                    self._engine_ended()
                elif not (self._hear() if descriptor == LIFELINE else self._hear_answer()):
                    poll.unregister(descriptor)
            self._look_at_the_clock()
        # A dashboard that lives reads the log once more, and removes it.
        if not self._lifeline or (_is_ready(LIFELINE, 0) and not self._hear()):
            _remove(self._folder)

    def _pause_ms(self) -> float | None:
        times = [at for at in (self._ask_at, self._give_up_at) if at is not None]
        return max(0.0, min(times) - time.monotonic()) * 1000 if times else None

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._give_up_at is not None and now >= self._give_up_at:
            self._give_up_at = None
            _signal(self._pidfd, signal.SIGKILL)
        if self._ask_at is not None and now >= self._ask_at:
            self._ask()

    def _hear(self) -> bool:
        """False at the end of the lifeline."""
        data = os.read(LIFELINE, CHUNK)
        if data:
            if self._terminal is not None:
                self._terminal.hear(data)
            return True
        self._lifeline = False
        if self._alive:
            self._ask()
        if self._terminal is not None:
            if self._terminal.taken:
                self._terminal.restore(f"er-tui is gone{self._outlook()}")
            self._terminal.close()
        return False

    def _outlook(self) -> str:
        """What becomes of the engine, for whoever reads the terminal."""
        if not self._alive:
            return ""
        if _is_ready(self._answers, _ANSWER_SECONDS):
            self._hear_answer()
        # What was asked is not answered by one that is ending.
        goes_on = self._ask_at is not None
        return "; its engine goes on: er-tui attach" if goes_on else "; its runs are being ended"

    def _ask(self) -> None:
        """Whether the engine goes on; one that says nothing keeps its runs no longer than this."""
        self._ask_at = None
        self._give_up_at = time.monotonic() + _ENGINE_SECONDS
        try:
            os.write(self._questions, b"?")
        except BrokenPipeError:
            pass  # it is ending

    def _hear_answer(self) -> bool:
        """False when the engine will answer no more."""
        answer = os.read(self._answers, 1)
        if answer == b"+" and self._alive:
            self._give_up_at = None
            self._ask_at = time.monotonic() + _ASK_SECONDS
        return bool(answer)

    def _engine_ended(self) -> None:
        self._alive = False
        self._ask_at = self._give_up_at = None
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


def _start(settings: Settings) -> tuple[int, int, int]:
    """The engine, in a session of its own: its pid, where it is asked, and where it answers."""
    guard = os.getpid()
    their_questions, questions = os.pipe()
    answers, their_answers = os.pipe()
    theirs = {"questions": their_questions, "answers": their_answers}
    pid = os.fork()
    if pid:
        for descriptor in (settings.listener, *theirs.values()):
            os.close(descriptor)
        return pid, questions, answers
    try:
        os.setsid()
        _adopt_orphans()  # survives the exec: the engine is told of nothing
        os.dup2(os.open(os.devnull, os.O_RDONLY), LIFELINE)
        os.dup2(_LOG, _REPORT)
        for descriptor in theirs.values():
            os.set_inheritable(descriptor, True)
        document = {**settings.engine, "guard": guard, **theirs}
        command = [*settings.command, json.dumps(document)]
        os.execv(command[0], command)
    except OSError as error:
        os.write(_LOG, f"the engine cannot be started: {error}\n".encode())
    os._exit(127)


def _is_ready(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or an end, within that time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


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
    for name in ("engine.sock", "engine.log", "engine.json", "engine.json.new"):
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
    _adopt_orphans()
    Guard(settings).watch()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine process: ``python -m er_tui.engine`` with one JSON document, its :class:`Settings`.

Started by the guard for a session, which made the private folder and the socket in it; describes
itself there, for whoever wants to attach. Ends all runs when the last client is gone, unless it is
to be kept, on SIGTERM and when the guard is dead, with little grace: whoever cared is not there any
more. Kept, it ends once it has had neither client nor run for a while. Exits with 0 if everything
that it was to end has ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import sys
import threading
import time
from typing import NamedTuple

from er_tui import __version__
from er_tui.engine.description import Description
from er_tui.engine.messages import PROTOCOL_VERSION, Ending, Queued, Refused
from er_tui.engine.oversight import Oversight
from er_tui.engine.queue import Job, RunQueue
from er_tui.engine.sampler import Sampler
from er_tui.engine.server import Server
from er_tui.engine.staying import Staying
from er_tui.engine.strays import Strays
from er_tui.journal.identity import own_identity
from er_tui.runtime import ExecutorRuntime
from er_tui.runtime.runners import AsyncHttpRunner, HttpRunner, SubprocessRunner
from er_tui.rxp import RuntimeResult
from er_tui.rxp.metadata.process import DEFAULT_GRACE_SECONDS

_GRACE_SECONDS = 0.4
"""Whoever kills the dashboard finds nothing left a second later."""
_LAST_WAIT_SECONDS = 10.0
_FLUSH_SECONDS = 1.0
_OWN_DESCRIPTORS = 64
_DESCRIPTORS_A_RUN = 12


class Settings(NamedTuple):
    """What an engine is told at its start."""

    listener: int
    """The descriptor of a listening socket."""
    guard: int
    """The pid of our parent."""
    questions: int
    """The descriptor through which it asks whether we go on; at its end when the guard is dead."""
    answers: int
    """The descriptor for the answers."""
    folder: str
    """Private to this engine; the socket and the log are in it."""
    jobs: int
    waiting_jobs: int
    grace_seconds: float | None
    max_capture_bytes: int | None
    paths: list[str]
    """Of the invocations, absolute; for those who look for this engine."""
    keep: bool
    """Whether to go on when the last client is gone."""
    idle_seconds: float
    """How long it is kept without a run and a client."""


def make_runtime(settings: Settings) -> ExecutorRuntime:
    """Every kind that has a runner."""
    runtime = ExecutorRuntime()
    grace = settings.grace_seconds
    processes = SubprocessRunner(
        unbuffered=True,
        grace_seconds=DEFAULT_GRACE_SECONDS if grace is None else grace,
        max_capture_bytes=settings.max_capture_bytes,
        watchdog=False,  # the guard is one for us all
    )
    runtime.register("subprocess", processes)
    runtime.register("http", HttpRunner())
    runtime.register("http_async", AsyncHttpRunner())
    return runtime


def main() -> int:
    settings = Settings(**json.loads(sys.argv[1]))
    # The terminal's signals are the dashboard's; ours are SIGTERM and the end of the connection.
    # Handled, not ignored: children would inherit that.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda _number, _frame: None)
    _make_room(settings.jobs + settings.waiting_jobs)
    server = Server(
        socket.socket(fileno=settings.listener),
        settings.jobs,
        settings.waiting_jobs,
        Oversight(settings.questions, settings.answers),
        Staying(settings.keep, settings.idle_seconds),
    )
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.stop("SIGTERM to the engine"))
    engine = _Engine(settings, server)
    _describe(settings)
    # With a handler a dead child stays until it is reaped, whatever we inherited.
    signal.signal(signal.SIGCHLD, lambda _number, _frame: engine.sampler.child_died())
    reason = "the engine failed"
    try:
        reason = server.serve(engine.queue)
    finally:
        done = engine.end(reason)
    shutil.rmtree(settings.folder, ignore_errors=True)
    _let_backends_be_told()
    server.publish(Ending(f"{reason}: every run was ended"))
    server.flush(_FLUSH_SECONDS)
    server.close()
    return 0 if done else 1


class _Engine:
    """The runs, and all that goes on beside them."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._server = server
        self._strays = Strays()
        runtime = make_runtime(settings)
        self.queue = RunQueue(runtime, settings.jobs, self, settings.waiting_jobs)
        self.sampler = Sampler(self.queue.process_controls, server.publish, self._strays)

    def queued(self, job: Job) -> None:
        self._server.publish(Queued(job.control.run_id, job.queued_at))

    def began(self, _job: Job) -> None:
        self.sampler.begin()

    def ended(self, job: Job, result: RuntimeResult) -> None:
        self._strays.ended(job.control.run_id, result)

    def broken(self, job: Job, error: Exception) -> None:
        words = f"{type(error).__name__}: {error}"
        self._server.publish(Refused(job.control.run_id, words))

    def left(self) -> None:
        self._server.look()

    def end(self, reason: str) -> bool:
        """End all runs, and then what they left behind; False if some did not end."""
        done = self.queue.end_all(reason, _GRACE_SECONDS, _LAST_WAIT_SECONDS)
        self.sampler.stop()
        self._strays.end(self.queue.process_controls())
        return done


def _describe(settings: Settings) -> None:
    """Leave word of ourselves in the folder, and keep whoever tidies up from taking that away.

    Where that cannot be done (a full disk), we are not found by others; that is all.
    """
    description = Description(
        protocol=PROTOCOL_VERSION,
        version=__version__,
        process=own_identity(),
        guard=settings.guard,
        paths=tuple(settings.paths),
        started_at=time.time(),
        jobs=settings.jobs,
        waiting_jobs=settings.waiting_jobs,
    )
    try:
        description.write(settings.folder)
        # systemd-tmpfiles leaves a folder that is locked alone, however old it is.
        fcntl.flock(os.open(settings.folder, os.O_RDONLY | os.O_CLOEXEC), fcntl.LOCK_SH)
    except OSError as error:
        print(f"nobody can attach: {error}", file=sys.stderr)  # noqa: T201 - that is the log


def _make_room(runs: int) -> None:
    """Allow as many descriptors as that many runs at once need, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _OWN_DESCRIPTORS + runs * _DESCRIPTORS_A_RUN
    if soft != resource.RLIM_INFINITY and soft < needed:
        room = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))


def _let_backends_be_told() -> None:
    """Cancels on their way to a backend are the threads that are no daemons; they are bounded."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join()


if __name__ == "__main__":
    # Workers are daemons; one that hangs must not hold the exit up.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine process: ``python -m er_tui.engine`` with a listening descriptor, a folder, and how
many processes and how many other runs go on at a time.

Started by a session, which made the private folder and the socket in it. Ends all runs when the
last client is gone or on SIGTERM, with little grace: whoever cared is not there any more.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import sys
import threading
import time

from er_tui.engine.messages import Queued, Refused
from er_tui.engine.queue import Job, RunQueue
from er_tui.engine.server import Server
from er_tui.runtime import ExecutorRuntime
from er_tui.runtime.runners import AsyncHttpRunner, HttpRunner, SubprocessRunner

_GRACE_SECONDS = 0.5
_LAST_WAIT_SECONDS = 10.0
_FLUSH_SECONDS = 1.0
_OWN_DESCRIPTORS = 64
_DESCRIPTORS_A_RUN = 12


def make_runtime() -> ExecutorRuntime:
    """Every kind that has a runner."""
    runtime = ExecutorRuntime()
    runtime.register("subprocess", SubprocessRunner(unbuffered=True))
    runtime.register("http", HttpRunner())
    runtime.register("http_async", AsyncHttpRunner())
    return runtime


def main() -> int:
    descriptor, folder = int(sys.argv[1]), sys.argv[2]
    jobs, waiting_jobs = int(sys.argv[3]), int(sys.argv[4])
    # A parent that ignores SIGCHLD would have the kernel throw away every exit status.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # The terminal's signals are the dashboard's; ours are SIGTERM and the end of the connection.
    # Handled, not ignored: children would inherit that.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda _number, _frame: None)
    _make_room(jobs + waiting_jobs)
    server = Server(socket.socket(fileno=descriptor), jobs, waiting_jobs)
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.stop())

    def queued(job: Job) -> None:
        server.publish(Queued(job.control.run_id, time.time()))

    def broken(job: Job, error: Exception) -> None:
        server.publish(Refused(job.control.run_id, f"{type(error).__name__}: {error}"))

    queue = RunQueue(make_runtime(), jobs, queued, broken, waiting_jobs)
    try:
        server.serve(queue)
    finally:
        done = queue.end_all("the dashboard is gone", _GRACE_SECONDS, _LAST_WAIT_SECONDS)
    _let_backends_be_told()
    server.flush(_FLUSH_SECONDS)
    server.close()
    shutil.rmtree(folder, ignore_errors=True)
    return 0 if done else 1


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

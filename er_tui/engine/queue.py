# SPDX-License-Identifier: AGPL-3.0-or-later
"""The queue: so many runs at once, the rest in order, each in a worker thread of our own.

Two lanes, because they cost different things: runs that are processes here, and runs that wait for
somebody else (``http``, ``http_async``, ``manual``).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from er_tui.engine.messages import DEFAULT_WAITING_JOBS, WAITING_KINDS
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.rxp import RuntimeInvocation, RuntimeResult


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A run that was asked for; equal to itself only."""

    invocation: RuntimeInvocation
    control: RunControl
    queued_at: float = field(default_factory=time.time)


class Lane:
    """Up to ``width`` worker threads over one first-in-first-out queue.

    Threads start when there is work and end when there is none: idle lanes cost nothing. They are
    daemons, so a worker stuck in the kernel never keeps the engine from exiting.
    """

    def __init__(self, name: str, width: int, work: Callable[[Job], None]) -> None:
        self._name = name
        self._width = width
        self._work = work
        self._jobs: deque[Job] = deque()
        self._workers = 0
        self._idle = threading.Condition()

    def put(self, job: Job) -> None:
        """Raises ValueError if there is no worker and none can be had."""
        with self._idle:
            self._jobs.append(job)
            if self._workers < self._width:
                worker = threading.Thread(
                    target=self._run, name=f"{self._name}-worker", daemon=True
                )
                try:
                    worker.start()
                except RuntimeError:  # no more threads or processes for this user now
                    if not self._workers:
                        self._jobs.remove(job)
                        raise ValueError("the system gives no thread for it") from None
                    return  # those there are take it in turn
                self._workers += 1

    def withdraw(self, job: Job) -> bool:
        """Take a job back that no worker has begun; False if it is not waiting here."""
        with self._idle:
            try:
                self._jobs.remove(job)
            except ValueError:
                return False
            return True

    def wait_idle(self, seconds: float) -> bool:
        """Wait until nothing is queued or running; False if that took longer."""
        with self._idle:
            return self._idle.wait_for(lambda: self._workers == 0, seconds)

    def _run(self) -> None:
        while True:
            with self._idle:
                if not self._jobs:
                    self._workers -= 1
                    self._idle.notify_all()
                    return
                job = self._jobs.popleft()
            self._work(job)


class Observer(Protocol):
    """Is told what becomes of runs; but for :meth:`queued` on the worker's thread."""

    def queued(self, job: Job) -> None:
        """The run was taken; nothing has happened in it."""

    def began(self, job: Job) -> None:
        """A worker runs it now."""

    def ended(self, job: Job, result: RuntimeResult) -> None:
        """The run is over."""

    def broken(self, job: Job, error: Exception) -> None:
        """The run raised instead of giving a result."""

    def left(self) -> None:
        """A run is in the queue no more; it has ended or was broken."""


class RunQueue:
    """All runs of an engine that are queued or running.

    :meth:`put`, :meth:`cancel` and :meth:`end_all` are for one thread.
    """

    def __init__(
        self,
        runtime: ExecutorRuntime,
        jobs: int,
        observer: Observer,
        waiting_jobs: int = DEFAULT_WAITING_JOBS,
    ) -> None:
        self._runtime = runtime
        self._observer = observer
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._running: dict[str, Job] = {}
        self._ending = False
        self._processes = Lane("process", jobs, self._work)
        self._waiting = Lane("waiting", waiting_jobs, self._work)
        self._withdrawn = Lane("withdrawn", 1, self._work)

    def put(self, job: Job) -> None:
        """Queue a run. Raises ValueError if its id is in use, all is being ended, or there is no
        worker for it."""
        if self._ending:
            raise ValueError("the engine is ending")
        with self._lock:
            if job.control.run_id in self._jobs:
                raise ValueError(f"run {job.control.run_id} exists already")
            self._jobs[job.control.run_id] = job
        self._observer.queued(job)
        try:
            self._lane(job).put(job)
        except ValueError:
            with self._lock:
                del self._jobs[job.control.run_id]
            raise

    def cancel(self, run_id: str, reason: str) -> bool:
        """Cancel a run, queued or running; False if there is none of that id."""
        with self._lock:
            job = self._jobs.get(run_id)
        if job is None:
            return False
        self._end(job, reason, None)
        return True

    def control(self, run_id: str) -> RunControl | None:
        """Of a run that is queued or running."""
        with self._lock:
            job = self._jobs.get(run_id)
        return job.control if job is not None else None

    def jobs(self) -> list[Job]:
        """All that are queued or running, in the order of their coming."""
        with self._lock:
            return list(self._jobs.values())

    @property
    def running_count(self) -> int:
        with self._lock:
            return len(self._running)

    def process_controls(self) -> list[RunControl]:
        """Of the processes that are running, or about to; from any thread."""
        with self._lock:
            running = list(self._running.values())
        return [j.control for j in running if j.invocation.runtime_kind not in WAITING_KINDS]

    def end_all(self, reason: str, grace_seconds: float, wait_seconds: float) -> bool:
        """Cancel everything and wait for it; False if something was still there at the end.

        Nothing can be queued any more.
        """
        self._ending = True
        for job in self.jobs():
            self._end(job, reason, grace_seconds)
        until = time.monotonic() + wait_seconds
        lanes = (self._processes, self._waiting, self._withdrawn)
        return all(lane.wait_idle(max(0.0, until - time.monotonic())) for lane in lanes)

    def _end(self, job: Job, reason: str, grace_seconds: float | None) -> None:
        job.control.cancel(reason, grace_seconds=grace_seconds)
        # A queued run is recorded as cancelled now, not when its turn would have come.
        if self._lane(job).withdraw(job):
            try:
                self._withdrawn.put(job)
            except ValueError:
                self._work(job)  # it starts nothing any more, and takes a moment

    def _lane(self, job: Job) -> Lane:
        waits = job.invocation.runtime_kind in WAITING_KINDS
        return self._waiting if waits else self._processes

    def _work(self, job: Job) -> None:
        run_id = job.control.run_id
        with self._lock:
            self._running[run_id] = job
        self._observer.began(job)
        try:
            self._observer.ended(job, self._runtime.run(job.invocation, control=job.control))
        except Exception as error:  # noqa: BLE001 - a fault of ours; it must not stop the lane
            self._observer.broken(job, error)
        finally:
            with self._lock:
                del self._jobs[run_id], self._running[run_id]
            self._observer.left()

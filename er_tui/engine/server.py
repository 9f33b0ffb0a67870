# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command socket: one thread that reads commands and tells every client what happens.

Workers append events to a queue and wake this thread, which alone speaks.
"""

from __future__ import annotations

import math
import os
import selectors
import socket
import time
from collections import deque

from er_tui.engine.clients import Client
from er_tui.engine.connections import Connections
from er_tui.engine.messages import (
    LEAVINGS,
    PROTOCOL_VERSION,
    Cancel,
    Extend,
    Hello,
    Inquire,
    Keys,
    Known,
    Leave,
    Left,
    LowSpace,
    Message,
    MessageError,
    Refused,
    RunEvent,
    SendSignal,
    Standing,
    Start,
    Welcome,
    Window,
    to_line,
)
from er_tui.engine.oversight import Oversight
from er_tui.engine.queue import Job, RunQueue
from er_tui.engine.staying import Staying
from er_tui.engine.steering import reason_of, size_of, steer
from er_tui.runtime import RunControl
from er_tui.rxp import RuntimeInvocation

_PACE_SECONDS = 0.01
"""Between two tellings: events come by the thousand, and each telling takes the workers' turn."""


class Server(Connections):
    """Serves clients until nothing makes it stay, the guard is gone, or :meth:`stop` is called."""

    def __init__(
        self,
        listener: socket.socket,
        jobs: int,
        waiting_jobs: int,
        guard: Oversight,
        staying: Staying,
    ) -> None:
        super().__init__(listener)
        self._jobs = (jobs, waiting_jobs)
        self._guard = guard
        self._staying = staying
        self._outbox: deque[Message] = deque()
        self._waker = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._awake = False
        self._tell_at = 0.0
        self._stopped: str | None = None
        self._window: tuple[int, int] | None = None
        self._low_space: dict[str, LowSpace] = {}
        self._queue: RunQueue | None = None

    def publish(self, message: Message) -> None:
        """Tell every client; callable from any thread."""
        self._outbox.append(message)
        # Whoever finds the server awake already leaves it alone: it looks once more.
        if not self._awake:
            self._awake = True
            self._wake()

    def stop(self, reason: str) -> None:
        """Make :meth:`serve` return ``reason``; callable from a signal handler."""
        self._stopped = self._stopped or reason
        self._wake()

    def look(self) -> None:
        """See whether there still is a reason to stay; callable from any thread."""
        self._wake()

    def serve(self, queue: RunQueue) -> str:
        """Serve until there is a reason not to, and give it; clients stay connected after it."""
        self._queue = queue
        self._selector.register(self._guard, selectors.EVENT_READ, self._hear_guard)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._waker, selectors.EVENT_READ, self._woken)
        while self._stopped is None and (left := self._seconds_left()) > 0:
            self._turn(None if left == math.inf else left)
        self._selector.unregister(self._guard)
        self._guard.close()
        return self._stopped or "the dashboard is gone"

    def flush(self, seconds: float) -> None:
        """Send what is waiting to be sent, for at most ``seconds``."""
        until = time.monotonic() + seconds
        while self._outbox or any(client.unsent for client in self._clients.values()):
            left = until - time.monotonic()
            if left <= 0:
                return
            self._turn(left)

    def close(self) -> None:
        for client in list(self._clients.values()):
            self._drop(client)
        self._selector.close()
        self._listener.close()
        os.close(self._waker)

    def _seconds_left(self) -> float:
        assert self._queue is not None
        return self._staying.seconds_left(self._count(), bool(self._queue.jobs()))

    def _turn(self, seconds: float | None) -> None:
        if self._outbox:
            pace = max(0.0, self._tell_at - time.monotonic())
            seconds = pace if seconds is None else min(seconds, pace)
        for key, ready in self._selector.select(seconds):
            if isinstance(key.data, Client):
                self._talk(key.data, ready)
            else:
                key.data()
        if self._outbox and time.monotonic() >= self._tell_at:
            self._tell()
            self._tell_at = time.monotonic() + _PACE_SECONDS

    def _tell(self) -> None:
        """Send every client what there is to say, at once."""
        messages = []
        while self._outbox:
            message = self._outbox.popleft()
            messages.append(message)
            if isinstance(message, LowSpace):
                self._low_space[message.place] = message
        lines = b"".join(map(to_line, messages))
        for client in list(self._clients.values()):
            if client.greeted:
                client.tell(messages, lines)
                self._send(client)

    def _wake(self) -> None:
        os.eventfd_write(self._waker, 1)

    def _woken(self) -> None:
        os.eventfd_read(self._waker)
        self._awake = False

    def _hear_guard(self) -> None:
        if not self._guard.hear():
            self.stop("the guard was killed")
        elif self._queue is not None:
            # It asks when the lifeline has ended: who held it is gone, whether we know yet or not.
            clients = sum(c.counted and not c.starter for c in self._clients.values())
            left = self._staying.seconds_left(clients, bool(self._queue.jobs()))
            self._guard.answer(self._stopped is None and left > 0)

    def _obey(self, client: Client, message: Message) -> None:
        if isinstance(message, Hello):
            self._greet(client, message)
        elif isinstance(message, Inquire):
            self._send(client, to_line(self._standing()))
        elif not client.greeted:
            raise MessageError("the first message must be hello")
        elif isinstance(message, Leave):
            self._let_go(client, message)
        else:
            self._serve(client, message)

    def _greet(self, client: Client, hello: Hello) -> None:
        assert self._queue is not None
        if hello.protocol != PROTOCOL_VERSION:
            raise MessageError(
                f"the engine speaks protocol {PROTOCOL_VERSION}, not {hello.protocol}"
            )
        client.greeted = self._staying.had_client = True
        known = [] if client.counted else [_known(job) for job in self._queue.jobs()]
        client.counted = True
        welcome = Welcome(PROTOCOL_VERSION, os.getpid(), *self._jobs)
        messages: list[Message] = [welcome, *self._low_space.values(), *known]
        for message in messages:
            client.unsent += to_line(message)
        self._tell_company()

    def _let_go(self, client: Client, leave: Leave) -> None:
        """The client leaves; what that means for us is told to it, and the others."""
        if leave.how not in LEAVINGS:
            raise MessageError(f"a client leaves by one of {sorted(LEAVINGS)}")
        assert self._queue is not None
        client.counted = False
        if leave.how == "end":
            self.stop("ended by the operator")
        elif leave.how == "keep":
            self._staying.keep = True
        elif leave.how == "quit" and not self._count() and not self._queue.jobs():
            self._staying.keep = False
        goes_on = self._stopped is None and self._seconds_left() > 0
        self._send(client, to_line(Left(goes_on)))
        self._tell_company()

    def _standing(self) -> Standing:
        assert self._queue is not None
        all_of_them, running = len(self._queue.jobs()), self._queue.running_count
        queued = max(0, all_of_them - running)
        return Standing(running, queued, self._count(), self._staying.keep)

    def _serve(self, client: Client, message: Message) -> None:
        """Do what a client that said hello asks for."""
        assert self._queue is not None
        match message:
            case Start():
                self._begin(client, message, self._queue)
            case Cancel(run_id):
                self._queue.cancel(run_id, str(message.reason))
            case SendSignal(run_id) | Extend(run_id) | Keys(run_id):
                try:
                    steer(self._queue.control(run_id), message)
                except (TypeError, ValueError) as error:
                    # Not a refusal of the run: that goes on.
                    self._send(client, to_line(Refused(None, f"run {run_id}: {error}")))
            case Window():
                self._window = size_of(message)
                for job in self._queue.jobs():
                    job.control.resize(*self._window)
            case _:
                raise MessageError(f"{message.name} is for the engine to say")

    def _begin(self, client: Client, start: Start, queue: RunQueue) -> None:
        """Queue the run; only who asked is told if that cannot be: the id may be another's."""
        try:
            control = RunControl(
                run_id=start.run_id,
                source=start.source,
                on_event=lambda event: self.publish(RunEvent(start.run_id, event)),
            )
            if self._window is not None:
                control.resize(*self._window)
            job = Job(RuntimeInvocation.model_validate(dict(start.invocation)), control)
            queue.put(job)
        except (TypeError, ValueError) as error:
            self._send(client, to_line(Refused(start.run_id, reason_of(error))))
            return
        # What has happened in it waits to be told by this thread, after this.
        line = to_line(_known(job, queued=True))
        for other in list(self._clients.values()):
            if other is not client and other.greeted:
                self._send(other, line)


def _known(job: Job, *, queued: bool = False) -> Known:
    """What a client is told of a run that it did not start."""
    control, directory = job.control, None
    if control.record is not None and not queued:
        written = control.record.directory
        directory = written.path if written is not None else ""
    kind = job.invocation.runtime_kind
    return Known(control.run_id, control.source, kind, job.queued_at, directory)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command socket: one thread that reads commands and tells every client what happens.

Workers append events to a queue and wake this thread; it alone touches the sockets. A client that
does not read is dropped once it is :data:`MOST_UNSENT` bytes behind: it can read the journals.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections import deque

from pydantic import ValidationError

from er_tui.engine.clients import Client
from er_tui.engine.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Extend,
    Hello,
    Keys,
    Message,
    MessageError,
    Refused,
    RunEvent,
    SendSignal,
    Start,
    Welcome,
    Window,
    from_line,
    to_line,
)
from er_tui.engine.queue import Job, RunQueue
from er_tui.runtime import RunControl
from er_tui.rxp import RuntimeInvocation

MOST_UNSENT = 64 << 20
_CHUNK = 1 << 18
_LARGEST_SIZE = 9999
_GUARD_GONE = "the guard was killed"
_PACE_SECONDS = 0.01
"""Between two tellings: events come by the thousand, and each telling takes the workers' turn."""
_FIRST_CLIENT_SECONDS = 30.0
"""Whoever started the engine connects at once; if nobody does, nobody will."""


class Server:
    """Serves clients until the last one is gone, the guard is, or :meth:`stop` is called.

    ``guard`` is a descriptor that becomes readable when the guard dies; None if it has already.
    """

    def __init__(
        self, listener: socket.socket, jobs: int, waiting_jobs: int, guard: int | None
    ) -> None:
        self._listener = listener
        self._jobs = (jobs, waiting_jobs)
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, Client] = {}
        self._outbox: deque[Message] = deque()
        self._waker = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._awake = False
        self._tell_at = 0.0
        self._guard = guard
        self._stopped: str | None = None if guard is not None else _GUARD_GONE
        self._had_client = False
        self._window: tuple[int, int] | None = None
        self._queue: RunQueue | None = None

    @property
    def has_clients(self) -> bool:
        return bool(self._clients)

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

    def serve(self, queue: RunQueue) -> str:
        """Serve until there is a reason not to, and give it; clients stay connected after it."""
        self._queue = queue
        if self._guard is not None:
            self._selector.register(self._guard, selectors.EVENT_READ, self._guard_died)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._waker, selectors.EVENT_READ, self._woken)
        give_up_at = time.monotonic() + _FIRST_CLIENT_SECONDS
        while self._stopped is None and (self._clients or not self._had_client):
            if not self._had_client and time.monotonic() >= give_up_at:
                break
            self._turn(None if self._had_client else give_up_at - time.monotonic())
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
            messages.append(self._outbox.popleft())
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

    def _guard_died(self) -> None:
        assert self._guard is not None
        self._selector.unregister(self._guard)
        self.stop(_GUARD_GONE)

    def _accept(self) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:
            return  # gone again before we looked
        connection.setblocking(False)
        client = Client(connection)
        self._had_client = True
        self._clients[connection.fileno()] = client
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _talk(self, client: Client, ready: int) -> None:
        if ready & selectors.EVENT_WRITE:
            self._send(client)
        if ready & selectors.EVENT_READ and client.connection.fileno() >= 0:
            self._receive(client)

    def _receive(self, client: Client) -> None:
        try:
            data = client.connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        try:
            for line in client.lines.feed(data):
                message = from_line(line)
                if message is not None:
                    self._obey(client, message)
        except MessageError as error:
            self._send(client, to_line(Refused(None, str(error))))
            self._drop(client)

    def _obey(self, client: Client, message: Message) -> None:
        if isinstance(message, Hello):
            if message.protocol != PROTOCOL_VERSION:
                raise MessageError(
                    f"the engine speaks protocol {PROTOCOL_VERSION}, not {message.protocol}"
                )
            client.greeted = True
            self._send(client, to_line(Welcome(PROTOCOL_VERSION, os.getpid(), *self._jobs)))
        elif not client.greeted:
            raise MessageError("the first message must be hello")
        else:
            self._serve(client, message)

    def _serve(self, client: Client, message: Message) -> None:
        """Do what a client that said hello asks for."""
        assert self._queue is not None
        match message:
            case Start():
                self._begin(client, message, self._queue)
            case Cancel(run_id):
                self._queue.cancel(run_id, "cancelled by the operator")
            case SendSignal(run_id) | Extend(run_id) | Keys(run_id):
                try:
                    _steer(self._queue.control(run_id), message)
                except (TypeError, ValueError) as error:
                    # Not a refusal of the run: that goes on.
                    self._send(client, to_line(Refused(None, f"run {run_id}: {error}")))
            case Window(columns, rows):
                self._window = _size(columns), _size(rows)
                for control in self._queue.controls():
                    control.resize(*self._window)
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
            invocation = RuntimeInvocation.model_validate(dict(start.invocation))
            queue.put(Job(invocation, control))
        except (TypeError, ValueError) as error:
            self._send(client, to_line(Refused(start.run_id, _reason(error))))

    def _send(self, client: Client, data: bytes = b"") -> None:
        client.unsent += data
        try:
            while client.catch_up():
                del client.unsent[: client.connection.send(client.unsent[:_CHUNK])]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        if len(client.unsent) > MOST_UNSENT:
            self._drop(client)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        self._selector.modify(client.connection, events, client)

    def _drop(self, client: Client) -> None:
        if self._clients.pop(client.connection.fileno(), None) is not None:
            self._selector.unregister(client.connection)
            client.connection.close()


def _steer(control: RunControl | None, message: SendSignal | Extend | Keys) -> None:
    """Carry out an order to a live run. Raises ValueError or TypeError if that cannot be."""
    if control is None or control.record is None:
        if isinstance(message, Keys):
            return  # typed on while it ended
        raise ValueError("it is not running")
    match message:
        case SendSignal(_, name):
            if name not in signal.Signals.__members__:
                raise ValueError(f"{name!r} is not a signal")
            if control.leader is None:
                raise ValueError("it has no process that could be signalled")
            control.send_signal(signal.Signals[name])
        case Extend(_, seconds):
            if not control.extend(seconds):
                raise ValueError("it has no deadline, or that has passed")
        case Keys(_, text):
            if not isinstance(text, str):
                raise TypeError("keys are text")
            control.type_keys(text.encode())


def _size(number: object) -> int:
    """Columns or rows, as far as a terminal can have them. Raises MessageError."""
    if not isinstance(number, int) or not 0 < number <= _LARGEST_SIZE:
        raise MessageError(f"{number!r} is not the size of a window")
    return number


def _reason(error: TypeError | ValueError) -> str:
    """The error in words; without the values of an invocation, which may be secret."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    words = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    return f"not an invocation: {'; '.join(words)}"

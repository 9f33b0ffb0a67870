# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server that does to its clients, byte by byte, what a function says (see `behaviours`)."""

from __future__ import annotations

import contextlib
import functools
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

_JOIN_SECONDS = 5.0
_CHUNK = 1 << 20


class Gone(ConnectionError):
    """The client closed the connection, or the server is to end."""


class Peer:
    """One connection, as a behaviour sees it. Everything raises Gone when the client leaves."""

    def __init__(self, server: Hostile, connection: socket.socket) -> None:
        self._server = server
        self.connection = connection

    def read_request(self) -> bytes:
        """The head of the next request; its body is read away, so that a close is a clean one."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _blank, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        left = (int(length[1]) if length else 0) - len(body)
        while left > 0:
            left -= len(self._receive())
        self._server.heads.append(head)
        self._server.asked.set()
        return head

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            count = self.connection.send(view)
            self._server.sent += count
            view = view[count:]

    def pause(self, seconds: float | None) -> None:
        """Let time pass, for ever if None; what the client sends meanwhile is thrown away."""
        until = None if seconds is None else time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not poll.poll(None if left is None else left * 1000):
                return
            self._receive()

    def _receive(self) -> bytes:
        data = self.connection.recv(_CHUNK)
        if not data:
            raise Gone
        return data


Behaviour = Callable[[Peer], None]


class Hostile:
    """Gives each connection to ``behaviour``, in a thread, and closes it when that returns.

    Leaving the context shuts every connection and joins every thread.
    """

    def __init__(self, behaviour: Behaviour, scheme: str = "http") -> None:
        self.connected = threading.Event()
        self.asked = threading.Event()
        """A whole request was read."""
        self.gone = threading.Event()
        """A client left before the behaviour was through with it."""
        self.heads: list[bytes] = []
        self.sent = 0
        self._behaviour = behaviour
        self._stopping = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._stopping = True
            for connection in (self._listener, *self._open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        self._listener.close()

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="hostile", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._stopping:
                    connection.close()
                    return
                self._open.add(connection)
            self.connected.set()
            self._start(functools.partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._behaviour(Peer(self, connection))
        except OSError:
            if not self._stopping:
                self.gone.set()
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()

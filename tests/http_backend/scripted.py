# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, cast

from er_tui.demo.loopback import LoopbackHandler, LoopbackServer

_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Step:
    """One answer.

    ``hold``: it is not begun before that event is set. ``chunks``: a body in chunks instead of
    ``body``, each sent at once; an event among them is waited for. ``cut``: the connection ends
    before the last chunk. ``closes``: it ends with the answer, which says so. ``drops``:
    it ends without a word.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    chunks: Sequence[bytes | threading.Event] | None = None
    cut: bool = False
    closes: bool = False
    drops: bool = False

    @property
    def all_headers(self) -> dict[str, str]:
        return {"Connection": "close"} | dict(self.headers) if self.closes else dict(self.headers)


@dataclass(frozen=True, slots=True)
class Received:
    """One request. ``path`` is as it was sent, query included; ``headers`` ignore case.

    ``connection`` counts from 1; ``at`` is of time.monotonic.
    """

    method: str
    path: str
    headers: Message
    body: bytes
    connection: int
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Iterable[Step] | Callable[[Received], Step]


def reply(document: object, status: int = 200, **headers: str) -> Step:
    """An answer in JSON; ``Retry_After="1"`` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(document).encode()
    return Step(status, body, {"Content-Type": "application/json", **named})


def routes(table: Mapping[str, Iterable[Step]]) -> Callable[[Received], Step]:
    """A script by method and path, such as ``{"GET /runs/1": [...]}``; 404 for everything else.

    The last step of a route is repeated.
    """
    scripts = {route: _in_turn(steps) for route, steps in table.items()}

    def script(received: Received) -> Step:
        found = scripts.get(f"{received.method} {received.path}")
        return Step(404) if found is None else found(received)

    return script


class Scripted(LoopbackServer):
    """Gives the steps in turn to whatever is asked, and the last one again and again.

    Or what a callable makes of the request. Connections are kept alive; with ``tls`` they are
    encrypted. Requests are in :attr:`requests` as soon as they were read, before any answer.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(_Handler)
        self.requests: list[Received] = []
        self._script = script if callable(script) else _in_turn(script)
        self._tls = tls
        self._arrived = threading.Condition()

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:" if self._tls else "http:")

    @property
    def open_connections(self) -> int:
        """How many there are now; one is over when its client left, even while it is held."""
        with self._lock:
            return len(self._connections)

    def wait_for(self, count: int, seconds: float = 5.0) -> list[Received]:
        """The requests, once there are ``count`` of them; AssertionError if that takes longer."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.requests) >= count, seconds)
            assert enough, f"{len(self.requests)} requests of {count} after {seconds} s"
            return list(self.requests)

    def step_for(self, received: Received) -> Step:
        with self._arrived:
            self.requests.append(received)
            self._arrived.notify_all()
            return self._script(received)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            # The handshake is left to the connection's thread, with its first read.
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address


class _Handler(LoopbackHandler):
    def answer(self) -> None:
        body = self.read_body()
        if body is None:
            return
        server = cast(Scripted, self.server)
        number = server.connection_number(self.request)
        step = server.step_for(
            Received(self.command, self.path, self.headers, body, number, time.monotonic())
        )
        if step.hold is not None:
            self._wait(step.hold)
        self.close_connection = self.close_connection or step.closes or step.drops
        if step.chunks is None:
            self.send(step.status, step.body, step.all_headers)
        else:
            self._send_chunks(step, step.chunks)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _send_chunks(self, step: Step, chunks: Sequence[bytes | threading.Event]) -> None:
        self.send_response(step.status)
        for name, value in {"Transfer-Encoding": "chunked", **step.all_headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in chunks:
            if isinstance(chunk, threading.Event):
                self._wait(chunk)
            else:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if step.cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _wait(self, event: threading.Event) -> None:
        """Until it is set; ConnectionError if the client leaves or the server ends before."""
        server = cast(Scripted, self.server)
        while not event.wait(_LOOK_SECONDS):
            if server.stopping.is_set() or has_left(self.connection):
                raise ConnectionError("nobody waits for the answer any more")


def has_left(connection: socket.socket) -> bool:
    """Whether the other side has shut the connection; what it has sent stays to be read."""
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLRDHUP)
    return any(what & ~select.POLLIN for _descriptor, what in poll.poll(0))


def _in_turn(steps: Iterable[Step]) -> Callable[[Received], Step]:
    left = list(steps)
    assert left, "a script needs a step"
    return lambda _received: left.pop(0) if len(left) > 1 else left[0]

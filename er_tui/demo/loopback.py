# SPDX-License-Identifier: AGPL-3.0-or-later
"""An HTTP/1.1 server on 127.0.0.1 that ends when it is told to, with every thread and socket."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_JOIN_SECONDS = 5.0
_POLL_SECONDS = 0.05
_LONGEST_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class _Connection:
    number: int
    thread: threading.Thread


class LoopbackServer(ThreadingHTTPServer):
    """Serves from the moment its context is entered, on a free port that :attr:`url` names.

    A thread a connection, kept alive between requests. Leaving the context sets :attr:`stopping`,
    shuts every connection and joins every thread. Clients that go away are no errors.
    """

    request_queue_size = 1024

    def __init__(self, handler: type[LoopbackHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.stopping = threading.Event()
        self.connection_count = 0
        self._lock = threading.Lock()
        self._connections: dict[Any, _Connection] = {}
        self._acceptor = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="loopback-accept", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def connection_number(self, request: Any) -> int:
        """Which connection that is, from 1, in the order of acceptance."""
        with self._lock:
            return self._connections[request].number

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self.shutdown()
        self._acceptor.join(_JOIN_SECONDS)
        with self._lock:
            left = list(self._connections.items())
        for request, _connection in left:
            shut(request)
        for _request, connection in left:
            connection.thread.join(_JOIN_SECONDS)
        self.server_close()

    def server_bind(self) -> None:
        # Not HTTPServer's: it looks the name of the address up, which takes long with no network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="loopback-connection",
            daemon=True,
        )
        with self._lock:
            self.connection_count += 1
            self._connections[request] = _Connection(self.connection_count, thread)
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # or else a client that went away
            super().handle_error(request, client_address)


class LoopbackHandler(BaseHTTPRequestHandler):
    """One connection: HTTP/1.1, no access log, no delay of small packets."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *_values: object) -> None:
        """Nothing is logged: standard error belongs to others."""

    def read_body(self) -> bytes | None:
        """The request's body; None if it has none that can be read, which was answered then."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
        elif not (length.isascii() and length.isdigit()):
            self.send_error(400)
        elif int(length[:20]) > _LONGEST_BODY:
            self.send_error(413)
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        return None

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """A whole answer; Content-Length is added where one may be."""
        self.send_response(status)
        if status >= 200 and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def shut(connection: socket.socket) -> None:
    """Wake whoever reads or writes it; the socket stays for its owner to close."""
    try:
        # Not the method of a TLS socket, which takes itself apart under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass  # it was shut by the other side

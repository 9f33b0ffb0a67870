# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sockets that stop when the run does: in resolution, connect, handshake, read and write alike.

A blocked read cannot be ended from another thread by closing anything. So nothing blocks here:
every wait is one on the gate of the run.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import httpcore

from er_tui.runtime.http.gate import Gate, abandonable

_T = TypeVar("_T")
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain"})


class Timings:
    """What the connections made since :meth:`reset` took; None when none was made."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.connect: float | None = None
        self.tls: float | None = None


class GatedNetwork(httpcore.NetworkBackend):
    """Makes the connections of one run."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.timings = Timings()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del local_address
        start = time.monotonic()
        failure: Exception = httpcore.ConnectError("it has no address")
        addresses = self._resolve(host, port, timeout)
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            share = None
            if timeout is not None:
                # An address that swallows everything must not take the time of the next.
                left = timeout - (time.monotonic() - start)
                share = max(0.0, left) / (len(addresses) - tried)
            try:
                connection = self._connect(family, kind, protocol, address, share)
            except httpcore.ConnectTimeout as error:
                failure = error
                continue
            except OSError as error:
                failure = httpcore.ConnectError(error.strerror or str(error))
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for option in socket_options or ():
                connection.setsockopt(*option)
            self.timings.connect = time.monotonic() - start
            return GatedStream(connection, self._gate, self.timings)
        if isinstance(failure, httpcore.ConnectTimeout):
            raise failure
        raise httpcore.ConnectError(f"cannot connect to {host} port {port}: {failure}")

    def _resolve(self, host: str, port: int, timeout: float | None) -> list[Any]:
        def look_up() -> list[Any]:
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

        try:
            if host.lower() in _LOCAL_NAMES or _address(host) is not None:
                return look_up()
            return abandonable(self._gate, look_up, timeout)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from None
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise httpcore.ConnectError(f"cannot resolve {host}: {reason}") from error

    def _connect(
        self, family: int, kind: int, protocol: int, address: Any, seconds: float | None
    ) -> socket.socket:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            code = connection.connect_ex(address)
            if code == errno.EINPROGRESS:
                if not self._gate.wait({connection.fileno(): select.POLLOUT}, seconds):
                    raise httpcore.ConnectTimeout(f"no connection within {seconds:.0f} s")
                code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except BaseException:
            connection.close()
            raise
        return connection


class GatedStream(httpcore.NetworkStream):
    """One connection, plain or encrypted."""

    def __init__(self, connection: socket.socket, gate: Gate, timings: Timings) -> None:
        self._socket = connection
        self._gate = gate
        self._timings = timings

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        plain = not isinstance(self._socket, ssl.SSLSocket)
        # An answer takes its time: looking before waiting would mostly be one call too many.
        if plain and not self._gate.wait({self._socket.fileno(): select.POLLIN}, timeout):
            raise httpcore.ReadTimeout(f"nothing for {timeout:.0f} s")
        return self._until_done(
            lambda: self._socket.recv(max_bytes),
            select.POLLIN,
            timeout,
            httpcore.ReadTimeout,
            httpcore.ReadError,
        )

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            sent = self._until_done(
                partial(self._send, view),
                select.POLLOUT,
                timeout,
                httpcore.WriteTimeout,
                httpcore.WriteError,
            )
            view = view[sent:]

    def _send(self, view: memoryview) -> int:
        return self._socket.send(view)

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        if isinstance(self._socket, ssl.SSLSocket):
            raise httpcore.ConnectError("TLS inside TLS (an https:// proxy) is not supported")
        start = time.monotonic()
        try:
            self._socket = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._until_done(
                self._socket.do_handshake,
                select.POLLIN,
                timeout,
                httpcore.ConnectTimeout,
                httpcore.ConnectError,
            )
        except BaseException:
            self.close()
            raise
        self._timings.tls = time.monotonic() - start
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "socket":
            return self._socket
        return None

    def _until_done(
        self,
        operation: Callable[[], _T],
        wanted: int,
        timeout: float | None,
        late: type[Exception],
        broken: type[Exception],
    ) -> _T:
        """``operation``, tried whenever the socket is ready for it."""
        while True:
            self._gate.check()
            try:
                return operation()
            except ssl.SSLWantReadError:
                needed = select.POLLIN
            except (ssl.SSLWantWriteError, BlockingIOError) as error:
                needed = select.POLLOUT if isinstance(error, ssl.SSLWantWriteError) else wanted
            except OSError as error:
                raise broken(error.strerror or str(error)) from error
            if not self._gate.wait({self._socket.fileno(): needed}, timeout):
                raise late(f"nothing for {timeout:.0f} s")


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in a URL, is this machine."""
    address = _address(host)
    return host.lower() in _LOCAL_NAMES if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None

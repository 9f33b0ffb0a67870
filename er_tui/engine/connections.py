# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine's connections: accepted, read line by line, written as far as they take it, dropped.

A client that does not read is dropped once it is :data:`MOST_UNSENT` bytes behind: it can read the
journals.
"""

from __future__ import annotations

import selectors
import socket

from er_tui.engine.clients import Client
from er_tui.engine.messages import Company, Message, MessageError, Refused, from_line, to_line

MOST_UNSENT = 64 << 20
_CHUNK = 1 << 18


class Connections:
    """All clients, and those who are none yet. One thread alone touches the sockets."""

    def __init__(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, Client] = {}
        self._had_any = False

    def _obey(self, client: Client, message: Message) -> None:
        """Do what was asked for. Raises MessageError if the connection is to end for it."""
        raise NotImplementedError

    def _accept(self) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:
            return  # gone again before we looked
        connection.setblocking(False)
        client = Client(connection, starter=not self._had_any)
        self._had_any = True
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

    def _count(self) -> int:
        return sum(client.counted for client in self._clients.values())

    def _tell_company(self) -> None:
        line = to_line(Company(self._count()))
        for client in list(self._clients.values()):
            if client.counted:
                self._send(client, line)

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
            if client.counted:
                self._tell_company()

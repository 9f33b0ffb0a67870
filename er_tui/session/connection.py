# SPDX-License-Identifier: AGPL-3.0-or-later
"""A connection to an engine: what it says is collected, what we say is sent, nobody waits."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from er_tui.engine.messages import (
    PROTOCOL_VERSION,
    Company,
    Ending,
    Hello,
    Leave,
    Leaving,
    Left,
    LineBuffer,
    Message,
    MessageError,
    Refused,
    Welcome,
    from_line,
    to_line,
)
from er_tui.session.lifeline import Lifeline

_CHUNK = 1 << 18
_ANSWER_SECONDS = 1.5
"""Longer than a busy engine takes to say that it ends; a hung one has to be ended by its guard."""


@dataclass(frozen=True, slots=True)
class EngineGone:
    """The connection to the engine ended; ``reason`` holds its last words if it left any."""

    reason: str


class Connection:
    """One client of an engine.

    What the engine says is appended to :attr:`inbox` by a thread; ``wake`` is called there after
    each batch. What we say is sent by another, so that no caller ever waits for the engine.
    """

    lifeline: Lifeline
    """Where it is told what became of our terminal."""

    def __init__(self, connected: socket.socket, wake: Callable[[], None]) -> None:
        self.inbox: deque[Message | EngineGone] = deque()
        self.others = 0
        """How many other clients the engine has now."""
        self.goes_on = False
        """After the end of the connection: whether the engine goes on without us."""
        self._wake = wake
        self._socket = connected
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._closing = False
        self._engine: int | None = None
        self._ending = ""
        self._welcomed = threading.Event()
        self._answered = threading.Event()
        self.send(Hello(PROTOCOL_VERSION))
        self._reader = threading.Thread(target=self._read, name="engine-read", daemon=True)
        self._reader.start()
        threading.Thread(target=self._write, name="engine-write", daemon=True).start()

    @property
    def pid(self) -> int:
        """The engine's; waits until it has said so. Raises ProcessLookupError if it died before."""
        self._welcomed.wait()
        if self._engine is None:
            raise ProcessLookupError("the engine ended before it was up")
        return self._engine

    @property
    def still_there(self) -> str:
        """What to say of an engine that does not end, or does not say that it stays."""
        which = f" (process {self._engine})" if self._engine is not None else ""
        return f"the engine{which} has not ended; runs of it may go on"

    def send(self, message: Message) -> None:
        """Say something, in order; never blocks. Nothing happens once the engine is gone."""
        self._outbox.put(message)

    def close(self, seconds: float, how: Leaving = "quit") -> bool:
        """Leave as :data:`Leaving` tells; False if it took longer until the engine has ended its
        runs and itself, or has said that it goes on (see :attr:`goes_on`).
        """
        self._closing = True
        until = time.monotonic() + seconds
        self.send(Leave(how))
        # Only an engine that ends is waited for; what is to be kept has to be known to be.
        self._answered.wait(seconds if how == "keep" else min(seconds, _ANSWER_SECONDS))
        self._outbox.put(None)
        self.lifeline.close()
        if self.goes_on:
            self._reader.join(max(0.0, until - time.monotonic()))
            self._stayed()
            return True
        return self._wait_ended(max(0.0, until - time.monotonic()))

    def _stayed(self) -> None:
        """We have left, and the engine goes on."""

    def _wait_ended(self, seconds: float) -> bool:
        """Wait for the end of the engine; False if it took longer."""
        raise NotImplementedError

    def _last_words(self) -> str:
        """Why the engine ended, where it did not say so itself."""
        raise NotImplementedError

    def _gone(self) -> None:
        """The engine is gone, though we did not leave."""

    def _write(self) -> None:
        try:
            while (message := self._outbox.get()) is not None:
                self._socket.sendall(to_line(message))
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the reader sees the end of the connection, and says so

    def _read(self) -> None:
        lines = LineBuffer()
        reason = ""
        try:
            while data := self._socket.recv(_CHUNK):
                for line in lines.feed(data):
                    self._take(from_line(line))
                self._wake()
        except (OSError, MessageError) as error:
            reason = str(error)
        self._socket.close()
        self._welcomed.set()
        self._answered.set()
        if not self._closing:
            self.inbox.append(EngineGone(self._ending or self._last_words() or reason))
            self._wake()
            self._gone()

    def _take(self, message: Message | None) -> None:
        match message:
            case Welcome():
                self._engine = message.pid
                self._welcomed.set()
            case Company(clients):
                self.others = clients - 1
            case Left(goes_on):
                self.goes_on = goes_on
                self._answered.set()
            case Ending(reason):
                self._ending = reason
            case Refused(None, reason) if not self._welcomed.is_set():
                self._ending = reason  # and hangs up: it is of another version
        if message is not None and not isinstance(message, Company | Left | Ending):
            self.inbox.append(message)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""One connection to the engine: what was half read of it, and what it has still to be told."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from er_tui.engine.messages import LineBuffer, Message, RunEvent, to_line
from er_tui.journal.events import Mark, OutputSeen, ResourcesSampled

_LAGS_BYTES = 1 << 20


class Client:
    """A client; one that does not read (it is stopped) is told less than all, but nothing wrong.

    Of events that each make the one before them worthless it is told the last, once it reads again
    or something else happens in the run: where the output stands, and what the processes use.
    """

    def __init__(self, connection: socket.socket, *, starter: bool = False) -> None:
        self.connection = connection
        self.starter = starter
        """Whether it started the engine, and so holds the guard's lifeline."""
        self.lines = LineBuffer()
        self.unsent = bytearray()
        self.greeted = False
        """Whether it is told what happens."""
        self.counted = False
        """Whether the engine stays for it."""
        self._latest: dict[tuple[str, str], RunEvent] = {}

    def tell(self, messages: Sequence[Message], lines: bytes) -> None:
        """Add ``messages`` to what is unsent; ``lines`` is all of them, encoded."""
        if len(self.unsent) <= _LAGS_BYTES and not self._latest:
            self.unsent += lines
            return
        for message in messages:
            if isinstance(message, RunEvent):
                self._tell_event(message)
            else:
                self.unsent += to_line(message)

    def catch_up(self) -> bool:
        """Add what was held back, if all else is sent; whether there is something to send now."""
        if not self.unsent:
            for held in self._latest.values():
                self.unsent += to_line(held)
            self._latest.clear()
        return bool(self.unsent)

    def _tell_event(self, message: RunEvent) -> None:
        event = message.event
        if isinstance(event, OutputSeen | ResourcesSampled):
            key = message.run_id, event.name
            before = self._latest.pop(key, None)
            if isinstance(event, OutputSeen) and before is not None:
                assert isinstance(before.event, OutputSeen)
                message = RunEvent(message.run_id, _last_of(before.event, event))
            self._latest[key] = message
            return
        for name in (OutputSeen.name, ResourcesSampled.name):
            held = self._latest.pop((message.run_id, name), None)
            if held is not None:
                self.unsent += to_line(held)
        self.unsent += to_line(message)


def _last_of(before: OutputSeen, event: OutputSeen) -> OutputSeen:
    """The last mark of each stream, in order."""
    last: dict[str, Mark] = {}
    for mark in (*before.marks, *event.marks):
        last.pop(mark[0], None)
        last[mark[0]] = mark
    return OutputSeen(at=event.at, marks=tuple(last.values()))

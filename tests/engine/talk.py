# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conversation with a real engine: what is asked of it, and waiting for what it says."""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from er_tui.engine.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Company,
    Hello,
    Known,
    Leaving,
    LineBuffer,
    Message,
    RunEvent,
    Start,
    Welcome,
    from_line,
    to_line,
)
from er_tui.journal.events import Event, OutputSeen, ProcessSpawned, RunFinished
from er_tui.journal.run_directory import new_run_id
from er_tui.session.attached import AttachedClient
from er_tui.session.client import EngineClient
from er_tui.session.connection import Connection, EngineGone
from er_tui.session.engines import Engine

T = TypeVar("T")
E = TypeVar("E", bound=Event)

DEAF = ("/bin/sh", "-c", "trap '' TERM INT HUP; echo deaf; while :; do sleep 0.05; done")
"""Ignores what it can; says so once it does."""
SLEEPER = ("/bin/sh", "-c", "echo here; exec sleep 600")


def invocation(folder: Path, command: tuple[str, ...], **fields: object) -> dict[str, Any]:
    return {
        "invocation_id": "job",
        "runtime_name": "test",
        "runtime_kind": "subprocess",
        "working_directory": str(folder),
        "command": list(command),
        **fields,
    }


class Talk:
    """An engine of our own, or one that is there, all it said, and the runs asked of it."""

    def __init__(
        self, folder: Path, jobs: int = 2, *, engine: Engine | None = None, **options: Any
    ) -> None:
        self.folder = folder
        self.left = False
        self.heard: list[Message | EngineGone] = []
        self._news = threading.Event()
        self.client: Connection = (
            EngineClient(jobs, self._news.set, paths=[folder], **options)
            if engine is None
            else AttachedClient(engine, self._news.set)
        )

    def leave(self, how: Leaving) -> bool:
        """Leave; whether the engine goes on."""
        self.left = True
        assert self.client.close(10, how)
        return self.client.goes_on

    def start(self, *command: str, run_id: str | None = None, **fields: object) -> str:
        """Ask for a run; its id."""
        run_id = run_id or new_run_id()
        document = invocation(self.folder, command, **fields)
        self.client.send(Start(run_id, document, None))
        return run_id

    def cancel(self, run_id: str) -> None:
        self.client.send(Cancel(run_id))

    def wait(self, look: Callable[[], T], seconds: float = 10.0) -> T:
        """What `look` gives once that is true; it is asked whenever the engine said something."""
        until = time.monotonic() + seconds
        while True:
            self._news.clear()
            while self.client.inbox:
                self.heard.append(self.client.inbox.popleft())
            if found := look():
                return found
            assert self._news.wait(until - time.monotonic()), f"heard only {self.heard[-4:]}"

    def first(self, kind: type[T], run_id: str | None = None) -> T:
        """The first message of its kind (about that run), once it came."""

        def look() -> T | None:
            for message in self.heard:
                if isinstance(message, kind) and run_id in (None, getattr(message, "run_id", None)):
                    return message
            return None

        found = self.wait(look)
        assert found is not None
        return found

    def events(self, run_id: str) -> list[Event]:
        return [m.event for m in self.heard if isinstance(m, RunEvent) and m.run_id == run_id]

    def event(self, kind: type[E], run_id: str) -> E:
        """The first event of its kind in the run, once it came."""

        def look() -> list[E]:
            return [event for event in self.events(run_id) if isinstance(event, kind)]

        return self.wait(look)[0]

    def result(self, run_id: str) -> dict[str, Any]:
        """The result of the run, once it ended."""
        return dict(self.event(RunFinished, run_id).result)

    def pid(self, run_id: str) -> int:
        """The leader's pid, once it has said something."""
        self.event(OutputSeen, run_id)
        return self.event(ProcessSpawned, run_id).process.pid

    def recorded(self, run_id: str) -> dict[str, Any]:
        """The result.json of a run in its usual place."""
        path = self.folder / ".executor_runtime" / "job" / run_id / "result.json"
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document


class RawClient:
    """Somebody else on the engine's socket, who may say anything."""

    def __init__(self, path: Path) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(5)
        self.connection.connect(str(path))
        self._lines = LineBuffer()
        self._heard: list[bytes] = []

    def hello(self) -> list[Known]:
        """Become a client; the runs that are there."""
        self.say(to_line(Hello(PROTOCOL_VERSION)))
        assert isinstance(self.hear(), Welcome)
        known = []
        while isinstance(answer := self.hear(), Known):
            known.append(answer)
        assert isinstance(answer, Company)
        return known

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def hear(self) -> Message | None:
        """The next message; None when the engine hung up."""
        while not self._heard:
            try:
                data = self.connection.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._heard += self._lines.feed(data)
        return from_line(self._heard.pop(0))

    def close(self) -> None:
        self.connection.close()

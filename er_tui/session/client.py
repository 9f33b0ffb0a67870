# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine, from the outside: started, spoken to, and known to be alive or not."""

from __future__ import annotations

import json
import os
import queue
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import er_tui
from er_tui.engine.messages import (
    DEFAULT_WAITING_JOBS,
    PROTOCOL_VERSION,
    Hello,
    LineBuffer,
    Message,
    MessageError,
    Welcome,
    from_line,
    to_line,
)
from er_tui.launching import module_command
from er_tui.session.lifeline import Lifeline, open_terminal

_CHUNK = 1 << 18
_LOG_TAIL_BYTES = 2000
_LONGEST_FOLDER = 80
"""Bytes; a socket's path may have 108, with what mkdtemp and we add to the folder's."""
_REPORT_SECONDS = 2.0
"""The guard tells how an engine died once it has ended what that ran."""
_GUARD = """\
import sys
sys.path.append(sys.argv.pop(1))
from er_tui.engine.guard import main
main()
"""
"""At the path's end: what stands beside this package is not to be taken for Python's own."""


@dataclass(frozen=True, slots=True)
class EngineGone:
    """The connection to the engine ended; ``reason`` holds its last words if it left any."""

    reason: str


class EngineClient:
    """Starts an engine of our own, a guard above it, and is connected to it at once.

    What the engine says is appended to :attr:`inbox` by a thread; ``wake`` is called there after
    each batch. What we say is sent by another, so that no caller ever waits for the engine.

    ``terminal`` is a descriptor of the terminal that the guard is to restore if we die with it
    taken; :attr:`lifeline` is where that is told. ``grace_seconds`` and ``max_capture_bytes`` hold
    for runs whose invocation does not say otherwise; None leaves it to the runners.
    """

    def __init__(
        self,
        jobs: int,
        wake: Callable[[], None] = lambda: None,
        waiting_jobs: int = DEFAULT_WAITING_JOBS,
        *,
        grace_seconds: float | None = None,
        max_capture_bytes: int | None = None,
        terminal: int | None = None,
    ) -> None:
        self.inbox: deque[Message | EngineGone] = deque()
        self._wake = wake
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._closing = False
        self._engine: int | None = None
        self._welcomed = threading.Event()
        self._folder = _private_folder()
        settings = {
            "folder": str(self._folder),
            "jobs": jobs,
            "waiting_jobs": waiting_jobs,
            "grace_seconds": grace_seconds,
            "max_capture_bytes": max_capture_bytes,
        }
        try:
            self._guard, self._socket = self._launch(settings, terminal)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        assert self._guard.stdin is not None
        self.lifeline = Lifeline(self._guard.stdin)
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
    def guard_pid(self) -> int:
        return self._guard.pid

    @property
    def still_there(self) -> str:
        """What to say of an engine that does not end."""
        which = f" (process {self._engine})" if self._engine is not None else ""
        return f"the engine{which} has not ended; runs of it may go on"

    def send(self, message: Message) -> None:
        """Say something, in order; never blocks. Nothing happens once the engine is gone."""
        self._outbox.put(message)

    def close(self, seconds: float) -> bool:
        """Leave, and wait for the engine to end its runs and itself; False if it took longer."""
        self._closing = True
        self._outbox.put(None)
        self.lifeline.close()
        try:
            # It ends after the engine.
            self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._reader.join()
        assert self._guard.stdout is not None
        self._guard.stdout.close()
        return True

    def _launch(
        self, settings: Mapping[str, Any], terminal: int | None
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """The engine inherits the listening socket, so connecting needs no waiting for it."""
        path = str(self._folder / "engine.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen()
            own = None if terminal is None else open_terminal(terminal)
            try:
                guard = self._start_guard(settings, listener.fileno(), own)
            finally:
                if own is not None:
                    os.close(own)
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
        return guard, connection

    def _start_guard(
        self, settings: Mapping[str, Any], listener: int, terminal: int | None
    ) -> subprocess.Popen[bytes]:
        document = {
            "command": module_command("er_tui.engine"),
            "engine": {**settings, "listener": listener},
            "listener": listener,
            "folder": str(self._folder),
            "terminal": terminal,
        }
        root = str(Path(er_tui.__file__).parents[1])
        with open(self._folder / "engine.log", "wb") as log:
            return subprocess.Popen(
                [sys.executable, *("-I", "-S", "-c", _GUARD), root, json.dumps(document)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[listener] if terminal is None else [listener, terminal],
                start_new_session=True,
            )

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
        if not self._closing:
            self.inbox.append(EngineGone(self._last_words() or reason))
            self._wake()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _take(self, message: Message | None) -> None:
        if isinstance(message, Welcome):
            self._engine = message.pid
            self._welcomed.set()
        if message is not None:
            self.inbox.append(message)

    def _last_words(self) -> str:
        """What the guard says of the engine's end, and the end of the log."""
        told = [self._report(), self._end_of_log()]
        return ": ".join(words for words in told if words)

    def _report(self) -> str:
        assert self._guard.stdout is not None
        poll = select.poll()
        poll.register(self._guard.stdout, select.POLLIN)
        if not poll.poll(_REPORT_SECONDS * 1000):
            return ""
        return (
            os.read(self._guard.stdout.fileno(), _LOG_TAIL_BYTES).decode(errors="replace").strip()
        )

    def _end_of_log(self) -> str:
        try:
            log = (self._folder / "engine.log").read_bytes()[-_LOG_TAIL_BYTES:]
        except OSError:
            return ""
        lines = log.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def _private_folder() -> Path:
    """A fresh folder of mode 0700 where a socket may be; raises OSError if there is no place."""
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
        # The former may be another user's, after su; the latter may be long.
        if base and len(os.fsencode(base)) <= _LONGEST_FOLDER and os.access(base, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="er-tui-", dir=base))
    return Path(tempfile.mkdtemp(prefix="er-tui-", dir="/tmp"))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine, from the outside: started, spoken to, and known to be alive or not."""

from __future__ import annotations

import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import er_tui
from er_tui.engine.messages import (
    DEFAULT_WAITING_JOBS,
    PROTOCOL_VERSION,
    Hello,
    LineBuffer,
    Message,
    MessageError,
    from_line,
    to_line,
)

_CHUNK = 1 << 18
_LOG_TAIL_BYTES = 2000
_LONGEST_FOLDER = 80
"""Bytes; a socket's path may have 108, with what mkdtemp and we add to the folder's."""
_ENGINE = """\
import runpy, sys
root = sys.argv.pop(1)
if root not in sys.path:
    sys.path.insert(0, root)
runpy.run_module("er_tui.engine", run_name="__main__", alter_sys=True)
"""
"""``python -m er_tui.engine``, but for the current folder, whose ``queue.py`` is not ours."""


@dataclass(frozen=True, slots=True)
class EngineGone:
    """The connection to the engine ended; ``reason`` holds its last words if it left any."""

    reason: str


class EngineClient:
    """Starts an engine of our own and is connected to it at once.

    What the engine says is appended to :attr:`inbox` by a thread; ``wake`` is called there after
    each batch. What we say is sent by another, so that no caller ever waits for the engine.
    """

    def __init__(
        self,
        jobs: int,
        wake: Callable[[], None] = lambda: None,
        waiting_jobs: int = DEFAULT_WAITING_JOBS,
    ) -> None:
        self.inbox: deque[Message | EngineGone] = deque()
        self._wake = wake
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._closing = False
        self._folder = _private_folder()
        try:
            self._process, self._socket = self._launch(jobs, waiting_jobs)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.send(Hello(PROTOCOL_VERSION))
        for target in (self._read, self._write):
            threading.Thread(target=target, name=f"engine-{target.__name__}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def still_there(self) -> str:
        """What to say of an engine that does not end."""
        return f"the engine (process {self.pid}) has not ended; runs of it may go on"

    def send(self, message: Message) -> None:
        """Say something, in order; never blocks. Nothing happens once the engine is gone."""
        self._outbox.put(message)

    def close(self, seconds: float) -> bool:
        """Leave, and wait for the engine to end its runs and itself; False if it took longer."""
        self._closing = True
        self._outbox.put(None)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return True

    def _launch(self, jobs: int, waiting: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """The engine inherits the listening socket, so connecting needs no waiting for it."""
        path = str(self._folder / "engine.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen()
            with open(self._folder / "engine.log", "wb") as log:
                process = subprocess.Popen(
                    [
                        sys.executable,
                        *("-P", "-c", _ENGINE, str(Path(er_tui.__file__).parents[1])),
                        *(str(listener.fileno()), str(self._folder), str(jobs), str(waiting)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                )
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
        return process, connection

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
                    message = from_line(line)
                    if message is not None:
                        self.inbox.append(message)
                self._wake()
        except (OSError, MessageError) as error:
            reason = str(error)
        self._socket.close()
        if not self._closing:
            self.inbox.append(EngineGone(self._last_words() or reason))
            self._wake()

    def _last_words(self) -> str:
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

# SPDX-License-Identifier: AGPL-3.0-or-later
"""An engine of our own: started, spoken to, and known to be alive or not."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from er_tui.engine.description import LOG_FILE, SOCKET_FILE
from er_tui.engine.messages import DEFAULT_IDLE_SECONDS, DEFAULT_WAITING_JOBS
from er_tui.launching import module_command
from er_tui.session.connection import Connection, EngineGone
from er_tui.session.engine_folders import new_folder
from er_tui.session.lifeline import Lifeline, guard_command, open_terminal

__all__ = ["EngineClient", "EngineGone"]

_LOG_TAIL_BYTES = 2000
_REPORT_SECONDS = 2.0
"""The guard tells how an engine died once it has ended what that ran."""


class EngineClient(Connection):
    """Starts an engine of our own, a guard above it, and is connected to it at once.

    ``terminal`` is a descriptor of the terminal that the guard is to restore if we die with it
    taken; :attr:`lifeline` is where that is told. ``grace_seconds`` and ``max_capture_bytes`` hold
    for runs whose invocation does not say otherwise; None leaves it to the runners. ``paths`` are
    for those who look for this engine. With ``keep`` it goes on when its last client is gone but
    has not quit, until it has had no run for ``idle_seconds``.
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
        paths: Iterable[Path] = (),
        keep: bool = False,
        idle_seconds: float = DEFAULT_IDLE_SECONDS,
    ) -> None:
        self._folder = new_folder()
        settings = {
            "folder": str(self._folder),
            "jobs": jobs,
            "waiting_jobs": waiting_jobs,
            "grace_seconds": grace_seconds,
            "max_capture_bytes": max_capture_bytes,
            "paths": [os.path.abspath(path) for path in paths],
            "keep": keep,
            "idle_seconds": idle_seconds,
        }
        try:
            self._guard, connected = self._launch(settings, terminal)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        assert self._guard.stdin is not None
        self.lifeline = Lifeline(self._guard.stdin)
        super().__init__(connected, wake)

    @property
    def guard_pid(self) -> int:
        return self._guard.pid

    def _stayed(self) -> None:
        # It is ours to be reaped, should we live that long.
        threading.Thread(target=self._guard.wait, name="engine-reap", daemon=True).start()
        self._close_report()

    def _wait_ended(self, seconds: float) -> bool:
        try:
            # It ends after the engine.
            self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        shutil.rmtree(self._folder, ignore_errors=True)
        self._reader.join()
        self._close_report()
        return True

    def _gone(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _close_report(self) -> None:
        assert self._guard.stdout is not None
        self._guard.stdout.close()

    def _launch(
        self, settings: Mapping[str, Any], terminal: int | None
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """The engine inherits the listening socket, so connecting needs no waiting for it."""
        path = str(self._folder / SOCKET_FILE)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen()
            # Before anybody else can: the engine takes the first for who holds the lifeline.
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            own = None if terminal is None else open_terminal(terminal)
            try:
                guard = self._start_guard(settings, listener.fileno(), own)
            except BaseException:
                connection.close()
                raise
            finally:
                if own is not None:
                    os.close(own)
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
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(self._folder / LOG_FILE, flags, 0o600), "wb") as log:
            return subprocess.Popen(
                [*guard_command("er_tui.engine.guard"), json.dumps(document)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[listener] if terminal is None else [listener, terminal],
                start_new_session=True,
            )

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
            log = (self._folder / LOG_FILE).read_bytes()[-_LOG_TAIL_BYTES:]
        except OSError:
            return ""
        lines = log.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

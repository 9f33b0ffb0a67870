# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engines of this user on this machine: found, asked how they stand, ended."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import er_tui
from er_tui.engine.description import SOCKET_FILE, Description
from er_tui.engine.messages import (
    PROTOCOL_VERSION,
    Inquire,
    LineBuffer,
    MessageError,
    Standing,
    from_line,
    to_line,
)
from er_tui.journal.identity import presence
from er_tui.session.engine_folders import folders, is_private

_CHUNK = 1 << 16
_ANSWER_SECONDS = 2.0
_CREDENTIALS = struct.Struct("3i")


class EngineError(Exception):
    """An engine cannot be spoken to; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One that lives, as it described itself at its start."""

    folder: Path
    description: Description

    @property
    def pid(self) -> int:
        return self.description.process.pid

    def is_meant_by(self, words: str) -> bool:
        """Whether that is its pid, or part of one of its paths."""
        return words == str(self.pid) or any(words in path for path in self.description.paths)

    def connect(self) -> socket.socket:
        """A connection on which nothing was said yet. Raises EngineError."""
        path = self.folder / SOCKET_FILE
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_ANSWER_SECONDS)
        try:
            if not is_private(path, stat.S_IFSOCK):
                raise OSError("its socket is not ours alone")
            connection.connect(os.fspath(path))
            if _owner(connection) != os.getuid():
                raise OSError("its socket is another user's")
        except OSError as error:
            connection.close()
            raise EngineError(f"engine {self.pid} cannot be reached: {error}") from None
        connection.settimeout(None)
        return connection

    def standing(self) -> Standing | None:
        """How many runs and clients it has now; None if it does not say so soon."""
        try:
            with self.connect() as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.sendall(to_line(Inquire()))
                lines = LineBuffer()
                while data := connection.recv(_CHUNK):
                    for line in lines.feed(data):
                        message = from_line(line)
                        return message if isinstance(message, Standing) else None
        except (OSError, EngineError, MessageError):
            pass  # it ends just now, hangs, or is of another version
        return None

    def check_version(self) -> None:
        """Raises EngineError if we cannot be its client."""
        of = self.description
        if of.protocol != PROTOCOL_VERSION:
            raise EngineError(
                f"engine {self.pid} is of er-tui {of.version} and speaks protocol {of.protocol}, "
                f"this is er-tui {er_tui.__version__} with protocol {PROTOCOL_VERSION}: attach with"
                f" that version, or end it with: er-tui engines --stop {self.pid}"
            )

    def opened(self) -> int | None:
        """A pidfd of exactly this process; None if it is gone."""
        try:
            pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        if presence(self.description.process) == "here":
            return pidfd
        os.close(pidfd)
        return None


def find_engines() -> list[Engine]:
    """Those that live now, oldest first; what dead ones left behind is removed."""
    found = [Engine(folder, description) for folder, description in folders()]
    return sorted(found, key=lambda engine: engine.description.started_at)


def stop_engines(engines: Iterable[Engine], seconds: float) -> list[Engine]:
    """Have them end their runs and themselves, and wait for it; those that took longer."""
    pidfds = []
    for engine in engines:
        pidfd = engine.opened()
        if pidfd is not None:
            pidfds.append((engine, pidfd))
            try:
                signal.pidfd_send_signal(pidfd, signal.SIGTERM)
            except ProcessLookupError:
                pass  # it has just ended
    until = time.monotonic() + seconds
    left = [engine for engine, pidfd in pidfds if not wait_ended(pidfd, until - time.monotonic())]
    for _engine, pidfd in pidfds:
        os.close(pidfd)
    return left


def wait_ended(pidfd: int, seconds: float) -> bool:
    """Whether the process ends within that time."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def _owner(connection: socket.socket) -> int:
    """The user who made the socket that we are connected to."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, uid, _gid = _CREDENTIALS.unpack(data)
    return int(uid)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A file that is written on a thread of its own: a slow disk keeps nobody waiting."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from pathlib import Path
from queue import Empty, Full, Queue

_AHEAD = 16
"""Pieces that wait to be written."""
_LOOK_SECONDS = 0.1


class Saving:
    """Writes pieces of bytes to ``target``, which is there when all of it is.

    With ``replace`` a regular file that is there gives way, in one step and at the end; without,
    it is an error. Nothing here waits; what went wrong is told by ``failure`` once it is ``done``.
    """

    def __init__(self, target: Path, *, replace: bool) -> None:
        self.target = target
        self.written = 0
        self.failure: str | None = None
        self._replace = replace
        self._pieces: Queue[bytes | None] = Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="saving", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return not self._thread.is_alive()

    def take(self, piece: bytes | None) -> bool:
        """The next piece (None: that was the last one); False if there is no room for it now."""
        try:
            self._pieces.put_nowait(piece)
        except Full:
            return False
        return True

    def cancel(self) -> None:
        """Write no more; nothing is left of it."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            self._write()
        except OSError as error:
            self.failure = error.strerror or str(error)

    def _write(self) -> None:
        self._refuse()
        folder = self.target.parent
        descriptor, name = tempfile.mkstemp(prefix=f".{self.target.name[:100]}.", dir=folder)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                whole = self._write_pieces(file.fileno())
            if whole:
                self._put_in_place(name)
        finally:
            if os.path.lexists(name):
                os.unlink(name)

    def _refuse(self) -> None:
        """Raise for what is there and must stay."""
        try:
            found = os.stat(self.target)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is there already, and no regular file")
        if not self._replace:
            raise FileExistsError(0, "it is there already")

    def _put_in_place(self, name: str) -> None:
        if self._replace:
            os.replace(name, self.target)
            return
        try:
            os.link(name, self.target)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links: the look before the writing has to do.
            self._refuse()
            os.rename(name, self.target)

    def _write_pieces(self, descriptor: int) -> bool:
        """False if it was cancelled."""
        while not self._stopped.is_set():
            try:
                piece = self._pieces.get(timeout=_LOOK_SECONDS)
            except Empty:
                continue
            if piece is None:
                return True
            rest = memoryview(piece)
            while rest and not self._stopped.is_set():
                written = os.write(descriptor, rest)
                self.written += written
                rest = rest[written:]
        return False

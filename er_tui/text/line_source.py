# SPDX-License-Identifier: AGPL-3.0-or-later
"""One growing file whose lines are shown: opened with care, read by `pread`, never mapped.

A child can truncate its capture at any time, and reading a mapped page beyond the end kills the
process.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_SHOWN: Final = 16 << 10
"""Bytes of one line that are read to show it, at most."""

_BAR_TAIL: Final = 4 << 10


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a capture, or an unfinished one, without its newline."""

    stream: str
    start: int
    """Byte offset in the stream's file."""
    length: int
    """Bytes of the whole line; 0 when the file has lost it."""
    raw: bytes
    """At most `MAX_SHOWN` bytes: the head. Of a longer line that is a progress bar drawn over and
    over, the last two states (the shorter may leave the end of the longer on the row)."""
    cut: int
    """Bytes of the line that are not in `raw`."""


class Source:
    """One stream's file, and how far it is indexed."""

    def __init__(self, name: str, path: Path | int) -> None:
        """``path`` may be the descriptor of a file that has no name; it stays the caller's."""
        self.name = name
        self.indexed = 0
        self.line_start = 0
        self.damage: str | None = None
        self._path = None if isinstance(path, int) else path
        self._fd = os.dup(path) if isinstance(path, int) else None

    @property
    def unfinished(self) -> bool:
        return self.line_start < self.indexed

    def open(self) -> bool:
        """Whether the file is open now; one that is not there yet is no damage."""
        if self._fd is not None or self._path is None:
            return self._fd is not None
        # A symbolic link could have been planted, and opening a FIFO would wait for a writer.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            fd = os.open(self._path, flags)
        except FileNotFoundError:
            return False
        except OSError as error:
            self.damage = f"{self.name} cannot be read: {error.strerror}."
            return False
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            self.damage = f"{self.name} cannot be read: it is no regular file."
            return False
        self._fd = fd
        self.damage = None
        return True

    def read(self, start: int, length: int) -> bytes:
        """The bytes there are of the `length` ones from `start`."""
        if self._fd is None:
            return b""
        try:
            return os.pread(self._fd, length, start)
        except OSError as error:
            self.damage = f"{self.name} cannot be read: {error.strerror}."
            return b""

    def line(self, start: int, end: int, piece: bytes = b"", base: int = 0) -> Line:
        """The line from `start` to `end`, out of `piece` (the bytes from `base`) if it is there."""
        length = end - start
        if length > MAX_SHOWN:
            raw = self._bar(end) or self.read(start, MAX_SHOWN)
        elif base <= start and end <= base + len(piece):
            raw = piece[start - base : end - base]
        else:
            raw = self.read(start, length)
        return Line(self.name, start, length, raw, length - len(raw))

    def _bar(self, end: int) -> bytes:
        """The last two states of a progress bar that ends at `end`; nothing if it is none.

        A `\\r` at the very end or a single one elsewhere is a line ending of another system.
        """
        tail = self.read(end - _BAR_TAIL, _BAR_TAIL)
        states = tail.rstrip(b"\r").rsplit(b"\r", 2)
        return tail[len(states[0]) + 1 :] if len(states) == 3 else b""

    def check(self) -> None:
        if self._fd is None or self.damage:
            return
        opened = os.fstat(self._fd)
        if opened.st_size < self.indexed:
            lost = self.indexed - opened.st_size
            self.damage = f"{self.name} was truncated: {lost} bytes that were shown are lost."
            return
        if self._path is None:
            return
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except FileNotFoundError:
            self.damage = f"{self.name} was deleted."
        except OSError as error:
            self.damage = f"{self.name} cannot be found: {error.strerror}."
        else:
            if (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
                self.damage = f"{self.name} was replaced by another file."

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The run directory, read back: by whoever shows a run, live or long past."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from er_tui.journal.events import Event
from er_tui.journal.lines import decode
from er_tui.journal.run_directory import EVENTS_FILE

_CHUNK = 1 << 20
_GLANCE = 32 << 10
_LONGEST_LINE = 64 << 20
"""What is longer was not written by a run; it is gone through in pieces, which are no events."""


def is_run_directory(names: frozenset[str] | set[str]) -> bool:
    """Whether a folder with these entries is a run directory, whatever state it was left in."""
    return EVENTS_FILE in names


class EventTail:
    """The events of one run directory, read as they are written.

    A last line that is not finished yet (or was torn by a crash) is left until it is; a line that
    is not an event this version knows is skipped.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._path = Path(directory) / EVENTS_FILE
        self._offset = 0
        self.more = False
        """Whether the last read left something for the next, as far as it saw."""

    @property
    def place(self) -> int:
        """How many bytes of the journal are behind it; one that was told can be gone back to."""
        return self._offset

    @place.setter
    def place(self, place: int) -> None:
        self._offset = place

    def skip_to_last(self, size: int) -> None:
        """Leave out what lies before the last ``size`` bytes; the line that begins there counts
        from its end, so it is left out too."""
        try:
            end = os.stat(self._path, follow_symlinks=False).st_size
        except OSError:
            return
        if end - size > self._offset:
            self._offset = end - size

    def read(self, most: int | None = None) -> list[Event]:
        """The events since the last call; none when the file is not there.

        With ``most``, about so many bytes of them.
        """
        self.more = False
        events: list[Event] = []
        # Not blocking: a named pipe planted there must not hang its reader.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._path, flags)
        except OSError:
            return events
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return events  # a device can be read without an end
            line: list[bytes] = []
            length = 0
            while chunk := os.pread(descriptor, most or _CHUNK, self._offset + length):
                whole = chunk.rfind(b"\n") + 1
                if whole:
                    events.extend(_decoded(b"".join((*line, chunk[:whole]))))
                    self._offset += length + whole
                    line, length = [], 0
                    if most is not None:
                        self.more = len(chunk) == most
                        break
                line.append(chunk[whole:])
                length += len(line[-1])
                if length > _LONGEST_LINE:
                    self._offset += length
                    line, length = [], 0
        except OSError:
            pass  # a disk that fails: no more events than were read
        finally:
            os.close(descriptor)
        return events


def glance(tail: EventTail) -> list[Event]:
    """The first and last events of a long journal, all of a short one; ``tail`` reads on there."""
    events = tail.read(_GLANCE)
    if tail.more:
        tail.skip_to_last(_GLANCE)
        events += tail.read()
    return events


def _decoded(lines: bytes) -> list[Event]:
    events: list[Event] = []
    for line in lines.splitlines():
        try:
            document: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue
        event = decode(document) if isinstance(document, dict) else None
        if event is not None:
            events.append(event)
    return events

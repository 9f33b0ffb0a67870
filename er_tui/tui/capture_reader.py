# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lines of a run's captures, in the order they came, from its directory alone."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path

from er_tui.journal.events import OutputSeen
from er_tui.journal.reading import EventTail
from er_tui.text.line_index import LineIndex

STREAMS = ("stdout", "stderr")


class CaptureReader:
    """Indexes captures a little at a time; the same for a live run and for one of last week.

    With both streams the order is that of the journaled marks; what no mark covers (a run cut off)
    follows once nothing writes any more.
    """

    def __init__(self, directory: str | Path, streams: tuple[str, ...] = STREAMS) -> None:
        folder = Path(directory)
        self._paths = {stream: folder / f"{stream}.txt" for stream in streams}
        self._tail = EventTail(folder) if len(streams) > 1 else None
        self._marks: deque[tuple[str, int]] = deque()
        self.index = LineIndex(self._paths)

    @classmethod
    def of_file(cls, path: Path) -> CaptureReader:
        """A reader of one file that is no capture, such as an artifact."""
        reader = cls(path.parent, ("file",))
        reader._paths = {"file": path}
        reader.index = LineIndex(reader._paths)
        return reader

    def advance(self, *, live: bool, seconds: float) -> bool:
        """Index what is there, for about ``seconds``; True if there is more to do already."""
        until = time.monotonic() + seconds
        if self._tail is None:
            return self._to_sizes(until)
        for event in self._tail.read():
            if isinstance(event, OutputSeen):
                self._marks.extend((stream, size) for stream, size, _at in event.marks)
        while self._marks:
            stream, size = self._marks[0]
            before = self.index.indexed(stream)
            if stream in self._paths and before < size:
                after = self.index.extend(stream, size)
                if after > before and after < size:
                    if time.monotonic() >= until:
                        return True
                    continue
            self._marks.popleft()
            if time.monotonic() >= until:
                return bool(self._marks)
        return False if live else self._to_sizes(until)

    def close(self) -> None:
        self.index.close()

    def _to_sizes(self, until: float) -> bool:
        for stream, path in self._paths.items():
            try:
                size = os.stat(path).st_size
            except OSError:
                continue
            while (before := self.index.indexed(stream)) < size:
                if self.index.extend(stream, size) == before:
                    break
                if time.monotonic() >= until:
                    return True
        return False

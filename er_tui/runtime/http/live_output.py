# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines that arrive over HTTP, captured like a child's output."""

from __future__ import annotations

import os
import time

from er_tui.journal.events import OutputSeen
from er_tui.runtime.recording import RunRecord

_MARK_SECONDS = 0.1


class LiveOutput:
    """The ``stdout`` capture of a run without a process. Used by one thread."""

    def __init__(self, record: RunRecord, max_bytes: int) -> None:
        assert record.directory is not None
        self.path = f"{record.directory.path}/stdout.txt"
        self.full = False
        """Whether something did not fit below the cap."""
        self.size = 0
        self._record = record
        self._max_bytes = max_bytes
        self._file = record.directory.create_file("stdout.txt")
        self._marked_at = float("-inf")
        self._marked = 0

    def write(self, text: str) -> None:
        """Capture one or more lines. Raises OSError."""
        data = text.encode(errors="backslashreplace") + b"\n"
        if self.full or self.size + len(data) > self._max_bytes:
            self.full = True
            return
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self.size += len(data)
        if time.monotonic() - self._marked_at >= _MARK_SECONDS:
            self._mark()

    def rest(self) -> None:
        """Nothing more comes for now: mark what was written since the last mark."""
        if self.size != self._marked:
            self._mark()

    def close(self) -> None:
        self.rest()
        os.close(self._file)

    def _mark(self) -> None:
        now = time.time()
        self._marked_at = time.monotonic()
        self._marked = self.size
        self._record.emit(OutputSeen(at=now, marks=(("stdout", self.size, now),)))

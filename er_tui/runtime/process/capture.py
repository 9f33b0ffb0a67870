# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a child writes, moved from its pipes into the capture files, and marked in time."""

from __future__ import annotations

import os
import time

from er_tui.journal.events import Mark, OutputSeen
from er_tui.runtime.recording import RunRecord

STREAMS = ("stdout", "stderr")
_CHUNK = 1 << 16
_MARK_SECONDS = 0.1
_DRAIN_BYTES = 4 << 20
"""Most that is taken after the leader's exit: what a pipe holds, and some. Whoever still writes
then left the group and goes on for ever."""


class CaptureError(Exception):
    """A capture file could not be written; the message says which and why."""


class Stream:
    """One output of the child: the read end of its pipe and the file it is captured in."""

    def __init__(self, name: str, record: RunRecord) -> None:
        assert record.directory is not None
        self.name = name
        self.path = f"{record.directory.path}/{name}.txt"
        self.size = 0
        self._file = record.directory.create_file(f"{name}.txt")
        try:
            self.pipe, self.write_end = os.pipe()
        except OSError:
            os.close(self._file)
            raise
        os.set_blocking(self.pipe, False)
        self.open = True

    def read(self) -> int:
        """Move what is there, one chunk at most; how much it was, 0 for nothing now or the end."""
        try:
            data = os.read(self.pipe, _CHUNK)
        except BlockingIOError:
            return 0
        if not data:
            self.open = False
            return 0
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._file, view)
            except OSError as error:
                # Nothing more of this stream: the capture shall end here, not have a hole.
                self.open = False
                raise CaptureError(f"{self.path}: {error.strerror}") from error
            self.size += written
            view = view[written:]
        return len(data)

    def tail(self, length: int) -> bytes:
        """The last ``length`` bytes captured, whatever became of the file's name meanwhile."""
        return os.pread(self._file, length, max(0, self.size - length))

    def close_write_end(self) -> None:
        """Give up our copy of the child's end, so that the end of the stream can be seen."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        self.close_write_end()
        os.close(self.pipe)
        os.close(self._file)


class Capture:
    """Both outputs of a child, with the marks that tell their order and times."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._marks: list[Mark] = []
        self._flushed_at = float("-inf")
        self.streams: list[Stream] = []
        try:
            for name in STREAMS:
                self.streams.append(Stream(name, record))
        except OSError:
            self.close()
            raise

    def pump(self, stream: Stream) -> None:
        """Move one chunk of ``stream``. Raises CaptureError when it cannot be kept."""
        before = stream.size
        try:
            stream.read()
        finally:
            if stream.size != before:
                self._mark(stream)

    def _mark(self, stream: Stream) -> None:
        mark = (stream.name, stream.size, time.time())
        if self._marks and self._marks[-1][0] == stream.name:
            self._marks[-1] = mark
        else:
            self._marks.append(mark)

    def drain(self) -> None:
        """Move all that is in the pipes now, up to a bound; never waits."""
        for stream in self.streams:
            taken = stream.size
            while stream.open and stream.size - taken < _DRAIN_BYTES:
                before = stream.size
                self.pump(stream)
                if stream.size == before:
                    break

    def flush_due(self) -> float | None:
        """When marks have to be journaled (monotonic clock); None while there are none."""
        return self._flushed_at + _MARK_SECONDS if self._marks else None

    def flush(self) -> None:
        """Journal the marks gathered since the last time."""
        if self._marks:
            self._record.emit(OutputSeen(at=time.time(), marks=tuple(self._marks)))
            self._marks.clear()
            self._flushed_at = time.monotonic()

    def close(self) -> None:
        for stream in self.streams:
            stream.close()

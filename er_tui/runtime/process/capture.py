# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a child writes, moved from its pipes or terminal into the capture files, marked in time."""

from __future__ import annotations

import os
import time

from er_tui.journal.events import Mark, Noted, OutputSeen
from er_tui.runtime.process.channels import Channel, open_pipe, open_terminal
from er_tui.runtime.recording import RunRecord

STREAMS = ("stdout", "stderr")
_CHUNK = 1 << 16
_MARK_SECONDS = 0.1
_DRAIN_BYTES = 4 << 20
"""Most that is taken after the leader's exit: what a pipe holds, and some. Whoever still writes
then left the group and goes on for ever."""


class CaptureError(Exception):
    """Not all can be kept any more; the message says why."""


class Stream:
    """One output of the child: where it comes from and the file it is captured in.

    Once something could not be kept nothing more of the stream is, so that the capture ends there
    and has no hole; it is read on, so that the child can end in its own way, and counted.
    """

    def __init__(self, name: str, record: RunRecord, channel: Channel) -> None:
        assert record.directory is not None
        self.name = name
        self.path = f"{record.directory.path}/{name}.txt"
        self.size = 0
        self.discarded = 0
        """Bytes that were read and not kept."""
        self.open = True
        self.channel = channel
        self._full = False
        try:
            self._file = record.directory.create_file(f"{name}.txt")
        except OSError:
            channel.close()
            raise

    def read(self, room: int | None) -> int:
        """Move what is there, one chunk at most; how much it was, 0 for nothing now or the end.

        ``room`` is how much may still be kept, None for any amount. Raises CaptureError when the
        file cannot be written to.
        """
        data = self.channel.read(_CHUNK)
        if not data:
            self.open = data is None
            return 0
        kept = memoryview(data)[: 0 if self._full else room]
        self.discarded += len(data) - len(kept)
        self._full = self._full or len(kept) < len(data)
        try:
            while kept:
                written = os.write(self._file, kept)
                self.size += written
                kept = kept[written:]
        except OSError as error:
            self.discarded += len(kept)
            self._full = True
            raise CaptureError(f"capture failed: {self.path}: {error.strerror}") from error
        return len(data)

    def tail(self, length: int) -> bytes:
        """The last ``length`` bytes captured, whatever became of the file's name meanwhile."""
        return os.pread(self._file, length, max(0, self.size - length))

    def close(self) -> None:
        self.channel.close()
        os.close(self._file)


class Capture:
    """All output of a child, with the marks that tell its order and times.

    With ``terminal`` (columns, rows) the child gets a terminal of that size and there is one
    stream; at most ``most`` bytes are kept of all streams together.
    """

    def __init__(
        self, record: RunRecord, terminal: tuple[int, int] | None = None, most: int | None = None
    ) -> None:
        self._record = record
        self._most = most
        self.passed = False
        """Whether there was more than ``most``."""
        self._marks: list[Mark] = []
        self._flushed_at = float("-inf")
        self.streams: list[Stream] = []
        try:
            for name in STREAMS if terminal is None else STREAMS[:1]:
                channel = open_pipe() if terminal is None else open_terminal(*terminal)
                self.streams.append(Stream(name, record, channel))
        except OSError:
            self.close()
            raise

    def pump(self, stream: Stream) -> None:
        """Move one chunk of ``stream``. Raises CaptureError once not all can be kept."""
        before, room = stream.size, None
        if self._most is not None:
            room = max(0, self._most - sum(stream.size for stream in self.streams))
        try:
            stream.read(room)
        finally:
            if stream.size != before:
                self._mark(stream)
        if room is not None and stream.discarded and not self.passed:
            self.passed = True
            raise CaptureError(f"the output passed the {self._most} bytes of it that are kept")

    def _mark(self, stream: Stream) -> None:
        mark = (stream.name, stream.size, time.time())
        if self._marks and self._marks[-1][0] == stream.name:
            self._marks[-1] = mark
        else:
            self._marks.append(mark)

    def drain(self) -> str | None:
        """Move all that is in the pipes now, up to a bound; never waits.

        What could not be kept for the first time, in words.
        """
        failure = None
        for stream in self.streams:
            taken = stream.size + stream.discarded
            while stream.open and stream.size + stream.discarded - taken < _DRAIN_BYTES:
                before = stream.size + stream.discarded
                try:
                    self.pump(stream)
                except CaptureError as error:
                    failure = failure or str(error)
                    self._record.emit(Noted(at=time.time(), text=str(error)))
                if stream.size + stream.discarded == before:
                    break
        return failure

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

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Response bodies: streamed to the run directory, bounded, kept once each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from er_tui.journal.run_directory import RunDirectory, words_of
from er_tui.runtime.http.document import MAX_PARSED_BYTES

_IN_MEMORY_BYTES = 256 << 10
_MOST_POLLS = 500
_MOST_POLL_BYTES = 64 << 20
_ENDINGS = (("json", ".json"), ("html", ".html"), ("xml", ".xml"), ("text/", ".txt"))


class BodyTooLarge(Exception):
    """More came than may be stored; the message says how much that is."""


class BodyNotStored(Exception):
    """The run directory does not take it; the message says why."""


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BodyNotStored(words_of(error)) from error


class Body:
    """One body, while it comes. Small ones touch the disk only when they are kept."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._chunks: list[bytes] = []
        self._file: int | None = None
        self.head = b""
        """What may be parsed: all of a body up to 4 MiB."""
        self.size = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def write(self, chunk: bytes) -> None:
        """Raises BodyTooLarge past the cap (what is below it is kept) and BodyNotStored."""
        room = self._bodies.max_bytes - self.size
        kept = chunk[: max(0, room)]
        self.size += len(kept)
        self._digest.update(kept)
        if self._file is None:
            self._chunks.append(kept)
            if self.size > _IN_MEMORY_BYTES:
                self._spill()
        else:
            with _storing():
                _write_all(self._file, kept)
            if self.size <= MAX_PARSED_BYTES:
                self._chunks.append(kept)
        if len(kept) < len(chunk):
            raise BodyTooLarge(f"larger than http.max_body_bytes ({self._bodies.max_bytes} bytes)")

    def keep(self, name: str, headers: Mapping[str, str]) -> str:
        """Store the body as ``name`` with an ending for its type; the path in the run directory.

        Raises BodyNotStored.
        """
        if self._file is None:
            self._spill()
        with _storing():
            return self._bodies.place(name + _ending(headers))

    def end(self) -> str:
        """All has come (or will ever come): what tells this body from others."""
        self.head = b"".join(self._chunks)
        self._chunks.clear()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of the file; a body that was not kept is gone then."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self._bodies.discard()

    def _spill(self) -> None:
        with _storing():
            self._file = self._bodies.create()
            for chunk in self._chunks or [self.head]:
                _write_all(self._file, chunk)


class Bodies:
    """The bodies of one run; one comes at a time."""

    def __init__(self, directory: RunDirectory, max_bytes: int) -> None:
        self._directory = directory
        self.max_bytes = max_bytes
        self.polls_kept = 0
        self.polls_dropped = 0
        """Distinct poll bodies past the cap, of which only the last stays."""
        self._poll_bytes = 0
        self._last_poll: tuple[str, str | None, str] | None = None

    def new(self) -> Body:
        return Body(self)

    def keep_poll(
        self, body: Body, digest: str, headers: Mapping[str, str]
    ) -> tuple[str | None, str]:
        """Store a poll's body unless it is that of the poll before.

        Where it stays (None past a cap on number and bytes, and counted), and where it is until
        the next one comes: the last one is kept always.
        """
        if self._last_poll is not None and self._last_poll[0] == digest:
            return self._last_poll[1:]
        path: str | None = None
        if self.polls_kept < _MOST_POLLS and self._poll_bytes + body.size <= _MOST_POLL_BYTES:
            if self.polls_kept == 0:
                with _storing():
                    os.mkdir(f"{self._directory.path}/polls", 0o700)
            self.polls_kept += 1
            self._poll_bytes += body.size
            path = latest = body.keep(f"polls/{self.polls_kept:04d}", headers)
        else:
            self.polls_dropped += 1
            latest = self._keep_latest(body, headers)
        self._last_poll = (digest, path, latest)
        return path, latest

    def _keep_latest(self, body: Body, headers: Mapping[str, str]) -> str:
        latest = body.keep("poll-last", headers)
        if self._last_poll is not None and self._last_poll[1] is None:
            before = self._last_poll[2]
            if before != latest:  # of another type
                with _storing():
                    os.unlink(f"{self._directory.path}/{before}")
        return latest

    def create(self) -> int:
        return self._directory.create_file(_COMING)

    def place(self, name: str) -> str:
        os.rename(f"{self._directory.path}/{_COMING}", f"{self._directory.path}/{name}")
        return name

    def discard(self) -> None:
        try:
            os.unlink(f"{self._directory.path}/{_COMING}")
        except FileNotFoundError:
            pass  # it was kept


_COMING = "body.part"


def _ending(headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "").lower()
    return next((ending for word, ending in _ENDINGS if word in kind), ".bin")


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Archives of files: ``.tar.gz`` or ``.zip``, whole or not there at all."""

from __future__ import annotations

import os
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from typing import IO, Protocol

_PIECE = 1 << 20
_OLDEST_IN_ZIP = 315_619_200.0
_NEWEST_IN_ZIP = 4_354_732_800.0
"""A zip file knows the years from 1980 to 2107; a day less here, whatever the time zone."""


class Archive(Protocol):
    """Takes files one after the other."""

    def add(self, name: str, descriptor: int) -> int:
        """Put in what the file holds now, private and owned by nobody; how many bytes that were.

        A file that grows meanwhile is cut there. Raises OSError, also for one that shrinks.
        """


def kind_of_archive(path: Path) -> type[_Tar] | type[_Zip] | None:
    """How a file of that name is written; None if the name says of no kind that there is."""
    if path.name.endswith((".tar.gz", ".tgz")):
        return _Tar
    return _Zip if path.name.endswith(".zip") else None


@contextmanager
def writing(path: Path, *, replace: bool) -> Iterator[Archive]:
    """An archive that is at ``path`` (0600) once all is in it, of a kind that there is.

    Raises OSError, FileExistsError where something is there already and is not to be replaced;
    then, and when the body raises, nothing is left of it.
    """
    if not replace and os.path.lexists(path):
        raise FileExistsError(0, "it is there already")
    kind = kind_of_archive(path)
    assert kind is not None
    aside = path.parent / f".er-tui-{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(aside, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            archive = kind(file)
            try:
                yield archive
            except BaseException:
                _abandon(archive)
                raise
            archive.close()
        _put_in_place(aside, path, replace)
    finally:
        aside.unlink(missing_ok=True)


def _abandon(archive: _Tar | _Zip) -> None:
    """Let go of the file: what is in it is thrown away."""
    try:
        archive.close()
    except (OSError, ValueError):
        pass  # what failed before fails once more; that is told


def _put_in_place(aside: Path, path: Path, replace: bool) -> None:
    if not replace:
        # Whoever makes the file first has it, on file systems without links too.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        os.replace(aside, path)
    except OSError:
        if not replace:
            path.unlink()
        raise


class _Tar:
    def __init__(self, file: IO[bytes]) -> None:
        # Without a name and a time in its head the same files give the same archive.
        self._packed = GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
        self._tar = tarfile.TarFile(fileobj=self._packed, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name: str, descriptor: int) -> int:
        status = os.fstat(descriptor)
        member = tarfile.TarInfo(name)
        member.size, member.mode = status.st_size, 0o600
        member.mtime = int(status.st_mtime)
        with open(descriptor, "rb", closefd=False) as file:
            self._tar.addfile(member, file)
        return member.size

    def close(self) -> None:
        self._tar.close()
        self._packed.close()


class _Zip:
    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, descriptor: int) -> int:
        status = os.fstat(descriptor)
        changed = time.localtime(min(max(status.st_mtime, _OLDEST_IN_ZIP), _NEWEST_IN_ZIP))
        member = zipfile.ZipInfo(name, changed[:6])
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = 0o100600 << 16
        rest = status.st_size
        with self._zip.open(member, "w", force_zip64=rest >= 1 << 31) as packed:
            while rest:
                piece = os.read(descriptor, min(rest, _PIECE))
                if not piece:
                    raise OSError(0, f"{name} was cut while it was read")
                packed.write(piece)
                rest -= len(piece)
        return status.st_size

    def close(self) -> None:
        self._zip.close()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The invocation files of some folders: the good ones, the bad ones, and what is none."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from er_tui.journal.reading import is_run_directory
from er_tui.journal.run_directory import DEFAULT_FOLDER

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError, RuntimeInvocation

SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One invocation file: what it holds, or why it cannot be used; neither before it is read."""

    path: Path
    name: str
    """How it is listed: relative to the folder it was found under, without its suffix."""
    invocation: RuntimeInvocation | None
    error: InvocationFileError | None
    gone: bool = False
    """The file was deleted; the entry is kept because it was run."""
    kept: bool = False
    """Not a file: a folder that holds runs of an invocation whose file is not among those listed.
    The invocation is that of the newest run, its secrets masked; None if it cannot be read."""
    sha256: str | None = None
    """Of the bytes that were read, as a run of them records it."""

    @property
    def unread(self) -> bool:
        """Found, but not looked into yet."""
        return self.invocation is None and self.error is None and not self.kept

    @property
    def key(self) -> str:
        return os.fspath(self.path)


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes an entry was made from, for whoever starts a run of it."""

    entry: Entry
    data: bytes

    @property
    def is_something_else(self) -> bool:
        """Whether this is JSON that never was meant as an invocation."""
        return self.entry.error is not None and _is_something_else(self.data)


class Library:
    """Finds and loads invocation files under ``roots`` (folders, searched deeply, and files).

    Left out are dot-directories, run directories (whatever a run wrote, its invocation included),
    and JSON that is something else: another ``contract_kind``, or an object that claims to be none
    and has no ``invocation_id``. The latter are counted in :attr:`others`. A file named as a root
    is always listed.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self.roots = tuple(Path(os.path.abspath(root)) for root in roots)
        self.others: set[str] = set()
        """Paths of JSON files that hold something else."""
        self.folders: dict[Path, Path] = {}
        """Folders looked into, each with the root it was found under."""
        self._kept: set[tuple[str, str]] = set()
        self._identities: dict[Path, tuple[int, int]] = {}

    def find(self) -> Iterator[Entry]:
        """All files that may be invocations, unread: each folder in order of names.

        Costs no look into any file, so that a screen can list thousands at once.
        """
        visited: set[tuple[int, int]] = set()
        listed: set[str] = set()
        for root in self.roots:
            found: Iterable[Entry] = (
                self._find_in(root, root, visited)
                if root.is_dir()
                else [Entry(root, _name(root, root.parent), None, None)]
            )
            for entry in found:
                # Roots may overlap; a file is listed once.
                if entry.key not in listed:
                    listed.add(entry.key)
                    yield entry

    def read(self, entry: Entry) -> Entry | None:
        """The entry with what is in its file; None if that turns out to be something else."""
        document = self.document(entry)
        return document.entry if document is not None else None

    def document(self, entry: Entry) -> Document | None:
        """The same with the bytes it was made from."""
        if not entry.unread:
            return Document(entry, b"")
        document = load(entry.path, entry.path.parent)
        if entry.path not in self.roots and document.is_something_else:
            self.others.add(entry.key)
            return None
        return replace(document, entry=replace(document.entry, name=entry.name))

    def scan(self) -> Iterator[Entry]:
        """All entries, read."""
        for found in self.find():
            entry = self.read(found)
            if entry is not None:
                yield entry

    def places_of_runs(self) -> set[tuple[str, str | None]]:
        """Where there are runs, or may come to be, in or below the roots: ``(base, id)`` for those
        of one invocation, ``(base, None)`` for those of any.
        """
        places: set[tuple[str, str | None]] = {
            (os.fspath(folder / DEFAULT_FOLDER), None) for folder in self.folders
        }
        for base, invocation_id in self._kept:
            inside = any(Path(base).is_relative_to(root) for root in self.roots)
            places.add((base, None if inside else invocation_id))
        return places

    def rescan(self, folder: Path) -> Iterator[Entry]:
        """The entries of a folder that appeared under a root; none of one a scan leaves out."""
        for root in self.roots:
            if folder.is_relative_to(root):
                inner = folder.relative_to(root).parts
                if not any(part.startswith(".") for part in inner):
                    for found in self._find_in(folder, root, set()):
                        entry = self.read(found)
                        if entry is not None:
                            yield entry
                return

    def reload(self, path: Path) -> Entry | None:
        """The entry of a file that changed or appeared; None if it is none (any more)."""
        self.others.discard(os.fspath(path))
        if path in self.roots:
            return load(path, path.parent).entry if os.path.lexists(path) else None
        root = self.folders.get(path.parent)
        if root is None or not _is_candidate(path.name) or not os.path.lexists(path):
            return None
        return None if path.is_dir() else self.read(Entry(path, _name(path, root), None, None))

    def forget(self, folder: Path) -> bool:
        """The folder is gone, with those below it; False if it was none that is known."""
        if folder not in self.folders:
            return False
        below = os.fspath(folder) + os.sep
        for known in [f for f in self.folders if os.fspath(f).startswith(below)]:
            del self.folders[known], self._identities[known]
        del self.folders[folder], self._identities[folder]
        return True

    def was_replaced(self, folder: Path) -> bool:
        """Whether another folder stands where this one was looked into: renamed to its place, or
        a link that leads elsewhere now. False for one that is gone or was never looked into.
        """
        try:
            now = _identity(os.stat(folder))
        except OSError:
            return False
        return self._identities.get(folder, now) != now

    def _find_in(self, folder: Path, root: Path, visited: set[tuple[int, int]]) -> Iterator[Entry]:
        """Depth first, by a stack of its own: a tree may be deeper than Python's."""
        pending = [iter((folder,))]
        while pending:
            path = next(pending[-1], None)
            if path is None:
                pending.pop()
            elif path is folder or os.path.isdir(path):
                try:
                    pending.append(iter(self._look_into(path, root, visited)))
                except OSError as error:
                    yield _unreadable(path, root, error)
            elif _is_candidate(path.name):
                yield Entry(path, _name(path, root), None, None)

    def _look_into(self, folder: Path, root: Path, visited: set[tuple[int, int]]) -> list[Path]:
        """What is to be looked at in a folder. Raises OSError."""
        status = os.stat(folder)
        names = sorted(os.listdir(folder))
        # Links may lead back up; a folder is looked into once.
        identity = _identity(status)
        if identity in visited:
            return []
        if is_run_directory(set(names)):
            self._kept.add((os.fspath(folder.parent.parent), folder.parent.name))
            return []
        visited.add(identity)
        self.folders[folder], self._identities[folder] = root, identity
        return [folder / name for name in names if not name.startswith(".")]


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _unreadable(folder: Path, root: Path, error: OSError) -> Entry:
    from er_tui.rxp import InvocationFileError

    reason = f"folder cannot be read: {error.strerror}"
    return Entry(folder, _name(folder, root), None, InvocationFileError(folder, reason))


def load(path: Path, root: Path) -> Document:
    """The entry of one file, whatever is in it, and its bytes as far as they could be read."""
    # The contracts take longer to load than all the rest of a listing: not before a file is read.
    from er_tui.rxp import InvocationFileError, parse_invocation, read_document

    name = _name(path, root)
    data = b""
    try:
        data = read_document(path)
        return Document(
            Entry(path, name, parse_invocation(data, path), None, sha256=_sha(data)), data
        )
    except InvocationFileError as error:
        return Document(Entry(path, name, None, error, sha256=_sha(data)), data)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_candidate(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _name(path: Path, root: Path) -> str:
    return os.fspath(path.relative_to(root)).removesuffix(SUFFIX)


def _is_something_else(data: bytes) -> bool:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    if "contract_kind" in document:
        kind = document["contract_kind"]
        return isinstance(kind, str) and kind != "runtime_invocation"
    return "invocation_id" not in document

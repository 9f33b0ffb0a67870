# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which folders runs were recorded in: an index in the user's state folder.

A file for each, named by the digest of the path that it holds. So nobody has to wait for anybody:
two processes add two files, or the same one twice, and no file is ever changed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from er_tui.journal.places import make_private_folders, state_folder

_FOLDER = "roots"
_MANY = 500
"""From so many on, those that are gone are forgotten."""
_FRESH_SECONDS = 24 * 3600.0
"""A root that was used in this time may be gone because it is not there yet."""
_LONGEST_PATH = 4096


def remember(bases: Iterable[str]) -> None:
    """Note folders that runs are recorded below, as ``bases_of`` gives them: absolute paths.

    Costs a look into a dictionary once a folder is known to this process. Where the state folder
    cannot be written nothing is remembered: the runs are found by their path all the same.
    """
    state = state_folder()
    for base in bases:
        _remember(str(state), base)


def known() -> list[str]:
    """All folders that were remembered, sorted, with that of the state folder itself; whether they
    are there still is not looked at."""
    state = str(state_folder())
    roots = {os.path.join(state, "runs")}
    for entry in _entries(state):
        root = _read(entry)
        if root is not None:
            roots.add(root)
    return sorted(roots)


@cache
def _remember(state: str, base: str) -> None:
    folder = os.path.join(state, _FOLDER)
    path = Path(folder, _name(base))
    try:
        make_private_folders(folder)
        if not _touch(path):
            _write(path, os.fsencode(base))
            _forget_some(state)
    except OSError:
        pass  # see remember


def _name(base: str) -> str:
    return hashlib.sha256(os.fsencode(base)).hexdigest()


def _touch(path: Path) -> bool:
    """Say that it is in use, at most once a day; whether it is there."""
    try:
        if time.time() - os.lstat(path).st_mtime > _FRESH_SECONDS:
            os.utime(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    aside = path.parent / f".{path.name[:16]}.{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(aside, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise


def _entries(state: str) -> list[Path]:
    folder = Path(state, _FOLDER)
    try:
        return [folder / name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return []


def _read(entry: Path) -> str | None:
    """The root that an entry names; None for a file that is no entry, or not a whole one."""
    try:
        descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            root = os.fsdecode(file.read(_LONGEST_PATH + 1))
    except OSError:
        return None
    return root if _name(root) == entry.name and os.path.isabs(root) else None


def _forget_some(state: str) -> None:
    """When there are many, forget those that are gone and were not used for a while."""
    entries = _entries(state)
    if len(entries) < _MANY:
        return
    for entry in entries:
        root = _read(entry)
        unused = time.time() - os.lstat(entry).st_mtime > _FRESH_SECONDS
        if unused and (root is None or not os.path.isdir(root)):
            entry.unlink(missing_ok=True)

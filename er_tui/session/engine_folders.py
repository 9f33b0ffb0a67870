# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where engines keep their sockets: a private folder each, found again by the same user only."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from er_tui.engine.description import Description, read_description
from er_tui.journal.identity import presence

VARIABLE = "ER_TUI_RUNTIME_DIR"
"""Names the place, where it is to be another one than ``/tmp``."""
_PREFIX = "er-tui-"
_USUAL = "/tmp"
_LONGEST_FOLDER = 80
"""Bytes; a socket's path may have 108, with what mkdtemp and we add to the folder's."""
_STARTING_SECONDS = 60.0
"""An engine that has not described itself by then never will."""


def new_folder() -> Path:
    """A fresh folder of mode 0700 where a socket may be; raises OSError if there is no place."""
    for base in _places():
        if len(os.fsencode(base)) <= _LONGEST_FOLDER and os.access(base, os.W_OK):
            return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    raise FileNotFoundError(
        f"there is no folder for the engine's socket: {' and '.join(_places())} cannot be written"
        f" to, or have too long a path; set {VARIABLE} to another one"
    )


def folders() -> Iterator[tuple[Path, Description]]:
    """Those of this user's engines that live on this machine, as they describe themselves.

    What dead engines left is removed on the way.
    """
    for base in dict.fromkeys(_places()):
        try:
            names = [name for name in os.listdir(base) if name.startswith(_PREFIX)]
        except OSError:
            continue
        for name in sorted(names):
            description = _look_into(Path(base, name))
            if description is not None:
                yield Path(base, name), description


def is_private(path: Path, kind: int) -> bool:
    """Whether it is ours, of this kind (``stat.S_IFDIR``), and nobody else's to touch."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    ours = status.st_uid == os.getuid() and stat.S_IFMT(status.st_mode) == kind
    return ours and not status.st_mode & 0o077


def _look_into(folder: Path) -> Description | None:
    if not is_private(folder, stat.S_IFDIR):
        return None
    try:
        description = read_description(folder)
    except FileNotFoundError:
        _remove_unbegun(folder)
        return None
    except (OSError, ValueError):
        return None
    where = presence(description.process)
    if where == "gone":
        shutil.rmtree(folder, ignore_errors=True)
    return description if where == "here" else None


def _remove_unbegun(folder: Path) -> None:
    """Of an engine that was ended before it had described itself: nothing but what it makes."""
    try:
        age = time.time() - os.lstat(folder).st_mtime
        if age < _STARTING_SECONDS or not os.path.lexists(folder / "engine.sock"):
            return
    except OSError:
        return
    shutil.rmtree(folder, ignore_errors=True)


def _places() -> list[str]:
    """Not ``XDG_RUNTIME_DIR``: that is emptied when the user logs out, and engines may stay."""
    own = os.environ.get(VARIABLE)
    return [own] if own else [_USUAL, tempfile.gettempdir()]

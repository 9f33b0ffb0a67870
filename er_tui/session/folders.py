# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run directories gone through by folders that are held open; no link is followed anywhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from er_tui.journal.run_directory import (
    ENVIRONMENT_FILE,
    EVENTS_FILE,
    INVOCATION_FILE,
    RESULT_FILE,
)

_OURS = frozenset(
    (
        INVOCATION_FILE,
        ENVIRONMENT_FILE,
        EVENTS_FILE,
        RESULT_FILE,
        "stdout.txt",
        "stderr.txt",
        "body.part",
    )
)
_BODIES = frozenset(("response", "kickoff", "poll-last"))
"""Without the ending that tells the type."""
_POLLS = "polls/"
_DEEPEST = 100


class TooDeep(OSError):
    """Folders within folders, more than anybody means."""

    def __init__(self) -> None:
        super().__init__(0, f"folders lie more than {_DEEPEST} deep in it")


@contextmanager
def held_folder(name: str, parent: int | None = None) -> Iterator[int]:
    """A folder, held open; ``name`` is one in ``parent``, or a path. Raises OSError for a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def held_file(name: str, parent: int) -> Iterator[int | None]:
    """A regular file, open for reading; None for anything else. Raises OSError."""
    # A named pipe would wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def entries_of(folder: int) -> list[tuple[str, os.stat_result]]:
    """What is in a folder, by name. Raises OSError."""
    with os.scandir(folder) as listed:
        found = []
        for entry in listed:
            try:
                found.append((entry.name, entry.stat(follow_symlinks=False)))
            except FileNotFoundError:
                pass  # gone since it was listed
    return sorted(found)


def is_of_er_tui(path: str) -> bool:
    """Whether er-tui writes a file that is called so, seen from the run directory."""
    return path in _OURS or path.startswith(_POLLS) or path.partition(".")[0] in _BODIES


def refuse_depth(path: str) -> None:
    """Raise TooDeep for a path that is; every folder on it costs a descriptor."""
    if path.count("/") > _DEEPEST:
        raise TooDeep


def weigh(folder: int, within: str = "") -> tuple[int, int]:
    """The bytes of all files in a folder, deeply, and the number of those that er-tui did not
    write. Raises OSError.
    """
    refuse_depth(within)
    size = foreign = 0
    for name, status in entries_of(folder):
        path = within + name
        if stat.S_ISDIR(status.st_mode):
            with held_folder(name, folder) as inner:
                inner_size, inner_foreign = weigh(inner, f"{path}/")
            size, foreign = size + inner_size, foreign + inner_foreign
        else:
            size, foreign = size + status.st_size, foreign + (not is_of_er_tui(path))
    return size, foreign

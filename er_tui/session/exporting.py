# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run, packed into one file that can be handed on."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from er_tui.journal.run_directory import INVOCATION_FILE
from er_tui.session.archive import Archive, writing
from er_tui.session.artifact import ArtifactError, open_artifact
from er_tui.session.finding import Kept
from er_tui.session.folders import entries_of, held_file, held_folder, refuse_depth
from er_tui.session.library import load
from er_tui.session.past import read_run
from er_tui.session.state import RunState

MOST_OUTSIDE = 1 << 30
"""Bytes of artifacts from outside the run directory that go into one archive."""
_OUTSIDE = "outside"


@dataclass(slots=True)
class Exported:
    """What became of it."""

    run: Kept
    state: RunState
    """As it was when the export began; of a live run, later parts may tell more."""
    files: int = 0
    size: int = 0
    """Bytes, unpacked."""
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Paths, and why: a sentence's end."""
    names: set[str] = field(default_factory=set)
    """Of the members: ``<invocation_id>/<run_id>/...``."""
    outside: int = 0
    """Bytes of those that lie outside the run directory."""


def export(run: Kept, path: Path, *, replace: bool, artifacts: bool) -> Exported:
    """Pack the files of a run directory; of a live run, what they hold now.

    Links are not followed, and left out. With ``artifacts`` those that lie in the folders of the
    invocation go too, as ``outside/<path>``. What er-tui wrote has its secrets masked; what the run
    wrote is packed as it is. Raises OSError.
    """
    done = Exported(run, read_run(run.directory, glancing=True))
    with ExitStack() as stack:
        directory = stack.enter_context(held_folder(run.directory))
        if os.path.samestat(os.stat(path.parent), os.fstat(directory)):
            raise OSError(0, "it would lie in the run directory")
        archive = stack.enter_context(writing(path, replace=replace))
        prefix = f"{run.invocation_id}/{run.run_id}/"
        _pack(directory, archive, prefix, "", done)
        for artifact in _outside(run, done.state.result or {}):
            if artifacts:
                _pack_outside(artifact, _confines(run), archive, prefix, done)
            else:
                done.left_out.append((artifact, "it lies outside the run directory"))
    return done


def _pack(folder: int, archive: Archive, prefix: str, within: str, done: Exported) -> None:
    refuse_depth(within)
    for name, status in entries_of(folder):
        path = f"{within}{name}"
        if stat.S_ISDIR(status.st_mode):
            with held_folder(name, folder) as inner:
                _pack(inner, archive, prefix, f"{path}/", done)
        elif not stat.S_ISREG(status.st_mode):
            done.left_out.append((path, "it is no regular file"))
        else:
            with _still_there(name, folder) as descriptor:
                if descriptor is not None:
                    _add(archive, prefix + path, descriptor, done)


@contextmanager
def _still_there(name: str, folder: int) -> Iterator[int | None]:
    """A file that was listed; None when it went meanwhile, as what is renamed into place does."""
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(held_file(name, folder))
        except FileNotFoundError:
            descriptor = None
        yield descriptor


def _add(archive: Archive, name: str, descriptor: int, done: Exported) -> int:
    # A name that is not UTF-8 has no place in a zip file.
    member = name.encode(errors="backslashreplace").decode()
    size = archive.add(member, descriptor)
    done.names.add(member)
    done.files += 1
    done.size += size
    return size


def _outside(run: Kept, result: Mapping[str, Any]) -> Iterator[str]:
    """The artifacts that do not lie in the run directory, wherever that was then."""
    recorded = result.get("artifacts")
    metadata = result.get("metadata")
    was = metadata.get("run_directory") if isinstance(metadata, dict) else None
    for artifact in recorded if isinstance(recorded, list) else []:
        path = artifact.get("path") if isinstance(artifact, dict) else None
        if isinstance(path, str) and not any(
            isinstance(folder, str) and os.path.normpath(path).startswith(f"{folder}/")
            for folder in (run.directory, was)
        ):
            yield path


def _confines(run: Kept) -> list[str]:
    """The folders that the invocation names as its own."""
    path = Path(run.directory, INVOCATION_FILE)
    invocation = load(path, path.parent).entry.invocation
    if invocation is None:
        return []
    named = (invocation.working_directory, invocation.artifact_directory)
    return [os.path.realpath(folder) for folder in named if folder and os.path.isabs(folder)]


def _pack_outside(
    path: str, confines: list[str], archive: Archive, prefix: str, done: Exported
) -> None:
    try:
        descriptor = open_artifact(os.path.realpath(path))
    except (ArtifactError, ValueError) as error:
        done.left_out.append((path, str(error).rstrip(".")))
        return
    try:
        # Where it is that was opened, whatever was swapped for a link before.
        real = os.readlink(f"/proc/self/fd/{descriptor}")
        confine = next((c for c in confines if real.startswith(f"{c}/")), None)
        if not os.path.isabs(path) or confine is None:
            done.left_out.append((path, "it lies outside the folders of the invocation"))
            return
        name = f"{prefix}{_OUTSIDE}/{os.path.relpath(real, confine)}"
        if name in done.names:
            done.left_out.append((path, "another file has its name in the archive"))
        elif done.outside + os.fstat(descriptor).st_size > MOST_OUTSIDE:
            why = f"only {MOST_OUTSIDE >> 20} MiB of such files go into one archive"
            done.left_out.append((path, why))
        else:
            done.outside += _add(archive, name, descriptor, done)
    finally:
        os.close(descriptor)

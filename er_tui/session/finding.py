# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs on the disk, found by where they are or by what they are called."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from er_tui.journal.run_directory import (
    DEFAULT_FOLDER,
    EVENTS_FILE,
    bases_of,
    is_run_id,
    time_of_run_id,
)
from er_tui.session.library import Library

_MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A run directory: ``<base>/<invocation_id>/<run_id>``. What is in it was not looked at."""

    base: str
    invocation_id: str
    run_id: str

    @property
    def folder(self) -> str:
        """Of the runs of its invocation."""
        return os.path.join(self.base, self.invocation_id)

    @property
    def directory(self) -> str:
        return os.path.join(self.base, self.invocation_id, self.run_id)


Place: TypeAlias = tuple[str, str | None]
"""``(base, invocation_id)``: runs of that invocation below the base; with None, of any."""


class NotFound(Exception):
    """Nothing, or more than one thing, is called so; the text says it in a sentence."""


def find_runs(places: Iterable[Place]) -> list[Kept]:
    """The runs below some places, newest first, each once.

    Costs a listing of each folder and a look for each journal. Links below a base are not followed;
    what cannot be listed has no runs.
    """
    found: dict[Kept, None] = {}
    for base, invocation_id in places:
        if os.path.basename(base) == DEFAULT_FOLDER and os.path.islink(base):
            continue  # planted: runs are not recorded there
        real = os.path.realpath(base)
        names = _folders(real) if invocation_id is None else [invocation_id]
        for name in names:
            found.update(dict.fromkeys(runs_in(real, name)))
    return newest_first(found)


def runs_in(base: str, invocation_id: str) -> list[Kept]:
    """The runs of one invocation, in no order."""
    folder = os.path.join(base, invocation_id)
    if os.path.islink(folder):
        return []
    return [
        Kept(base, invocation_id, name)
        for name in _folders(folder)
        if is_run_id(name) and os.path.lexists(os.path.join(folder, name, EVENTS_FILE))
    ]


def newest_first(runs: Iterable[Kept]) -> list[Kept]:
    return sorted(runs, key=_age, reverse=True)


def run_at(path: str | os.PathLike[str]) -> Kept | None:
    """The run whose directory this is; None if it is none."""
    real = Path(os.path.realpath(path))
    if not real.parent.name:
        return None  # below no invocation
    run = Kept(str(real.parent.parent), real.parent.name, real.name)
    return run if run in runs_in(run.base, run.invocation_id) else None


def places_of(path: Path) -> set[Place]:
    """Where the runs are that belong to a path: a folder of invocations or one of them, a folder
    with runs in it or below it."""
    library = Library([path])
    places: set[Place] = set()
    for entry in library.scan():
        if entry.invocation is not None:
            invocation_id = entry.invocation.invocation_id
            places.update((base, invocation_id) for base in bases_of(entry.invocation))
    places |= library.places_of_runs()
    absolute = os.path.abspath(path)
    # Of a folder with runs below it that is called .executor_runtime too.
    return places | {(absolute, None), (os.path.dirname(absolute), os.path.basename(absolute))}


def find_run(text: str, runs: list[Kept]) -> tuple[Kept, int]:
    """The run that ``text`` names among ``runs`` (newest first), and of how many it is the newest.

    ``text`` is a run id or an invocation id, or a part of just one of them. An invocation id
    stands for its newest run. Raises NotFound, naming the candidates where there are several.
    """
    candidates = (
        [[run] for run in runs if run.run_id == text]
        or _by_folder(run for run in runs if run.invocation_id == text)
        or _having(text, runs)
    )
    if not candidates:
        raise NotFound(f"no run is called '{text}', and none has that in its id")
    if len(candidates) > 1:
        raise NotFound(f"'{text}' is ambiguous: {_names(candidates)}")
    return candidates[0][0], len(candidates[0])


def _having(part: str, runs: list[Kept]) -> list[list[Kept]]:
    invocations = _by_folder(run for run in runs if part in run.invocation_id)
    alone = [run for run in runs if part in run.run_id and part not in run.invocation_id]
    return invocations + [[run] for run in alone]


def _by_folder(runs: Iterable[Kept]) -> list[list[Kept]]:
    folders: dict[str, list[Kept]] = {}
    for run in runs:
        folders.setdefault(run.folder, []).append(run)
    return list(folders.values())


def _names(candidates: list[list[Kept]]) -> str:
    shown = []
    for runs in candidates[:_MOST_CANDIDATES]:
        newest = runs[0]
        which = f"{len(runs)} runs" if len(runs) > 1 else newest.run_id
        shown.append(f"{which} of {newest.invocation_id} in {newest.base}")
    more = len(candidates) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")


def _folders(path: str) -> Iterator[str]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name
    except (OSError, ValueError):
        return


def _age(run: Kept) -> tuple[float, str]:
    made = time_of_run_id(run.run_id)
    if made is None:  # somebody else chose the id
        try:
            made = os.lstat(run.directory).st_mtime
        except OSError:
            made = 0.0
    return made, run.run_id

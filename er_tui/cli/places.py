# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which runs a command is about: those below some paths, or of all folders that are known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from er_tui.cli.printing import Misuse
from er_tui.session.finding import (
    Kept,
    NotFound,
    Place,
    find_run,
    find_runs,
    newest_first,
    places_of,
    run_at,
)
from er_tui.session.roots import known


def runs_below(paths: Sequence[Path]) -> list[Kept]:
    """Newest first; without paths those of every folder in the user's index."""
    if not paths:
        return find_runs((base, None) for base in known())
    places: set[Place] = set()
    runs: set[Kept] = set()
    for path in paths:
        run = run_at(path)
        if run is None:
            places |= places_of(Path(os.path.realpath(path)))
        else:
            runs.add(run)
    return newest_first(runs.union(find_runs(places)))


def named_run(name: str) -> tuple[Kept, int]:
    """The run of that path, id, invocation id or part of one, and of how many it is the newest.

    Raises Misuse where there is none, or more than one.
    """
    if not name:
        raise Misuse("name a run: an empty name is in every id")
    try:
        run = run_at(name)
        if run is not None:
            return run, 1
        if "/" in name:
            raise NotFound(f"{name} is no run directory: one holds events.jsonl, below a run id")
        return find_run(name, runs_below(()))
    except ValueError as error:  # a NUL, half a surrogate pair
        raise Misuse(f"'{name}' names no run: {error}") from None
    except NotFound as error:
        raise Misuse(str(error)) from None

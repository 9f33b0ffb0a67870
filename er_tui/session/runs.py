# SPDX-License-Identifier: AGPL-3.0-or-later
"""The runs that a session knows, by id and by entry."""

from __future__ import annotations

from collections.abc import Iterable

from er_tui.journal.run_directory import time_of_run_id
from er_tui.session.state import RunState


class Runs:
    """Runs of entries, each entry's in the order of their start, numbered from 1."""

    def __init__(self) -> None:
        self.runs: dict[str, RunState] = {}
        """All that are known, by id."""
        self._live: dict[str, None] = {}
        self._ids_of: dict[str, list[str]] = {}
        self._place_of: dict[str, tuple[str, int]] = {}
        self._age_of: dict[str, tuple[float, str]] = {}

    def runs_of(self, key: str) -> list[RunState]:
        """The runs of an entry, oldest first."""
        return [self.runs[run_id] for run_id in self._ids_of.get(key, ())]

    def run_count(self, key: str) -> int:
        return len(self._ids_of.get(key, ()))

    def numbered(self, key: str, number: int) -> RunState:
        """A run of an entry by its number, counted from 1."""
        return self.runs[self._ids_of[key][number - 1]]

    def number_of(self, run_id: str) -> int:
        """Which run of its entry it is, counted from 1."""
        return self._place_of[run_id][1]

    def belongs(self, run_id: str, key: str | None) -> bool:
        """Whether it is a run of this entry, still: its directory may have been removed."""
        return run_id in self._place_of and self.key_of(run_id) == key

    def key_of(self, run_id: str) -> str:
        return self._place_of[run_id][0]

    def latest(self, key: str) -> RunState | None:
        ids = self._ids_of.get(key)
        return self.runs[ids[-1]] if ids else None

    @property
    def live_count(self) -> int:
        """How many runs are queued or running, whoever runs them; cheap, whatever the number."""
        return len(self._live)

    def live_runs(self) -> list[RunState]:
        """Those; costs what there is of them, whatever the number of runs."""
        return [self.runs[run_id] for run_id in self._live]

    def _add_runs(self, key: str, runs: Iterable[RunState]) -> None:
        """Runs of an entry that are not known yet."""
        ids = self._ids_of.setdefault(key, [])
        for run in runs:
            self.runs[run.run_id] = run
            self._age_of[run.run_id] = _age(run)
            self._note_life(run)
            ids.append(run.run_id)
        ids.sort(key=self._age_of.__getitem__)
        self._number(key)

    def _set_run(self, run: RunState) -> RunState:
        """A newer state of a run; the one before."""
        before = self.runs[run.run_id]
        self.runs[run.run_id] = run
        self._note_life(run)
        return before

    def _remove_runs(self, run_ids: Iterable[str]) -> set[str]:
        """Runs that nobody wants to know of any more; their entries."""
        keys = set()
        for run_id in run_ids:
            key, _number = self._place_of.pop(run_id)
            del self.runs[run_id], self._age_of[run_id]
            self._live.pop(run_id, None)
            self._ids_of[key].remove(run_id)
            keys.add(key)
        for key in keys:
            if self._ids_of[key]:
                self._number(key)
            else:
                del self._ids_of[key]
        return keys

    def _number(self, key: str) -> None:
        for number, run_id in enumerate(self._ids_of[key], 1):
            self._place_of[run_id] = key, number

    def _note_life(self, run: RunState) -> None:
        if run.live:
            self._live[run.run_id] = None
        else:
            self._live.pop(run.run_id, None)


def _age(run: RunState) -> tuple[float, str]:
    # Ids of ours tell the time; of those that somebody else chose, what was known at first counts.
    told = time_of_run_id(run.run_id)
    return run.queued_at if told is None else told, run.run_id

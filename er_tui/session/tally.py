# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many entries stand how, kept up to date entry by entry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from er_tui.session.library import Entry
from er_tui.session.state import RunState

TROUBLES = ("lost", "failed", "timed_out", "rejected", "stalled")
"""Standings of runs that need attention, the worst first."""


def standing_of(entry: Entry, run: RunState | None) -> str:
    """How an entry with this latest run stands: the badge or status of the run, or one of
    ``invalid``, ``reading`` and ``not run``. What a deleted file held is no fault any more.
    """
    if entry.error is not None and not entry.gone:
        return "invalid"
    if run is not None:
        return run.badge or run.status
    return "reading" if entry.unread else "not run"


def can_start(entry: Entry, run: RunState | None) -> bool:
    """Whether a run of it could be started: a good file, and no live run, whoever runs that.

    Of a run where nobody here can see it, it is not known that it lives.
    """
    busy = run is not None and run.live and not run.elsewhere
    return entry.error is None and not (entry.gone or entry.kept) and not busy


@dataclass(slots=True)
class Tally:
    """What is true of how many; each look at an entry costs the same, however many there are."""

    standings: Counter[str] = field(default_factory=Counter)
    """By :func:`standing_of`."""
    lanes: Counter[bool] = field(default_factory=Counter)
    """The latest runs that our engine runs: those that wait for somebody else (True), processes."""
    startable: set[str] = field(default_factory=set)
    unsuccessful: set[str] = field(default_factory=set)
    """Those whose latest run ended otherwise than well."""
    troubled: set[str] = field(default_factory=set)
    """Those that need somebody's attention: :data:`TROUBLES`."""
    _seen: dict[str, tuple[str, bool | None]] = field(default_factory=dict)

    def look(self, key: str, entry: Entry | None, run: RunState | None, waits: bool) -> None:
        """Count the entry as it is now; None if it is no longer listed."""
        before = self._seen.pop(key, None)
        if before is not None:
            standing, lane = before
            self.standings[standing] -= 1
            if lane is not None:
                self.lanes[lane] -= 1
        self._put(self.startable, key, entry is not None and can_start(entry, run))
        failed = run is not None and not run.live and run.status != "succeeded"
        self._put(self.unsuccessful, key, entry is not None and failed)
        troubled = run is not None and (run.badge or run.status) in TROUBLES
        self._put(self.troubled, key, entry is not None and troubled)
        if entry is None:
            return
        standing = standing_of(entry, run)
        # Counted apart: of a file that has been edited to a bad one, the standing tells that.
        runs = run is not None and run.live and run.status == "running" and not run.foreign
        lane = waits if runs else None
        self._seen[key] = standing, lane
        self.standings[standing] += 1
        if lane is not None:
            self.lanes[lane] += 1

    @staticmethod
    def _put(keys: set[str], key: str, belongs: bool) -> None:
        if belongs:
            keys.add(key)
        else:
            keys.discard(key)

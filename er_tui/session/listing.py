# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is listed: invocation files, and the runs of each that are known from anywhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from er_tui.journal.run_directory import bases_of
from er_tui.session.kept import Found
from er_tui.session.library import Entry, Library
from er_tui.session.runs import Runs
from er_tui.session.state import RunState
from er_tui.session.store import News, RunRead, Store
from er_tui.session.tally import Tally

_STALLS_SECONDS = 1.0
"""Between two looks at who says nothing."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a drain of the inbox changed."""

    keys: frozenset[str] = frozenset()
    """Entries one of whose runs changed."""
    finished: tuple[str, ...] = ()
    """Run ids that reached their end, in order."""
    notices: tuple[str, ...] = ()
    """Sentences the user has to see."""
    states: bool = False
    """A run has another status or badge than before."""
    engine: bool = False
    """The engine came or went."""
    space: bool = False
    """A disk got nearly full, or is so no longer."""


@dataclass(slots=True)
class Gathered:
    """The same while it is being gathered."""

    keys: set[str] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    states: bool = False
    engine: bool = False
    space: bool = False

    def changes(self) -> Changes:
        return Changes(
            frozenset(self.keys),
            tuple(self.finished),
            tuple(self.notices),
            self.states,
            self.engine,
            self.space,
        )


class Listing(Runs):
    """Entries, their runs as the store and the engine tell them, and how many stand how."""

    def __init__(self, library: Library) -> None:
        super().__init__()
        self.library = library
        self.entries: dict[str, Entry] = {}
        self.store: Store | None = None
        """Tells of runs on the disk; None: only those that are started here are known."""
        self.monitors = False
        """Whether it only watches: it starts, ends and writes nothing, and no engine is missing."""
        self.stall_seconds: float | None = None
        """After so long without a word from it, a live run is called stalled."""
        self.tally = Tally()
        self._steered: dict[str, None] = {}
        """The live runs of our engine."""
        self._heard: set[str] = set()
        """Those of which the engine tells all, from the first event on."""
        self._waiting: set[str] = set()
        self._touched: dict[str, None] = {}
        self._wanted: set[str] = set()
        """Runs that the store was asked to tell of, for a row or (marked ``*``) wholly."""
        self._surveyed: set[tuple[str, str | None]] = set()
        self._stalls_at = 0.0
        self._begun_at = time.time()

    def add(self, entry: Entry) -> None:
        """List an entry, in place of what was known of its file."""
        before = self.entries.get(entry.key)
        self.entries[entry.key] = entry
        if before is not None and _is_of_another(before, entry):
            # Where its runs are to be listed now, the store tells.
            self._remove_runs([r.run_id for r in self.runs_of(entry.key) if r.foreign])
        if self.store is not None and entry.invocation is not None:
            of = entry.invocation
            self.store.watch(entry.key, of.invocation_id, bases_of(of))
        self._touch(entry.key)

    def remove(self, path: Path, *, folder: bool = False) -> set[str]:
        """The file is gone, or the folder with all that was in it: the keys that changed.

        What was run stays listed, marked as gone: it is the evidence.
        """
        name = os.fspath(path)
        keys = {name} & self.entries.keys()
        if folder:
            keys |= {key for key in self.entries if key.startswith(name + os.sep)}
        # Folders of runs come and go as the store tells.
        keys = {key for key in keys if not self.entries[key].kept}
        for key in keys:
            if any(not run.foreign or run.live for run in self.runs_of(key)):
                self.entries[key] = replace(self.entries[key], gone=True)
            else:
                self._unlist(key)
            self._touch(key)
        return keys

    def leave_out(self, path: Path) -> None:
        """The file turns out to be none to be listed."""
        key = os.fspath(path)
        self._unlist(key)
        self._touch(key)

    def take_touched(self) -> tuple[str, ...]:
        """The keys of the entries that came, went or were read or edited since this was asked
        last, in that order.
        """
        touched = tuple(self._touched)
        self._touched.clear()
        return touched

    def survey(self) -> None:
        """Have the store look for runs of invocations without a file, where there may be some."""
        if self.store is not None:
            for place in self.library.places_of_runs() - self._surveyed:
                self._surveyed.add(place)
                self.store.survey(*place)

    def look_at(self, run: RunState, *, row_only: bool = False) -> None:
        """Somebody sees this run, or a row of it: what the store has not told of it is asked for.

        Cheap, to be called at every drawing.
        """
        if self.store is None or not run.foreign or (row_only and not run.unread):
            return
        name = run.run_id if row_only else f"{run.run_id}*"
        if name not in self._wanted:
            self._wanted.add(name)
            self.store.read(run.run_id, glancing=row_only)

    def look_again(self, run: RunState) -> None:
        """Its directory was changed by us: what the store told of it is not of now."""
        if self.store is not None:
            self.store.read(run.run_id)

    def waits(self, run_id: str) -> bool:
        """Whether the run is of a kind that waits for somebody else (HTTP), not a process."""
        return run_id in self._waiting

    def _set(self, run: RunState, gathered: Gathered) -> None:
        before = self._set_run(run)
        key = self.key_of(run.run_id)
        gathered.keys.add(key)
        if before.live and not run.live:
            self._steered.pop(run.run_id, None)
            gathered.finished.append(run.run_id)
        if (before.status, before.badge) != (run.status, run.badge):
            gathered.states = True
            self._count(key)

    def _mark_stalls(self, gathered: Gathered) -> None:
        now = time.monotonic()
        if self.stall_seconds is None or now < self._stalls_at + _STALLS_SECONDS:
            return
        self._stalls_at = now
        silent_since = time.time() - self.stall_seconds
        for run in self.live_runs():
            silent = run.heard_at is not None and run.heard_at < silent_since
            if silent and not run.stalled:
                self._set(replace(run, stalled=True), gathered)

    def _take_news(self, news: News, gathered: Gathered) -> None:
        """What the store found."""
        if isinstance(news, RunRead):
            run = news.state
            if run.run_id in self.runs and run.run_id not in self._heard:
                before = self.runs[run.run_id]
                steered = run.run_id in self._steered
                stalled = before.stalled and run.live and run.heard_at == before.heard_at
                self._set(replace(run, foreign=not steered, stalled=stalled), gathered)
                ended = run.finished_at is not None and run.finished_at >= self._begun_at
                if before.unread and not run.live and ended:
                    gathered.finished.append(run.run_id)  # was over before it was seen to live
                if not run.live:
                    self._steered.pop(run.run_id, None)
            return
        key = news.key if news.key is not None else self._kept_entry(news)
        if key not in self.entries:
            return  # unlisted meanwhile
        told = zip(news.runs, news.made, strict=True)
        states = [_unread(news.folder, run_id, made) for run_id, made in told]
        moved = [run.run_id for run in states if self._is_elsewhere(run, key)]
        keys = self._remove_runs([r for r in (*moved, *news.gone) if self._is_only_kept(r)])
        self._add_runs(key, (run for run in states if run.run_id not in self.runs))
        for touched in (key, *keys):
            self._unlist_kept(touched)
            self._touch(touched)
        if keys:
            # Before anything is drawn again, it must be known that they went.
            gathered.keys |= {key, *keys}
            gathered.states = True

    def _is_elsewhere(self, run: RunState, key: str) -> bool:
        """Whether a run that was found is known as another entry's, or in another place."""
        known = self.runs.get(run.run_id)
        return known is not None and (
            self.key_of(run.run_id) != key or known.directory != run.directory
        )

    def _remove_runs(self, run_ids: Iterable[str]) -> set[str]:
        removed = list(run_ids)
        for run_id in removed:  # should it come back, it is to be read anew
            self._wanted -= {run_id, f"{run_id}*"}
        return super()._remove_runs(removed)

    def _is_only_kept(self, run_id: str) -> bool:
        """Whether a run is known from its directory alone."""
        return run_id in self.runs and self.runs[run_id].foreign

    def _kept_entry(self, found: Found) -> str:
        """The entry of runs whose invocation has no file here."""
        if found.folder not in self.entries:
            path = Path(found.folder)
            self.entries[found.folder] = Entry(path, path.name, found.invocation, None, kept=True)
        return found.folder

    def _unlist_kept(self, key: str) -> None:
        if key in self.entries and self.entries[key].kept and not self.run_count(key):
            del self.entries[key]

    def _unlist(self, key: str) -> None:
        del self.entries[key]
        self._remove_runs([run.run_id for run in self.runs_of(key)])
        if self.store is not None:
            self.store.forget(key)

    def _touch(self, key: str) -> None:
        self._touched[key] = None
        self._count(key)

    def _count(self, key: str) -> None:
        run = self.latest(key)
        waits = run is not None and self.waits(run.run_id)
        self.tally.look(key, self.entries.get(key), run, waits)

    def _is_live(self, key: str) -> bool:
        run = self.latest(key)
        return run is not None and run.live and not run.elsewhere


def _is_of_another(before: Entry, entry: Entry) -> bool:
    """Whether a file was edited to hold another invocation, with runs in another place."""
    was, now = before.invocation, entry.invocation
    if was is None or now is None:
        return False
    return (was.invocation_id, bases_of(was)) != (now.invocation_id, bases_of(now))


def _unread(folder: str, run_id: str, made: float) -> RunState:
    """A run that was found and not looked into."""
    directory = f"{folder}/{run_id}"
    return RunState(run_id, made, directory=directory, foreign=True, unread=True)

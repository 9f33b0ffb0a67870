# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the user has under the cursor, and what a command would act on."""

from __future__ import annotations

from collections.abc import Iterable

from er_tui.session.library import Entry
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.tui.panes.pane import Subject
from er_tui.tui.widgets.invocation_list import InvocationList


class Selection:
    """The session, seen from the cursor and the marks of the list."""

    def __init__(self, session: Session, entries: InvocationList) -> None:
        self._session = session
        self._list = entries
        self._chosen_run: dict[str, str] = {}
        """The run looked at, for entries where it is not the latest."""

    def entry(self) -> Entry | None:
        key = self._list.cursor
        return None if key is None else self._session.entries.get(key)

    def subject(self) -> Subject:
        """The entry under the cursor and the run of it that is looked at."""
        entry = self.entry()
        if entry is None:
            return Subject()
        count = self._session.run_count(entry.key)
        if not count:
            return Subject(entry)
        chosen = self._list.cursor_run or self._chosen_run.get(entry.key)
        if chosen is None or not self._session.belongs(chosen, entry.key):
            number = count
        else:
            number = self._session.number_of(chosen)
        return Subject(entry, self._session.numbered(entry.key, number), number, count)

    def choose_run(self, step: int) -> None:
        """Look at an older (-1) or newer (1) run of the same entry."""
        subject = self.subject()
        if subject.entry is None or not 1 <= subject.number + step <= subject.count:
            return
        key = subject.entry.key
        run_id = self._session.numbered(key, subject.number + step).run_id
        if self._list.cursor_run is not None:
            self._list.put_cursor(key, run_id)
        else:
            self._chosen_run[key] = run_id

    def look_at(self, run_id: str) -> None:
        """Put the cursor on the entry of this run, and look at this run of it."""
        key = self._session.key_of(run_id)
        self._list.put_cursor(key)
        self._chosen_run[key] = run_id

    def forget_chosen(self, keys: Iterable[str]) -> None:
        """Look at the latest run of these again."""
        for key in keys:
            self._chosen_run.pop(key, None)
            if key == self._list.cursor:
                self._list.put_cursor(key)

    def targets(self) -> list[str]:
        """What a command acts on: the marked entries, else the one under the cursor."""
        if self._list.marked:
            return [key for key in self._list.rows.keys if key in self._list.marked]
        return [] if self._list.cursor is None else [self._list.cursor]

    def runnable(self, key: str) -> bool:
        """Whether a run of it can be started: there is an engine, a good file, and no live run."""
        return self._session.engine is not None and key in self._session.tally.startable

    def failed(self) -> list[str]:
        """The listed entries whose last run did not succeed and that can be run again."""

        unsuccessful = self._session.tally.unsuccessful
        return [k for k in self._list.rows.keys if k in unsuccessful and self.runnable(k)]

    def _can_run_any(self, keys: set[str]) -> bool:
        """Whether one of them is listed and a run of it can be started."""
        startable, rows = self._session.tally.startable, self._list.rows
        if self._session.engine is None or startable.isdisjoint(keys):
            return False
        return not rows.filtered or any(key in startable and rows.lists(key) for key in keys)

    def cancellable(self) -> list[RunState]:
        """The live runs of the targets; of a single one, the run that is looked at."""
        if self._list.marked:
            session, marked, lists = self._session, self._list.marked, self._list.rows.lists
            live = ((session.key_of(run.run_id), run) for run in session.steered_runs())
            return [run for key, run in live if key in marked and lists(key)]
        run = self.subject().run
        return [run] if run is not None and self._session.steers(run.run_id) else []

    def signallable(self) -> list[RunState]:
        """Those of them that are processes."""
        return [run for run in self.cancellable() if run.pid is not None]

    def steerable(self) -> list[RunState]:
        """Those processes of them that are not being ended."""
        return [run for run in self.signallable() if run.ending_since is None]

    def extendable(self) -> list[RunState]:
        """Those of the live runs that have a deadline and time left."""
        return [
            run
            for run in self.cancellable()
            if run.started_at is not None
            and run.timeout_seconds is not None
            and run.ending_since is None
        ]

    def lost(self) -> list[RunState]:
        """The runs looked at of the targets whose process is gone for good, where we may write."""
        session = self._session
        if session.monitors:
            return []
        if self._list.marked:
            runs = [session.latest(key) for key in self.targets()]
        else:
            runs = [self.subject().run]
        return [run for run in runs if run is not None and run.foreign and run.lost is not None]

    # What is enabled

    @property
    def has_entry(self) -> bool:
        return self._list.cursor is not None

    @property
    def has_run(self) -> bool:
        return self.subject().run is not None

    @property
    def has_trouble(self) -> bool:
        return bool(self._session.tally.troubled)

    @property
    def can_run(self) -> bool:
        if self._list.marked:
            return self._can_run_any(self._list.marked)
        return self._list.cursor is not None and self.runnable(self._list.cursor)

    @property
    def can_run_all(self) -> bool:
        return self._can_run_any(self._session.tally.startable)

    @property
    def can_run_failed(self) -> bool:
        return self._can_run_any(self._session.tally.unsuccessful)

    @property
    def can_cancel(self) -> bool:
        return any(not run.killed for run in self.cancellable())

    @property
    def has_live(self) -> bool:
        return self._session.steered_count > 0

    @property
    def all_ending(self) -> bool:
        """Whether one more cancel would kill all that is selected."""
        runs = self.cancellable()
        return bool(runs) and all(_ends_in_time(run) for run in runs)

    @property
    def all_paused(self) -> bool:
        runs = self.steerable()
        return bool(runs) and all(run.paused for run in runs)

    @property
    def has_older_run(self) -> bool:
        return self.subject().number > 1

    @property
    def has_newer_run(self) -> bool:
        subject = self.subject()
        return subject.number < subject.count


def _ends_in_time(run: RunState) -> bool:
    """Whether it is being ended and SIGKILL is still to come."""
    return run.ending_since is not None and run.kill_at is not None

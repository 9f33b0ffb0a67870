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
        runs = self._session.runs_of(entry.key)
        if not runs:
            return Subject(entry)
        chosen = self._chosen_run.get(entry.key)
        number = next((n for n, run in enumerate(runs, 1) if run.run_id == chosen), len(runs))
        return Subject(entry, runs[number - 1], number, len(runs))

    def choose_run(self, step: int) -> None:
        """Look at an older (-1) or newer (1) run of the same entry."""
        subject = self.subject()
        if subject.entry is None or not 1 <= subject.number + step <= subject.count:
            return
        runs = self._session.runs_of(subject.entry.key)
        self._chosen_run[subject.entry.key] = runs[subject.number - 1 + step].run_id

    def forget_chosen(self, keys: Iterable[str]) -> None:
        """Look at the latest run of these again."""
        for key in keys:
            self._chosen_run.pop(key, None)

    def targets(self) -> list[str]:
        """What a command acts on: the marked entries, else the one under the cursor."""
        if self._list.marked:
            return [key for key in self._list.rows.keys if key in self._list.marked]
        return [] if self._list.cursor is None else [self._list.cursor]

    def runnable(self, key: str) -> bool:
        """Whether a run of it can be started: there is an engine, a good file, and no live run."""
        entry, run = self._session.entries[key], self._session.latest(key)
        if self._session.engine is None or (run is not None and run.live):
            return False
        return entry.error is None and not entry.gone

    def failed(self) -> list[str]:
        """The listed entries whose last run did not succeed and that can be run again."""

        def did_not_succeed(run: RunState | None) -> bool:
            return run is not None and not run.live and run.status != "succeeded"

        return [
            key
            for key in self._list.rows.keys
            if did_not_succeed(self._session.latest(key)) and self.runnable(key)
        ]

    def cancellable(self) -> list[str]:
        """The live runs of the targets; of a single one, the run that is looked at."""
        if self._list.marked:
            runs = [run for key in self.targets() for run in self._session.runs_of(key)]
        else:
            subject = self.subject()
            runs = [subject.run] if subject.run is not None else []
        return [run.run_id for run in runs if run.live]

    # What is enabled

    @property
    def has_entry(self) -> bool:
        return self._list.cursor is not None

    @property
    def has_run(self) -> bool:
        return self.subject().run is not None

    @property
    def can_run(self) -> bool:
        return any(self.runnable(key) for key in self.targets())

    @property
    def can_run_all(self) -> bool:
        return any(self.runnable(key) for key in self._list.rows.keys)

    @property
    def can_run_failed(self) -> bool:
        return bool(self.failed())

    @property
    def can_cancel(self) -> bool:
        return bool(self.cancellable())

    @property
    def has_older_run(self) -> bool:
        return self.subject().number > 1

    @property
    def has_newer_run(self) -> bool:
        subject = self.subject()
        return subject.number < subject.count

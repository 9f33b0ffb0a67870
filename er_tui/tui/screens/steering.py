# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the commands on runs do: start, end, pause, signal, give more time."""

from __future__ import annotations

import time

from textual.screen import Screen

from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line
from er_tui.tui.looks import clock
from er_tui.tui.selection import Selection
from er_tui.tui.widgets.invocation_list import InvocationList


class SteeringScreen(Screen[None]):
    """The half of the main screen that asks the session for something.

    It draws nothing: what comes of an order is told by the engine.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._list = InvocationList(session, id="list")
        self.selection: Selection = Selection(session, self._list)

    def runs_started(self, keys: list[str]) -> None:
        """Runs of these entries were asked for, and are queued."""
        raise NotImplementedError

    def action_run(self) -> None:
        self._start(self.selection.targets())

    def action_run_all(self) -> None:
        self._start([key for key in self._list.rows.keys if self.selection.runnable(key)])

    def action_run_failed(self) -> None:
        self._start(self.selection.failed())

    def action_cancel(self) -> None:
        for run in self.selection.cancellable():
            self._session.cancel(run.run_id)

    def action_close_lost(self) -> None:
        from er_tui.journal.closing import CannotClose, close_lost  # not for the first paint

        for run in self.selection.lost():
            assert run.directory is not None
            try:
                if run.started is None:
                    raise CannotClose("its journal does not say whose it is")
                close_lost(run.directory, run.started, run.heard_at or run.queued_at)
            except (CannotClose, OSError) as error:
                words = f"run {run.run_id} is not closed: {error}"
                self.notify(safe_line(words), severity="warning", markup=False)
            self._session.look_again(run)

    def action_cancel_all(self) -> None:
        self._session.start_no_more()
        live = self._session.steered_runs()
        going_on = [run for run in live if run.ending_since is None]
        if len(going_on) <= 1:
            self._cancel(going_on or live)
            return
        from er_tui.tui.screens.confirm import ConfirmCancelAll  # not for the first paint

        def answered(go: bool | None) -> None:
            if go:
                # Anew: some may have ended meanwhile, others begun.
                runs = self._session.steered_runs()
                self._cancel([run for run in runs if run.ending_since is None])

        self.app.push_screen(ConfirmCancelAll(len(going_on)), answered)

    def action_pause(self) -> None:
        name = "SIGCONT" if self.selection.all_paused else "SIGSTOP"
        for run in self.selection.steerable():
            if run.paused is (name == "SIGCONT"):
                self._session.send_signal(run.run_id, name)

    def action_signal(self) -> None:
        from er_tui.tui.screens.choose import SIGNALS, Choose

        runs = self.selection.signallable()

        def chosen(name: str | None) -> None:
            if name is not None:
                for run in runs:
                    self._session.send_signal(run.run_id, name)

        self.app.push_screen(Choose(f"Signal to {self._named(runs)}", SIGNALS), chosen)

    def action_more_time(self) -> None:
        from er_tui.tui.screens.choose import MORE_TIME, Choose

        runs = self.selection.extendable()

        def chosen(seconds: float | None) -> None:
            if seconds is not None:
                for run in runs:
                    self._session.extend(run.run_id, seconds)

        left = _time_left(runs[0], time.time()) if len(runs) == 1 else ""
        self.app.push_screen(Choose(f"More time for {self._named(runs)}{left}", MORE_TIME), chosen)

    def _cancel(self, runs: list[RunState]) -> None:
        for run in runs:
            self._session.cancel(run.run_id)

    def _named(self, runs: list[RunState]) -> str:
        if len(runs) != 1:
            return f"{len(runs)} runs"
        entry = self._session.entries[self._session.key_of(runs[0].run_id)]
        return safe_line(entry.name, limit=40)

    def _start(self, keys: list[str]) -> None:
        started = self._session.start_all(keys)
        self.selection.forget_chosen(keys)
        self.runs_started(keys)
        bad = [key for key in keys if self._session.entries[key].error is not None]
        if bad and not started:
            words = "The file has changed and cannot be run now."
            self.app.notify(words, severity="error", markup=False)


def _time_left(run: RunState, now: float) -> str:
    assert run.timeout_seconds is not None
    left = run.timeout_seconds - (run.seconds(now) or 0.0)
    return f" · {clock(max(0.0, left))} left"

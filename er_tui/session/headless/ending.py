# SPDX-License-Identifier: AGPL-3.0-or-later
"""The end of all runs before their time: by a signal, or because one of them went wrong."""

from __future__ import annotations

import signal
from collections import Counter

from er_tui.session.session import Session

_KILLS = 2
"""So many cancels of a run leave it no grace."""


class Ending:
    """Cancels every run of a session, once or (by a second signal) twice, which kills."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.signal: int | None = None
        """The first that came."""
        self.signals = 0
        self.because: str | None = None
        """Why, if not by a signal; empty where that was told already."""
        self._wanted = self._told = 0
        self._sent: Counter[str] = Counter()
        self._held = False

    @property
    def wanted(self) -> bool:
        """Whether nothing more is to be started."""
        return self._wanted > 0

    @property
    def cause(self) -> str | None:
        """Why what was not started was not; None where nothing was cancelled."""
        name = signal.Signals(self.signal).name if self.signal is not None else None
        return self.because or name

    def begin(self, why: str) -> None:
        """Cancel every run, unless that was done already."""
        if not self._wanted:
            self.because, self._wanted = why, 1
            self.send()

    def interrupted(self, number: int) -> None:
        """In the signal handler: the loop may be waiting for whoever reads what it says."""
        self.signal = self.signal or number
        self.signals += 1
        self._wanted = max(self._wanted, self.signals)
        self.send()

    def hold(self) -> None:
        """A run is being started: a cancel now could reach the engine before the run does."""
        self._held = True

    def let_go(self) -> None:
        """It was started; what was wanted meanwhile is done now."""
        self._held = False
        self.send()

    def send(self) -> None:
        """To every live run as many cancels as are wanted."""
        if not self._wanted or self._held:
            return
        reason = f"cancelled because {self.because}" if self.because else None
        for run in self._session.steered_runs():
            # Counted first: the handler of a signal may come between, and count on.
            while self._sent[run.run_id] < min(self._wanted, _KILLS):
                self._sent[run.run_id] += 1
                self._session.cancel(run.run_id, reason)

    def take_words(self, *, idle: bool) -> list[str]:
        """What is to be said of it; told once. ``idle``: there was nothing left to cancel."""
        words = []
        while self._told < self._wanted:
            self._told += 1
            if idle:
                words.append(f"ended by {self.cause}")
            elif self._told == 1:
                words.append("cancelling every run" + (f": {self.because}" if self.because else ""))
            else:
                words.append("killing every run")
        return words

# SPDX-License-Identifier: AGPL-3.0-or-later
"""One view of invocations and runs: what is there, what is asked for, what came of it."""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from er_tui.engine.messages import (
    WAITING_KINDS,
    Cancel,
    Extend,
    Keys,
    Known,
    LowSpace,
    Message,
    Queued,
    Refused,
    RunEvent,
    SendSignal,
    Start,
    Welcome,
    Window,
)
from er_tui.journal.events import Source
from er_tui.journal.run_directory import bases_of, new_run_id
from er_tui.session.client import EngineGone
from er_tui.session.library import Entry, Library, load
from er_tui.session.listing import Changes, Gathered, Listing
from er_tui.session.roots import remember
from er_tui.session.state import RunState, fold

_STARTING_SECONDS = 0.01
"""Of starting runs at a time: keys are answered in between."""
_KEYS_AT_A_TIME = 1 << 16
"""Characters; what is pasted can be of any length, a message cannot."""


class Engine(Protocol):
    """What a session needs of an engine."""

    inbox: deque[Message | EngineGone]
    others: int
    """How many other clients it has."""

    def send(self, message: Message) -> None: ...


class Session(Listing):
    """Entries and their runs: those that it starts, those of others on its engine, and those that
    the store finds on the disk. Used by one thread.
    """

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self.jobs = 0
        """How many processes the engine runs at once; 0 until it said so."""
        self.waiting_jobs = 0
        """How many runs of other kinds it runs at once."""
        self.engine: Engine | None = None
        self.low_space: dict[str, int] = {}
        """The disks that are nearly full: by a folder on each, the bytes that are free."""
        self._window: Window | None = None
        self._asked: deque[str] = deque()
        """The entries of which a run is still to be started."""
        self._unplaced: dict[str, Known] = {}
        """Runs of our engine whose entries are not listed (yet)."""

    def add(self, entry: Entry) -> None:
        super().add(entry)
        if not self._unplaced:
            return
        for known in [k for k in self._unplaced.values() if _key_of(k) == entry.key]:
            self._adopt(known)

    @property
    def steered_count(self) -> int:
        """How many of them are our engine's."""
        return len(self._steered)

    def steers(self, run_id: str) -> bool:
        """Whether it is one of them."""
        return run_id in self._steered

    def steered_runs(self) -> list[RunState]:
        """The live runs of our engine, which we can end; oldest first."""
        return [self.runs[run_id] for run_id in self._steered]

    def start(self, key: str) -> RunState | None:
        """Queue a run of what the file holds now; None if that cannot be run.

        An entry whose file has changed is updated, so a bad one shows why.
        """
        entry = self.entries[key]
        if self.engine is None or entry.gone:
            return None
        document = load(entry.path, entry.path.parent)
        self.entries[key] = entry = replace(document.entry, name=entry.name)
        self._touch(key)
        if entry.invocation is None:
            return None
        remember(bases_of(entry.invocation)[:1])
        run = RunState(new_run_id(), time.time())
        source = Source(key, hashlib.sha256(document.data).hexdigest())
        self._add_runs(key, [run])
        self._steered[run.run_id] = None
        self._heard.add(run.run_id)
        if self.store is not None:
            self.store.own(run.run_id)
        if entry.invocation.runtime_kind in WAITING_KINDS:
            self._waiting.add(run.run_id)
        self._count(key)
        self.engine.send(Start(run.run_id, entry.invocation.model_dump(), source))
        return run

    def start_all(self, keys: Iterable[str]) -> int:
        """Queue a run of each that has none live and can be run; how many at once.

        What would take longer than a moment is left for the next drains.
        """
        self._asked.extend(keys)
        return self._start_some()

    def start_no_more(self) -> None:
        """Forget what :meth:`start_all` has left for later."""
        self._asked.clear()

    def _start_some(self) -> int:
        until = time.monotonic() + _STARTING_SECONDS
        started = 0
        while self._asked and time.monotonic() < until:
            key = self._asked.popleft()
            if key in self.entries and not self._is_live(key) and self.start(key) is not None:
                started += 1
        return started

    def cancel(self, run_id: str, reason: str | None = None) -> None:
        """Ask for the end of a run; a second time means at once. ``reason`` is for its result,
        which names the operator without one.
        """
        self._order(run_id, Cancel(run_id) if reason is None else Cancel(run_id, reason))

    def send_signal(self, run_id: str, name: str) -> None:
        """Have the process group of a run sent this signal (``SIGUSR1``)."""
        self._order(run_id, SendSignal(run_id, name))

    def extend(self, run_id: str, seconds: float) -> None:
        """Give a run that has a deadline so much more time."""
        self._order(run_id, Extend(run_id, seconds))

    def type_keys(self, run_id: str, text: str) -> None:
        """Type to the terminal of a run that has one of its own."""
        for start in range(0, len(text), _KEYS_AT_A_TIME):
            self._order(run_id, Keys(run_id, text[start : start + _KEYS_AT_A_TIME]))

    def resize(self, columns: int, rows: int) -> None:
        """How large terminals of runs are to be from now on."""
        window = Window(columns, rows)
        if self.engine is not None and window != self._window:
            self._window = window
            self.engine.send(window)

    def drain(self, seconds: float = math.inf) -> Changes:
        """Take in what the engine and the store said since the last time, for about ``seconds``."""
        gathered = Gathered()
        until = time.monotonic() + seconds
        inbox = self.engine.inbox if self.engine is not None else None
        while inbox and time.monotonic() < until:
            self._take(inbox.popleft(), gathered)
        news = self.store.news if self.store is not None else None
        while news and time.monotonic() < until:
            self._take_news(news.popleft(), gathered)
        self._start_some()
        self._mark_stalls(gathered)
        return gathered.changes()

    def _take(self, message: Message | EngineGone, gathered: Gathered) -> None:
        match message:
            case RunEvent(run_id, event) if run_id in self._heard:
                self._set(fold(self.runs[run_id], event), gathered)
            case Queued(run_id, at) if run_id in self._heard:
                self._set(replace(self.runs[run_id], queued_at=at), gathered)
            case Refused(None, reason):
                gathered.notices.append(f"the engine refused: {reason}")
            case Refused(run_id, reason) if run_id in self.runs:
                self._set(replace(self.runs[run_id], lost=reason), gathered)
                gathered.notices.append(f"run {run_id}: {reason}")
            case Known(run_id) if run_id not in self._heard:
                self._learn(message, gathered)
            case Welcome():
                self.jobs, self.waiting_jobs = message.jobs, message.waiting_jobs
                gathered.engine = True
            case LowSpace(place, free):
                if free is None:
                    self.low_space.pop(place, None)
                else:
                    self.low_space[place] = free
                gathered.space = True
            case EngineGone(reason):
                self._lose_all(reason, gathered)

    def _learn(self, known: Known, gathered: Gathered) -> None:
        """Another client started a run on our engine."""
        key = _key_of(known)
        if key not in self.entries:
            self._unplaced[known.run_id] = known
            return
        if known.directory is None:
            self._heard.add(known.run_id)
            if self.store is not None:
                self.store.own(known.run_id)
        self._adopt(known)
        gathered.keys.add(key)
        gathered.states = True

    def _adopt(self, known: Known) -> None:
        """List a run of our engine that is not ours, to be steered like ours."""
        self._unplaced.pop(known.run_id, None)
        self._steered[known.run_id] = None
        if known.runtime_kind in WAITING_KINDS:
            self._waiting.add(known.run_id)
        if known.run_id not in self.runs:
            begun = known.directory is not None  # then the store tells how it stands
            run = RunState(known.run_id, known.queued_at, unread=begun)
            self._add_runs(_key_of(known), [run])
        self._count(_key_of(known))

    def _lose_all(self, reason: str, gathered: Gathered) -> None:
        words = "the engine ended unexpectedly" + (f": {reason}" if reason else "")
        for run in self.steered_runs():
            self._set(replace(run, lost=words), gathered)
        gathered.notices.append(words)
        gathered.engine = True
        self.jobs = 0
        self.engine = None
        self.low_space.clear()  # nobody looks any more

    def _order(self, run_id: str, message: Message) -> None:
        if self.engine is not None and run_id in self._steered:
            self.engine.send(message)


def _key_of(known: Known) -> str:
    return known.source.path if known.source is not None else ""

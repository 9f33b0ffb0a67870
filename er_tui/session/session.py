# SPDX-License-Identifier: AGPL-3.0-or-later
"""One view of invocations and runs: what is there, what is asked for, what came of it."""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from er_tui.engine.messages import (
    WAITING_KINDS,
    Cancel,
    Extend,
    Keys,
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
from er_tui.journal.run_directory import new_run_id
from er_tui.session.client import EngineGone
from er_tui.session.library import Entry, Library, load
from er_tui.session.state import RunState, fold
from er_tui.session.tally import Tally

_KEYS_AT_A_TIME = 1 << 16
"""Characters; what is pasted can be of any length, a message cannot."""


class Engine(Protocol):
    """What a session needs of an engine."""

    inbox: deque[Message | EngineGone]

    def send(self, message: Message) -> None: ...


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
class _Gathered:
    keys: set[str] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    states: bool = False
    engine: bool = False
    space: bool = False


class Session:
    """Entries and their runs. Used by one thread; the engine's client fills the inbox."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.entries: dict[str, Entry] = {}
        self.runs: dict[str, RunState] = {}
        self.jobs = 0
        """How many processes the engine runs at once; 0 until it said so."""
        self.waiting_jobs = 0
        """How many runs of other kinds it runs at once."""
        self.engine: Engine | None = None
        self.low_space: dict[str, int] = {}
        """The disks that are nearly full: by a folder on each, the bytes that are free."""
        self._window: Window | None = None
        self.tally = Tally()
        self._runs_of: dict[str, list[str]] = {}
        self._place_of: dict[str, tuple[str, int]] = {}
        self._live: dict[str, None] = {}
        self._waiting: set[str] = set()
        self._touched: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        """List an entry, in place of what was known of its file."""
        self.entries[entry.key] = entry
        self._touch(entry.key)

    def remove(self, path: Path, *, folder: bool = False) -> set[str]:
        """The file is gone, or the folder with all that was in it: the keys that changed.

        What was run stays listed, marked as gone: it is the evidence.
        """
        name = os.fspath(path)
        keys = {name} & self.entries.keys()
        if folder:
            keys |= {key for key in self.entries if key.startswith(name + os.sep)}
        for key in keys:
            if key in self._runs_of:
                self.entries[key] = replace(self.entries[key], gone=True)
            else:
                del self.entries[key]
            self._touch(key)
        return keys

    def take_touched(self) -> tuple[str, ...]:
        """The keys of the entries that came, went or were read or edited since this was asked
        last, in that order.
        """
        touched = tuple(self._touched)
        self._touched.clear()
        return touched

    def runs_of(self, key: str) -> list[RunState]:
        """The runs of an entry, oldest first."""
        return [self.runs[run_id] for run_id in self._runs_of.get(key, ())]

    def run_count(self, key: str) -> int:
        return len(self._runs_of.get(key, ()))

    def numbered(self, key: str, number: int) -> RunState:
        """A run of an entry by its number, counted from 1."""
        return self.runs[self._runs_of[key][number - 1]]

    def number_of(self, run_id: str) -> int:
        """Which run of its entry it is, counted from 1."""
        return self._place_of[run_id][1]

    def latest(self, key: str) -> RunState | None:
        ids = self._runs_of.get(key)
        return self.runs[ids[-1]] if ids else None

    def key_of(self, run_id: str) -> str:
        return self._place_of[run_id][0]

    @property
    def live_count(self) -> int:
        """How many runs are queued or running; cheap, whatever the number of runs."""
        return len(self._live)

    def live_runs(self) -> list[RunState]:
        """Oldest first; costs what there is of them, whatever the number of runs."""
        return [self.runs[run_id] for run_id in self._live]

    def waits(self, run_id: str) -> bool:
        """Whether the run is of a kind that waits for somebody else (HTTP), not a process."""
        return run_id in self._waiting

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
        run = RunState(new_run_id(), time.time())
        source = Source(key, hashlib.sha256(document.data).hexdigest())
        self.runs[run.run_id] = run
        ids = self._runs_of.setdefault(key, [])
        ids.append(run.run_id)
        self._place_of[run.run_id] = key, len(ids)
        self._live[run.run_id] = None
        if entry.invocation.runtime_kind in WAITING_KINDS:
            self._waiting.add(run.run_id)
        self._count(key)
        self.engine.send(Start(run.run_id, entry.invocation.model_dump(), source))
        return run

    def start_all(self, keys: Iterable[str]) -> int:
        """Queue a run of each that has none live and can be run; how many."""
        return sum(1 for key in keys if not self._is_live(key) and self.start(key) is not None)

    def cancel(self, run_id: str) -> None:
        """Ask for the end of a run; a second time means at once."""
        self._order(run_id, Cancel(run_id))

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

    def drain(self) -> Changes:
        """Take in what the engine said since the last time."""
        gathered = _Gathered()
        inbox = self.engine.inbox if self.engine is not None else None
        while inbox:
            self._take(inbox.popleft(), gathered)
        return Changes(
            frozenset(gathered.keys),
            tuple(gathered.finished),
            tuple(gathered.notices),
            gathered.states,
            gathered.engine,
            gathered.space,
        )

    def _take(self, message: Message | EngineGone, gathered: _Gathered) -> None:
        match message:
            case RunEvent(run_id, event) if run_id in self.runs:
                self._set(fold(self.runs[run_id], event), gathered)
            case Queued(run_id, at) if run_id in self.runs:
                self._set(replace(self.runs[run_id], queued_at=at), gathered)
            case Refused(None, reason):
                gathered.notices.append(f"the engine refused: {reason}")
            case Refused(run_id, reason) if run_id in self.runs:
                self._set(replace(self.runs[run_id], lost=reason), gathered)
                gathered.notices.append(f"run {run_id}: {reason}")
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

    def _set(self, run: RunState, gathered: _Gathered) -> None:
        before = self.runs[run.run_id]
        self.runs[run.run_id] = run
        key = self.key_of(run.run_id)
        gathered.keys.add(key)
        if before.live and not run.live:
            del self._live[run.run_id]
            gathered.finished.append(run.run_id)
        if (before.status, before.badge) != (run.status, run.badge):
            gathered.states = True
            self._count(key)

    def _lose_all(self, reason: str, gathered: _Gathered) -> None:
        words = "the engine ended unexpectedly" + (f": {reason}" if reason else "")
        for run in self.live_runs():
            self._set(replace(run, lost=words), gathered)
        gathered.notices.append(words)
        gathered.engine = True
        self.jobs = 0
        self.engine = None
        self.low_space.clear()  # nobody looks any more

    def _order(self, run_id: str, message: Message) -> None:
        if self.engine is not None and self.runs[run_id].live:
            self.engine.send(message)

    def _touch(self, key: str) -> None:
        self._touched[key] = None
        self._count(key)

    def _count(self, key: str) -> None:
        run = self.latest(key)
        waits = run is not None and self.waits(run.run_id)
        self.tally.look(key, self.entries.get(key), run, waits)

    def _is_live(self, key: str) -> bool:
        run = self.latest(key)
        return run is not None and run.live

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run as its directory tells it: live in another process, long past, or lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

from er_tui.journal.events import Event, RunFinished, RunStarted
from er_tui.journal.identity import presence
from er_tui.journal.lines import is_result
from er_tui.journal.reading import EventTail, glance
from er_tui.journal.run_directory import RESULT_FILE
from er_tui.rxp.vocabulary import TERMINAL_STATUSES
from er_tui.session.state import RunState, fold

_LARGEST_RESULT = 64 << 20
_GONE = "the process that ran it is gone, and left no result"


class Follower:
    """Follows one run directory; :attr:`state` is what is known of it so far.

    Guaranteed whatever is in the directory: no exception, no wait, nothing written.
    """

    def __init__(self, directory: str | os.PathLike[str], *, glancing: bool = False) -> None:
        """With ``glancing`` only the ends of a long journal are read: enough for a row of a list,
        not for counts of what lies between.
        """
        self.directory = Path(directory)
        self.state = RunState(self.directory.name, 0.0, unread=True, foreign=True)
        self._tail = EventTail(self.directory)
        if glancing:
            self._fold(glance(self._tail))

    def advance(self, *, judge: bool = True) -> bool:
        """Take in what was written since; whether the state changed. With ``judge``, see whether
        the process that runs it still lives.
        """
        before = self.state
        self._fold(self._tail.read())
        if judge and not self._ended:
            self._judge()
        return self.state is not before

    @property
    def _ended(self) -> bool:
        return self.state.status in TERMINAL_STATUSES

    def _judge(self) -> None:
        """Without a result: whether it still can have one."""
        started = self.state.started
        where = "here" if started is None else presence(started.supervisor)
        # One that lives may have run others since: a result ends a run, if its event is missing.
        if where == "here" and not os.path.lexists(self.directory / RESULT_FILE):
            self._judge_live()
            return
        # What it wrote between our reading and its end counts.
        self._fold(self._tail.read())
        if self._ended:
            return
        result = read_result(self.directory)
        if result is not None:
            ended = _mtime(self.directory / RESULT_FILE) or self.state.queued_at
            self._fold([RunFinished(at=ended, result=result)])
        elif where == "here":
            self._judge_live()
        elif where == "elsewhere":
            if not self.state.elsewhere:
                self.state = replace(self.state, elsewhere=True)
        elif self.state.lost is None:
            heard_at = self.state.heard_at
            self.state = replace(self.state, lost=_GONE, finished_at=heard_at, resources=None)

    def _judge_live(self) -> None:
        if self.state.started is None and self.state.unread:
            self._judge_unstarted()
        elif self.state.lost or self.state.elsewhere:
            self.state = replace(self.state, lost=None, elsewhere=False)

    def _judge_unstarted(self) -> None:
        """A directory whose journal holds nothing yet, or nothing that can be read."""
        made = _mtime(self.directory)
        if made is not None:
            lost = "its journal cannot be read"
            self.state = replace(self.state, unread=False, queued_at=made, lost=lost)

    def _fold(self, events: Iterable[Event]) -> None:
        state = reduce(fold, events, self.state)
        if state is self.state:
            return
        begun = state.finished_at if state.started is None else state.started.at
        if state.unread and begun is not None:  # of a torn journal there may be the end alone
            state = replace(state, unread=False, queued_at=begun)
        if state.lost is not None:
            state = replace(state, lost=None)  # it spoke again
        # Where it stands now, whatever it was called when it was recorded.
        self.state = replace(state, directory=os.fspath(self.directory))


def read_run(directory: str | os.PathLike[str], *, glancing: bool = False) -> RunState:
    """The state of a run as of now; see :class:`Follower`. Never raises."""
    follower = Follower(directory, glancing=glancing)
    follower.advance()
    return follower.state


def read_result(directory: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The RuntimeResult that a run left, as its JSON document; None if it left none that is one."""
    path = Path(directory) / RESULT_FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        with open(descriptor, "rb") as file:
            document = json.loads(file.read(_LARGEST_RESULT))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and is_result(document) else None


def _mtime(path: Path) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def identity_of(state: RunState) -> str:
    """Which process runs or ran it, in words: ``process 4711``, ``process 4711 on nightly-3``."""
    started: RunStarted | None = state.started
    if started is None:
        return "an unknown process"
    who = started.supervisor
    where = f" on {who.host}" if who.host != os.uname().nodename else ""
    return f"process {who.pid}{where}"

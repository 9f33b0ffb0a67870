# SPDX-License-Identifier: AGPL-3.0-or-later
"""The runs that are on the disk, found and followed: past ones, and those of other processes.

A thread of its own looks into the directories; what it finds is told as frozen values, which the
session's thread takes out. Costs follow what changes: of a folder of runs nothing but its time of
change is looked at. Read is the newest run of an invocation, what has no result, and what somebody
asks for.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from er_tui.journal.run_directory import INVOCATION_FILE
from er_tui.session.kept import Found, KeptRuns
from er_tui.session.library import load
from er_tui.session.past import Follower
from er_tui.session.state import RunState

_PERIOD_SECONDS = 0.5
_JUDGED_SECONDS = 1.0
"""Between two looks at whether the process of a run still lives."""
_SHARE = 20
"""A look at everything is followed by a pause of so many times what it cost, at least."""
_LONGEST_PAUSE_SECONDS = 5.0
_SOON_SECONDS = 0.05
_SOON_SHARE = 3
"""The same where there is something new to look for: thousands are watched one by one."""
_CLOSE_SECONDS = 1.0
_MOST_AT_ONCE = 200
"""Runs read before orders are taken and what lives is looked at again."""


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run as its directory tells it now."""

    state: RunState


News: TypeAlias = Found | RunRead
_Order: TypeAlias = Callable[[], None]


class Store:
    """Finds runs below the folders of invocations, and follows those that live.

    All methods may be called from any thread and return at once; :attr:`news` is filled by the
    store's thread, which calls ``wake`` after each batch.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self.news: deque[News] = deque()
        self._wake = wake
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._kept = KeptRuns()
        self._own: set[str] = set()
        self._unread: deque[str] = deque()
        self._live: dict[str, Follower] = {}
        self._judged_at = 0.0
        self._fresh = False
        """Whether something is watched that was not looked for yet."""
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def watch(self, key: str, invocation_id: str, bases: Iterable[str]) -> None:
        """Tell the runs of an invocation, in place of what was watched under this key before."""
        known = tuple(bases)
        self._look_for(lambda: self._kept.watch(key, invocation_id, known))

    def forget(self, key: str) -> None:
        """Nobody wants to know of this invocation any more."""
        self._orders.put(lambda: self._kept.forget(key))

    def survey(self, base: str, invocation_id: str | None = None) -> None:
        """Tell of runs below ``base`` that belong to nothing watched, too; of this id, or any."""
        self._look_for(lambda: self._kept.survey(base, invocation_id))

    def own(self, run_id: str) -> None:
        """This run is told by the engine: its directory is not read here."""
        self._orders.put(lambda: self._own.add(run_id))

    def read(self, run_id: str, *, glancing: bool = False) -> None:
        """Somebody looks at this run, or (``glancing``) at a row of it: tell of it soon."""
        self._orders.put(lambda: self._read(run_id, glancing=glancing))

    def close(self) -> None:
        """Stop; waits until nothing is looked at any more, but not for a disk that hangs."""
        self._orders.put(None)
        self._thread.join(_CLOSE_SECONDS)

    def _look_for(self, order: _Order) -> None:
        def carry_out() -> None:
            order()
            self._fresh = True

        self._orders.put(carry_out)

    def _run(self) -> None:
        pause = look_at = soon = 0.0
        while self._take_orders(pause):
            told = False
            if time.monotonic() >= (soon if self._fresh else look_at):
                self._fresh = False
                # Of the processor: that others kept us waiting is no reason to wait.
                begun = time.thread_time()
                told = self._find()
                told = self._follow() or told
                spent, now = time.thread_time() - begun, time.monotonic()
                look_at = now + min(max(_PERIOD_SECONDS, _SHARE * spent), _LONGEST_PAUSE_SECONDS)
                soon = now + max(_SOON_SECONDS, _SOON_SHARE * spent)
            # What was found is read between the looks, a part at a time.
            told = self._read_some() or told
            if told:
                self._wake()
            due = soon if self._fresh else look_at
            pause = 0.0 if self._unread else max(0.0, due - time.monotonic())

    def _take_orders(self, pause: float) -> bool:
        """Carry out what was asked for, after at most ``pause`` seconds; False at the end."""
        try:
            order = self._orders.get(timeout=pause) if pause else self._orders.get_nowait()
            while order is not None:
                order()
                order = self._orders.get_nowait()
        except queue.Empty:
            return True
        return False

    def _find(self) -> bool:
        found = [_described(one) for one in self._kept.look()]
        self.news.extend(found)
        for one in found:
            wanted = {*one.runs[-1:], *one.unfinished}
            self._unread.extend(sorted(wanted - self._own, reverse=True))
            for gone in one.gone:
                self._live.pop(gone, None)
        return bool(found)

    def _read_some(self) -> bool:
        for number in range(_MOST_AT_ONCE):
            if not self._unread:
                return number > 0
            self._read(self._unread.popleft(), glancing=True)
        return True

    def _read(self, run_id: str, *, glancing: bool) -> None:
        directory = self._kept.directory(run_id)
        if directory is None or run_id in self._own or (glancing and run_id in self._live):
            return
        follower = Follower(directory, glancing=glancing)
        follower.advance()
        self.news.append(RunRead(follower.state))
        if follower.state.live:
            self._live[run_id] = follower

    def _follow(self) -> bool:
        now = time.monotonic()
        judges = now >= self._judged_at + _JUDGED_SECONDS
        if judges:
            self._judged_at = now
        told = False
        for run_id, follower in list(self._live.items()):
            if run_id in self._own:
                del self._live[run_id]
            elif follower.advance(judge=judges):
                told = True
                self.news.append(RunRead(follower.state))
                if not follower.state.live:
                    del self._live[run_id]
        return told


def _described(found: Found) -> Found:
    """With the invocation, where there is no file to have it from."""
    if found.key is not None or not found.runs:
        return found
    path = Path(found.folder, found.runs[-1], INVOCATION_FILE)
    return replace(found, invocation=load(path, path.parent).entry.invocation)

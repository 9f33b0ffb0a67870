# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which entries are listed, in which order, and where each stands on the screen."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from er_tui.session.query import Query, Subject
from er_tui.session.session import Session
from er_tui.tui.looks import fault_of, look_of_entry
from er_tui.tui.orders import AS_FOUND, Order, Rank

_SETTLED_SECONDS = 1.0
"""Rows move at most so often because runs changed."""


class Rows:
    """The listed entries as blocks of lines: a line, or two where there is something to add, and
    one a run where these are unfolded.

    It is told what changed, and looks at that alone. Looking a line up costs a bisection; only
    where rows come, go or move there is a pass over all, of simple things: 2 ms for 20,000.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._query = Query()
        self.order = AS_FOUND
        self._found: dict[str, int] = {}
        self._next_number = 0
        self._ranks: dict[str, tuple[Rank, int]] = {}
        """As of the last time that they were sorted, so that all of them go together."""
        self._stale: set[str] = set()
        """Those that may rank otherwise by now."""
        self._sorted_at = 0.0
        self._subjects: dict[str, Subject] = {}
        self._own: dict[str, int] = {}
        """How many lines each has without those of its runs."""
        self._unfolded: set[str] = set()
        self.keys: list[str] = []
        self._position: dict[str, int] = {}
        self._tops: list[int] = [0]

    # What is listed

    @property
    def filtered(self) -> bool:
        return bool(self._query)

    def filter(self, text: str) -> None:
        """List what matches; whatever the text, that is a query."""
        if text == self._query.text:
            return
        self._query = Query(text)
        self.keys = [key for key in self._found if self._matches(key)]
        self._arrange()

    def update(self, keys: Iterable[str]) -> bool:
        """Look at these entries again, which came, went or changed; True if rows moved."""
        gone: set[str] = set()
        come: list[str] = []
        resized = False
        for key in keys:
            listed = key in self._position
            wanted = self._look(key)
            if wanted and not listed:
                come.append(key)
            elif listed and not wanted:
                gone.add(key)
            elif listed:
                resized = resized or self._height(key) != self.height_of(key)
        if gone:
            self.keys = [key for key in self.keys if key not in gone]
        if come:
            self.keys.extend(come)
        if gone or come:
            self._arrange()
        elif resized:
            self._stack()
        return bool(gone or come or resized)

    def _look(self, key: str) -> bool:
        """Take in what is known of an entry now; whether it is to be listed."""
        self._subjects.pop(key, None)
        entry = self._session.entries.get(key)
        if entry is None:
            for known in (self._found, self._ranks, self._own):
                known.pop(key, None)
            self._stale.discard(key)
            self._unfolded.discard(key)
            return False
        if key not in self._found:
            self._found[key] = self._next_number
            self._next_number += 1
        if key in self._position:
            self._stale.add(key)
        else:
            self._rank(key, time.time())
        self._own[key] = self._own_height(key)
        return self._matches(key)

    def _matches(self, key: str) -> bool:
        return not self._query or self._query.matches(self._subject(key))

    def _subject(self, key: str) -> Subject:
        subject = self._subjects.get(key)
        if subject is None:
            entry, run = self._session.entries[key], self._session.latest(key)
            states = [look_of_entry(entry, run).word]
            states += [run.status] if run is not None and fault_of(entry) is None else []
            states += ["deleted"] if entry.gone else []
            of = entry.invocation
            fields = ("", "", "")
            if of is not None:
                fields = (of.invocation_id, of.runtime_kind, of.runtime_name)
            subject = Subject(entry.name, " ".join(states), *fields)
            self._subjects[key] = subject
        return subject

    # In which order

    def sort(self, order: Order) -> None:
        """List in this order from now on."""
        self.order = order
        now = time.time()
        for key in self._found:
            self._rank(key, now)
        self._stale.clear()
        self._sorted_at = time.monotonic()
        self._arrange()

    def settle(self) -> bool:
        """Put what changed where it belongs, if that was not done just before; True if rows moved.

        To be called time and again: rows that have to move do so together, not one by one.
        """
        now = time.monotonic()
        if now - self._sorted_at < _SETTLED_SECONDS:
            return False
        self._sorted_at = now
        if self.order.moves:
            live = {self._session.key_of(run.run_id) for run in self._session.live_runs()}
            self._stale |= live & self._found.keys()
        moved = False
        for key in self._stale:
            before = self._ranks[key]
            self._rank(key, time.time())
            moved = moved or self._ranks[key] != before
        self._stale.clear()
        if not moved:
            return False
        listed = list(self.keys)
        self._arrange()
        return self.keys != listed

    def _rank(self, key: str, now: float) -> None:
        entry, run = self._session.entries[key], self._session.latest(key)
        self._ranks[key] = self.order.rank(entry, run, now), self._found[key]

    # Where it stands

    @property
    def height(self) -> int:
        """Of all rows, in lines."""
        return self._tops[-1]

    def lists(self, key: str) -> bool:
        return key in self._position

    def position(self, key: str | None) -> int | None:
        return None if key is None else self._position.get(key)

    def height_of(self, key: str) -> int:
        index = self._position[key]
        return self._tops[index + 1] - self._tops[index]

    def span(self, index: int, number: int = 0) -> range:
        """The lines of an entry, or (``number`` from 1) of an unfolded run of it."""
        top, key = self._tops[index], self.keys[index]
        own = self._own[key]
        if not number:
            return range(top, top + own)
        line = top + own + self._session.run_count(key) - number
        return range(line, line + 1)

    def block(self, index: int) -> range:
        """The lines of an entry with those of its unfolded runs."""
        return range(self._tops[index], self._tops[index + 1])

    def at(self, line: int) -> tuple[int, int, int] | None:
        """The row at a line, which of its runs (0: the entry itself), and which line of that."""
        if not 0 <= line < self.height:
            return None
        index = bisect_right(self._tops, line) - 1
        key, within = self.keys[index], line - self._tops[index]
        if within < self._own[key]:
            return index, 0, within
        # The newest comes first.
        return index, self._session.run_count(key) - (within - self._own[key]), 0

    def unfolded(self, key: str) -> bool:
        return key in self._unfolded

    def unfold(self, key: str, unfolded: bool) -> None:
        """Give each run of an entry a line of its own, or none again."""
        if unfolded:
            self._unfolded.add(key)
        else:
            self._unfolded.discard(key)
        self._stack()

    def _own_height(self, key: str) -> int:
        entry = self._session.entries[key]
        run = self._session.latest(key)
        if fault_of(entry) is not None:
            return 2
        if run is None:
            return 1
        said_something = run.live and (run.last_stream is not None or run.attempts > 0)
        return 2 if said_something or run.paused or run.ending_since or run.error_summary else 1

    def _height(self, key: str) -> int:
        runs = self._session.run_count(key) if key in self._unfolded else 0
        return self._own[key] + runs

    def _arrange(self) -> None:
        self.keys.sort(key=self._ranks.__getitem__)
        self._position = {key: index for index, key in enumerate(self.keys)}
        self._stack()

    def _stack(self) -> None:
        if self._unfolded:
            heights = map(self._height, self.keys)
        else:
            heights = map(self._own.__getitem__, self.keys)
        self._tops = list(accumulate(heights, initial=0))

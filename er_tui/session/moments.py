# SPDX-License-Identifier: AGPL-3.0-or-later
"""What had happened of a run at any moment: how much it had written, which events there were."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import reduce
from itertools import takewhile
from typing import Final, Literal, TypeAlias

from er_tui.journal.events import (
    AttemptStarted,
    CancelRequested,
    DeadlinePassed,
    Event,
    InputSent,
    OutputSeen,
    ProcessExited,
    ResourcesSampled,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.journal.reading import EventTail
from er_tui.session.state import RunState, fold

BLOCK_BYTES: Final = 16 << 10
"""Of the journal at a time: what is decoded in a millisecond or two."""
_MOST_BLOCKS_BACK: Final = 8

Tick: TypeAlias = Literal["start", "attempt", "cancel", "signal", "exit"]
TICKS: Final[tuple[Tick, ...]] = ("start", "attempt", "cancel", "signal", "exit")
"""The events that are gone to, what matters more behind what matters less."""
_TICK_OF: Final[dict[type, Tick]] = {
    RunStarted: "start",
    AttemptStarted: "attempt",
    CancelRequested: "cancel",
    DeadlinePassed: "cancel",
    SignalSent: "signal",
    ProcessExited: "exit",
    RunFinished: "exit",
}
_BACKGROUND: Final = OutputSeen | ResourcesSampled | InputSent


class Sizes:
    """Sizes of the captures at any moment: a few arrays, however many marks there are."""

    def __init__(self, streams: Sequence[str]) -> None:
        self._numbers = {stream: number for number, stream in enumerate(streams)}
        self.times = array("d")
        """When each mark was made (Unix seconds); never falls."""
        self._sizes = [array("q") for _ in streams]

    def __len__(self) -> int:
        return len(self.times)

    def add(self, stream: str, size: int, at: float) -> bool:
        """A mark of the journal; False for one that says nothing new."""
        number = self._numbers.get(stream)
        if number is None or size <= (self._sizes[number][-1] if self.times else 0):
            return False
        self.times.append(max(at, self.times[-1]) if self.times else at)
        for other, sizes in enumerate(self._sizes):
            sizes.append(size if other == number else sizes[-1] if sizes else 0)
        return True

    def count_at(self, at: float) -> int:
        """How many marks were made until then."""
        return bisect_right(self.times, at)

    def sizes(self, count: int) -> tuple[int, ...]:
        """The size of each stream after so many marks."""
        return tuple(sizes[count - 1] if count else 0 for sizes in self._sizes)

    def written(self, since: float, until: float) -> int:
        """Bytes of all streams that came after ``since``, up to ``until``."""
        before, after = self.sizes(self.count_at(since)), self.sizes(self.count_at(until))
        return sum(after) - sum(before)

    def next_after(self, at: float) -> float | None:
        """When something was written next."""
        count = self.count_at(at)
        return self.times[count] if count < len(self.times) else None


class Story:
    """The events of a journal by their time, decoded again where they are looked at."""

    def __init__(self, directory: str | os.PathLike[str], state: RunState) -> None:
        """``state`` is that before the first event."""
        self._directory = directory
        self._places = array("q")
        """Where each block of the journal begins,"""
        self._begins = array("d")
        """the time of its first event,"""
        self._before: list[RunState] = []
        """and the state before that."""
        self._state = state
        self._last = float("-inf")
        self._decoded: tuple[int, list[Event]] = (-1, [])
        self.tick_times = array("d")
        self.tick_kinds = array("B")
        """Which of :data:`TICKS` each is."""

    def add(self, place: int, events: list[Event]) -> None:
        """The next block of the journal begins at ``place`` and holds these."""
        if not events:
            return
        self._places.append(place)
        self._begins.append(max(events[0].at, self._last))
        self._before.append(self._state)
        for event in events:
            self._last = max(self._last, event.at)
            kind = _TICK_OF.get(type(event))
            if kind is not None:
                self.tick_times.append(self._last)
                self.tick_kinds.append(TICKS.index(kind))
        self._state = reduce(fold, events, self._state)

    @property
    def last(self) -> float:
        """When the last event was."""
        return self._last

    def state_at(self, at: float) -> RunState:
        """The state of the run then."""
        block = self._block_at(at)
        if block < 0:
            return self._before[0] if self._before else self._state
        return reduce(fold, self._until(block, at), self._before[block])

    def events_at(self, at: float, most: int) -> list[Event]:
        """The last events until then, but for those that come all the time."""
        block = self._block_at(at)
        found: list[Event] = []
        for number in range(block, max(-1, block - _MOST_BLOCKS_BACK), -1):
            events = self._until(number, at)
            found = [e for e in events if not isinstance(e, _BACKGROUND)] + found
            if len(found) >= most:
                break
        return found[-most:]

    def next_tick(self, at: float) -> float | None:
        place = bisect_right(self.tick_times, at)
        return self.tick_times[place] if place < len(self.tick_times) else None

    def tick_before(self, at: float) -> float | None:
        place = bisect_left(self.tick_times, at)
        return self.tick_times[place - 1] if place else None

    def tick_in(self, since: float, until: float) -> Tick | None:
        """What matters most of what happened in that time, the end left out."""
        first, stop = bisect_left(self.tick_times, since), bisect_left(self.tick_times, until)
        return TICKS[max(self.tick_kinds[first:stop])] if first < stop else None

    def _block_at(self, at: float) -> int:
        return bisect_right(self._begins, at) - 1

    def _until(self, block: int, at: float) -> list[Event]:
        if self._decoded[0] != block:
            tail = EventTail(self._directory)
            tail.place = self._places[block]
            self._decoded = block, tail.read(BLOCK_BYTES)
        return list(takewhile(lambda event: event.at <= at, self._decoded[1]))

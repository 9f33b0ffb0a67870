# SPDX-License-Identifier: AGPL-3.0-or-later
"""In which order invocations can be listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from er_tui.session.library import Entry
from er_tui.session.state import RunState
from er_tui.session.tally import TROUBLES, standing_of

Rank: TypeAlias = str | float
"""Of one order all ranks are of one type; the least comes first."""

_WORST_FIRST = (
    *(*TROUBLES, "invalid", "unknown", "cancelled"),
    *("cancelling", "running", "paused", "queued", "not run", "reading", "succeeded"),
)
_LIVE_FIRST = (
    *("cancelling", "stalled", "running", "paused", "queued", "unknown"),
    *("failed", "timed_out", "rejected", "lost", "invalid", "cancelled"),
    *("not run", "reading", "succeeded"),
)
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Order:
    """One order; those that rank alike stay as they were found."""

    name: str
    words: str
    """What comes first."""
    rank: Callable[[Entry, RunState | None, float], Rank]
    """Of an entry and its latest run, now (Unix seconds)."""
    moves: bool = False
    """Whether the ranks of live runs change as time goes on."""


def _by_standing(order: tuple[str, ...]) -> Callable[[Entry, RunState | None, float], Rank]:
    ranks = {standing: float(rank) for rank, standing in enumerate(order)}
    return lambda entry, run, _now: ranks[standing_of(entry, run)]


def _started(_entry: Entry, run: RunState | None, _now: float) -> Rank:
    if run is None:
        return _NEVER
    return -(run.queued_at if run.started_at is None else run.started_at)


def _duration(_entry: Entry, run: RunState | None, now: float) -> Rank:
    seconds = None if run is None else run.seconds(now)
    return _NEVER if seconds is None else -seconds


AS_FOUND = Order("as found", "folder by folder; what comes later, at the end", lambda *_: 0.0)
WORST_FIRST = Order(
    "status", "the worst first: lost, failed, timed out, … succeeded", _by_standing(_WORST_FIRST)
)
ORDERS: tuple[Order, ...] = (
    AS_FOUND,
    Order("name", "from A to Z", lambda entry, *_: entry.name.casefold()),
    WORST_FIRST,
    Order("live", "what ends or runs first, then as by status", _by_standing(_LIVE_FIRST)),
    Order("started", "the newest first", _started),
    Order("duration", "the longest first", _duration, moves=True),
)

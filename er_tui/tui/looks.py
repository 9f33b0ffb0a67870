# SPDX-License-Identifier: AGPL-3.0-or-later
"""How states, times and sizes look: a glyph and a word each, so that colour is never needed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from er_tui.session.library import Entry
from er_tui.session.state import RunState

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError


@dataclass(frozen=True, slots=True)
class Look:
    """A state on the screen."""

    glyph: str
    word: str
    tone: str
    """The component class that colours it: ``state--<tone>``."""


IDLE = Look("·", "not run", "idle")
UNREAD = Look("·", "reading", "idle")
INVALID = Look("!", "invalid", "bad")
_LOOKS = {
    "queued": Look("○", "queued", "waiting"),
    "running": Look("●", "running", "live"),
    "cancelling": Look("◌", "cancelling", "ending"),
    "succeeded": Look("✓", "succeeded", "good"),
    "failed": Look("✗", "failed", "bad"),
    "timed_out": Look("◷", "timed out", "bad"),
    "cancelled": Look("⊘", "cancelled", "ended"),
    "rejected": Look("⊗", "rejected", "bad"),
    "lost": Look("?", "lost", "ended"),
}
TONES = ("idle", "waiting", "live", "ending", "good", "bad", "ended")


def look_of_run(run: RunState) -> Look:
    return _LOOKS[run.badge or run.status]


def fault_of(entry: Entry) -> InvocationFileError | None:
    """What is wrong with the file; nothing of one that was deleted, whatever it held before."""
    return None if entry.gone else entry.error


def look_of_entry(entry: Entry, run: RunState | None) -> Look:
    """The look of a list row: of its latest run, unless the file itself is at fault."""
    if fault_of(entry) is not None:
        return INVALID
    if run is not None:
        return look_of_run(run)
    return UNREAD if entry.unread else IDLE


def clock(seconds: float) -> str:
    """A running time: ``00:12``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def duration(seconds: float) -> str:
    """A finished time: ``12ms``, ``8.0s``, ``3m05s``, ``2h03m``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def time_of(run: RunState, now: float) -> str:
    """The time column: how long it waits, runs, or ran."""
    seconds = run.seconds(now)
    if seconds is None:
        return clock(max(0.0, now - run.queued_at)) if run.badge == "queued" else ""
    return clock(seconds) if run.live else duration(seconds)


def size(count: int) -> str:
    """``0 B``, ``812 B``, ``12.3 kB``, ``4.5 MB``, ``1.2 GB`` (powers of 1000)."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95 or unit == "GB":
            break
    return f"{value:.1f} {unit}"


def local_time(at: float) -> str:
    """``14:03:12.042``, in the user's time zone."""
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"

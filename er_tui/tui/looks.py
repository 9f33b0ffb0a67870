# SPDX-License-Identifier: AGPL-3.0-or-later
"""How states, times and sizes look: a glyph and a word each, so that colour is never needed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from er_tui.session.library import Entry
from er_tui.session.state import RunState
from er_tui.session.tally import standing_of

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError


@dataclass(frozen=True, slots=True)
class Look:
    """A state on the screen."""

    glyph: str
    word: str
    tone: str
    """The component class that colours it: ``state--<tone>``."""


_LOOKS = {
    "queued": Look("○", "queued", "waiting"),
    "running": Look("●", "running", "live"),
    "paused": Look("‖", "paused", "ending"),
    "cancelling": Look("◌", "cancelling", "ending"),
    "succeeded": Look("✓", "succeeded", "good"),
    "failed": Look("✗", "failed", "bad"),
    "timed_out": Look("◷", "timed out", "bad"),
    "cancelled": Look("⊘", "cancelled", "ended"),
    "rejected": Look("⊗", "rejected", "bad"),
    "stalled": Look("◍", "stalled", "ending"),
    "unknown": Look("¿", "unknown", "ended"),
    "lost": Look("?", "lost", "ended"),
    "not run": Look("·", "not run", "idle"),
    "reading": Look("·", "reading", "idle"),
    "invalid": Look("!", "invalid", "bad"),
}
TONES = ("idle", "waiting", "live", "ending", "good", "bad", "ended")


def look_of(standing: str) -> Look:
    """The look of a badge, a status, or what else ``standing_of`` tells."""
    return _LOOKS[standing]


def look_of_run(run: RunState) -> Look:
    return _LOOKS[run.badge or run.status]


def fault_of(entry: Entry) -> InvocationFileError | None:
    """What is wrong with the file; nothing of one that was deleted, whatever it held before."""
    return None if entry.gone else entry.error


def look_of_entry(entry: Entry, run: RunState | None) -> Look:
    """The look of a list row: of its latest run, unless the file itself is at fault."""
    return look_of(standing_of(entry, run))


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


def countdown(run: RunState, now: float) -> str:
    """How far the end of a run is that is being ended: ``SIGKILL in 2s``, ``SIGKILL sent``."""
    if run.kill_at is not None:
        return f"SIGKILL in {max(0.0, run.kill_at - now):.0f}s"
    return "SIGKILL sent" if run.killed else ""


def memory(count: int) -> str:
    """A size in at most four columns, where room is scarce: ``812B``, ``48M``, ``1.2G``."""
    value, unit = float(count), "B"
    for unit in "BkMGT":
        if value < 999.5 or unit == "T":
            break
        value /= 1000
    return f"{value:.1f}{unit}" if value < 9.95 and unit in "GT" else f"{value:.0f}{unit}"


def state_of(entry: Entry | None, run: RunState | None, now: float) -> tuple[str, str]:
    """The words and the tone beside the names of the panes: how it stands, and for how long."""
    if entry is None:
        return "", "idle"
    look = look_of_run(run) if run is not None else look_of_entry(entry, None)
    words = f"{look.glyph} {look.word}"
    if run is None:
        return words, look.tone
    if run.badge == "cancelling" and (left := countdown(run, now)):
        return f"{words} · {left}", look.tone
    seconds = run.seconds(now)
    spent = "" if seconds is None else (clock if run.live else duration)(seconds)
    if run.live and seconds is not None and run.timeout_seconds is not None:
        spent += f" of {clock(run.timeout_seconds)}"
    return f"{words} {spent}".rstrip(), look.tone


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

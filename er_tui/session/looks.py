# SPDX-License-Identifier: AGPL-3.0-or-later
"""How states, times and sizes look: a glyph and a word each, so that colour is never needed."""

from __future__ import annotations

from dataclasses import dataclass

from er_tui.session.state import RunState


@dataclass(frozen=True, slots=True)
class Look:
    """A state on the screen."""

    glyph: str
    word: str
    tone: str
    """What kind of a state it is, for whoever colours it: good, bad, live..."""


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


def look_of(standing: str) -> Look:
    """The look of a badge, a status, or what else ``standing_of`` tells."""
    return _LOOKS[standing]


def look_of_run(run: RunState) -> Look:
    return _LOOKS[run.badge or run.status]


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

# SPDX-License-Identifier: AGPL-3.0-or-later
"""How entries and runs look on the screen, by the glyphs and words that are the same everywhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from er_tui.session.library import Entry
from er_tui.session.looks import Look, clock, duration, look_of, look_of_run, size
from er_tui.session.state import RunState
from er_tui.session.tally import standing_of

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError


__all__ = [
    "TONES",
    "Look",
    "clock",
    "countdown",
    "duration",
    "fault_of",
    "local_time",
    "look_of",
    "look_of_entry",
    "look_of_run",
    "memory",
    "size",
    "state_of",
    "time_of",
]

TONES = ("idle", "waiting", "live", "ending", "good", "bad", "ended")
"""Each with a component class that colours it: ``state--<tone>``."""


def fault_of(entry: Entry) -> InvocationFileError | None:
    """What is wrong with the file; nothing of one that was deleted, whatever it held before."""
    return None if entry.gone else entry.error


def look_of_entry(entry: Entry, run: RunState | None) -> Look:
    """The look of a list row: of its latest run, unless the file itself is at fault."""
    return look_of(standing_of(entry, run))


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
        spent += f" of {clock(round(run.timeout_seconds))}"
    return f"{words} {spent}".rstrip(), look.tone


def local_time(at: float) -> str:
    """``14:03:12.042``, in the user's time zone."""
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"

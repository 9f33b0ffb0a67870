# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a row of the list says of its entry and run, part by part."""

from __future__ import annotations

import time

from er_tui.session.library import Entry
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line
from er_tui.tui.looks import countdown, memory


def kind_of(entry: Entry) -> str:
    """The kind; empty while that is not known."""
    return "" if entry.invocation is None else entry.invocation.runtime_kind


def reason(summary: str) -> str:
    """The line of a summary that says most: of a process its last words, else the first."""
    first, _, rest = summary.strip().partition("\n")
    of_process = first.startswith(("exited with", "ended by signal"))
    return (rest.rpartition("\n")[2] if of_process else "") or first


def asked(run: RunState, now: float) -> str:
    """How far an HTTP run is; empty for any other."""
    if not run.attempts:
        return ""
    where = f"poll {run.polls}" if run.polls else "asking"
    words = f"{safe_line(run.backend_status)}, {where}" if run.backend_status else where
    if run.next_poll_at is None:
        return words
    return f"{words}, next in {max(0.0, run.next_poll_at - now):.1f}s"


def ending(run: RunState, now: float) -> str:
    """How far the end of a run is."""
    sent = "SIGTERM sent, " if run.kill_at is not None else ""
    left = countdown(run, now)
    return f"ending: {sent}{left}" if left else "ending"


def begun(run: RunState, now: float) -> str:
    """When a run was asked for, in five columns."""
    return moment(run.queued_at, now)


def moment(when: float, now: float) -> str:
    """``14:03`` today, ``03-14`` on another day."""
    at, today = time.localtime(when), time.localtime(now)
    same_day = (at.tm_year, at.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("%H:%M" if same_day else "%m-%d", at)


def used(run: RunState | None) -> str:
    """What a live run uses, in columns: `` 12%  48M   3p``."""
    if run is None or run.resources is None:
        return ""
    now = run.resources
    return f"{now.cpu_percent:>4.0f}% {memory(now.memory_bytes):>4} {now.processes:>3}p"

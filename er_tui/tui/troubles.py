# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which entries need somebody's attention, the worst first, and how that is told."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable

from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.session.tally import TROUBLES
from er_tui.text.safe import safe_line
from er_tui.tui.looks import look_of_run
from er_tui.tui.row_words import moment, reason
from er_tui.tui.widgets.banner import Trouble

_MOST = 8
_LONGEST = 60


def troubles_of(session: Session) -> tuple[Trouble, ...]:
    """The worst few; of those that are alike, what happened last comes first."""
    keys = session.tally.troubled
    runs = ((key, run) for key in keys if (run := session.latest(key)) is not None)
    ranked = ((TROUBLES.index(run.badge or run.status), -_since(run), key) for key, run in runs)
    now = time.time()
    return tuple(_told(session, key, now) for _, _, key in heapq.nsmallest(_MOST, ranked))


def failures(session: Session, finished: Iterable[str]) -> list[str]:
    """The names (safe text) of those runs that ended badly; a cancel is no failure."""
    return [
        safe_line(session.entries[session.key_of(run_id)].name, limit=_LONGEST)
        for run_id in finished
        if (run := session.runs.get(run_id)) is not None
        and (run.badge or run.status) in TROUBLES
        and session.key_of(run_id) in session.entries
    ]


def _since(run: RunState) -> float:
    return run.finished_at or run.heard_at or run.queued_at


def _told(session: Session, key: str, now: float) -> Trouble:
    run = session.latest(key)
    assert run is not None
    look = look_of_run(run)
    when = moment(_since(run), now)
    why = safe_line(reason(run.error_summary or ""), limit=_LONGEST).removeprefix(look.word).strip()
    words = f"{when}, {why}" if why else when
    return Trouble(key, look, safe_line(session.entries[key].name, limit=_LONGEST), words)

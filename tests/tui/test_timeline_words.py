# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every event of a journal is told in words."""

from __future__ import annotations

from typing import Any

import pytest

from er_tui.journal.events import (
    KINDS,
    AttemptEnded,
    CancelRequested,
    DeadlinePassed,
    Event,
    ProcessIdentity,
)
from er_tui.tui.panes.timeline_pane import TimelinePane

_ENDED: dict[str, Any] = {
    "number": 3,
    "phase": "poll",
    "code": 200,
    "status": "running",
    "size": 1,
    "connect_seconds": None,
    "tls_seconds": None,
    "wait_seconds": 0.1,
    "body_seconds": 0.1,
    "headers": {},
    "body": None,
    "note": None,
    "next_seconds": 2.0,
}
_PROCESS = ProcessIdentity(7, 1, "host", None, None)
_STARTED: dict[str, Any] = {
    "run_id": "r",
    "invocation_id": "i",
    "runtime_name": "n",
    "runtime_kind": "http",
    "directory": None,
    "timeout_seconds": 9,
    "supervisor": _PROCESS,
}
_REQUEST = {"phase": "poll", "method": "GET", "url": "http://h/runs/1?a=b", "headers": {}}

TOLD: dict[str, tuple[dict[str, Any], str]] = {
    "started": (_STARTED, "run r started, deadline after 9s"),
    "spawned": ({"process": _PROCESS}, "process 7 leads its own session and group"),
    "output": ({"marks": ()}, "output: "),
    "cancel_requested": (
        {"reason": "asked", "grace_seconds": 5.0},
        "cancel: asked; SIGKILL follows after 5s",
    ),
    "deadline_passed": (
        {"timeout_seconds": 9, "grace_seconds": 5.0},
        "deadline of 9s passed; SIGKILL follows after 5s",
    ),
    "signal_sent": ({"signal": "SIGTERM", "pgid": 7}, "SIGTERM to group 7"),
    "exited": ({"exit_code": 3, "signal": None}, "process exited with code 3"),
    "swept": ({"members": ()}, "swept 0 left behind: "),
    "attempt_started": ({"number": 3, **_REQUEST}, "attempt 3: poll GET /runs/1?a=b"),
    "attempt_ended": (_ENDED, "attempt 3: HTTP 200, running, next in 2.0s"),
    "noted": ({"text": "a note"}, "a note"),
    "finished": ({"result": {"status": "timed_out"}}, "timed out"),
}


def words(event: Event) -> str:
    return TimelinePane()._told(event)[1]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_words_of_its_own(name: str) -> None:
    fields, told = TOLD[name]
    assert words(KINDS[name](at=0.0, **fields)) == told != name


def test_a_run_without_a_process_is_not_killed() -> None:
    assert words(CancelRequested(at=0.0, reason="asked", grace_seconds=0.0)) == "cancel: asked"
    deadline = DeadlinePassed(at=0.0, timeout_seconds=9, grace_seconds=0.0)
    assert words(deadline) == "deadline of 9s passed"


def test_the_note_of_an_attempt_is_told_in_full() -> None:
    note = "refused; " * 300
    fields = {**_ENDED, "code": None, "status": None, "next_seconds": None, "note": note}
    assert words(AttemptEnded(at=0.0, **fields)) == f"attempt 3: no response: {note}"

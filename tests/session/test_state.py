# SPDX-License-Identifier: AGPL-3.0-or-later
"""The state of a run follows from its events alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.journal.events import (
    CancelRequested,
    DeadlineMoved,
    DeadlinePassed,
    EndingCompleted,
    Event,
    InputSent,
    Member,
    MembersSwept,
    Noted,
    OutputSeen,
    ProcessExited,
    ProcessIdentity,
    ProcessSpawned,
    ResourcesSampled,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.rxp import TERMINAL_STATUSES
from er_tui.session.state import Resources, RunState, fold

WHO = ProcessIdentity(4711, 1, "host", None, None)
STARTED = RunStarted(
    at=10.0,
    run_id="r",
    invocation_id="job",
    runtime_name="test",
    runtime_kind="subprocess",
    directory="/d",
    timeout_seconds=30,
    supervisor=WHO,
)
SPAWNED = ProcessSpawned(at=10.1, process=WHO)
CANCEL = CancelRequested(at=12.0, reason="cancelled by the operator", grace_seconds=3.0)
DEADLINE = DeadlinePassed(at=40.0, timeout_seconds=30, grace_seconds=2.0)
TERM = SignalSent(at=12.0, signal="SIGTERM", pgid=4711)
KILL = SignalSent(at=15.0, signal="SIGKILL", pgid=4711)
EXITED = ProcessExited(at=15.1, exit_code=137, signal="SIGKILL")
STOP = SignalSent(at=11.0, signal="SIGSTOP", pgid=4711, by_operator=True)
CONT = SignalSent(at=11.5, signal="SIGCONT", pgid=4711, by_operator=True)
USED = ResourcesSampled(at=11.0, cpu_percent=97.5, memory_bytes=48_000_000, processes=3)
LATER = DeadlineMoved(at=11.0, seconds=90.5, timeout_seconds=120.5)
TYPED = InputSent(at=11.0, size=12)
ENDED = EndingCompleted(at=15.3, seconds=3.3, survivors=(Member(9, "stuck"),))
SWEPT = MembersSwept(at=15.2, members=(Member(1, "a"), Member(2, "b")))


def finished(status: str, **fields: object) -> RunFinished:
    return RunFinished(at=16.0, result={"status": status, "error_summary": None, **fields})


def after(*events: Event) -> RunState:
    state = RunState("r", queued_at=5.0)
    for event in events:
        state = fold(state, event)
    return state


TABLE: list[tuple[str, Sequence[Event], dict[str, Any]]] = [
    ("queued", [], {"status": "pending", "badge": "queued", "live": True, "pid": None}),
    ("started", [STARTED], {"status": "running", "badge": None, "directory": "/d"}),
    ("spawned", [STARTED, SPAWNED], {"pid": 4711, "timeout_seconds": 30, "kill_at": None}),
    (
        "cancelling",
        [STARTED, SPAWNED, CANCEL, TERM],
        {"badge": "cancelling", "status": "running", "ending_since": 12.0, "kill_at": 15.0},
    ),
    ("ended in the dark", [STARTED, CANCEL], {"badge": "cancelling", "kill_at": None}),
    (
        "asked twice",
        [STARTED, SPAWNED, CANCEL, CancelRequested(at=13.0, reason="again", grace_seconds=0.0)],
        {"ending_since": 12.0, "kill_at": 13.0},
    ),
    (
        "on a terminal",
        [STARTED, ProcessSpawned(at=10.1, process=WHO, terminal=True)],
        {"terminal": True},
    ),
    ("paused", [STARTED, SPAWNED, STOP], {"badge": "paused", "paused": True, "live": True}),
    ("resumed", [STARTED, SPAWNED, STOP, CONT], {"badge": None, "paused": False}),
    (
        "stopped by itself",
        [STARTED, SPAWNED, SignalSent(at=11.0, signal="SIGSTOP", pgid=4711)],
        {"badge": None, "paused": False},
    ),
    (
        "paused and cancelled",
        [STARTED, SPAWNED, STOP, CANCEL],
        {"badge": "cancelling", "paused": False},
    ),
    (
        "paused and late",
        [STARTED, SPAWNED, STOP, DEADLINE],
        {"badge": "cancelling", "paused": False},
    ),
    ("paused and gone", [STARTED, SPAWNED, STOP, EXITED], {"badge": None, "paused": False}),
    ("stopped while it ends", [STARTED, SPAWNED, CANCEL, STOP], {"paused": False}),
    ("sampled", [STARTED, SPAWNED, USED], {"resources": Resources(97.5, 48_000_000, 3)}),
    ("sampled and over", [STARTED, SPAWNED, USED, finished("failed")], {"resources": None}),
    ("given more time", [STARTED, LATER], {"timeout_seconds": 120.5, "badge": None}),
    ("typed to", [STARTED, SPAWNED, TYPED], {"badge": None, "status": "running"}),
    ("timing out", [STARTED, SPAWNED, DEADLINE], {"badge": "cancelling", "kill_at": 42.0}),
    (
        "killed",
        [STARTED, CANCEL, TERM, KILL],
        {"badge": "cancelling", "kill_at": None, "killed": True},
    ),
    ("exited", [STARTED, CANCEL, TERM, EXITED], {"live": True, "kill_at": None}),
    (
        "cancelled",
        [STARTED, CANCEL, TERM, EXITED, finished("cancelled", error_summary="why")],
        {"status": "cancelled", "badge": None, "live": False, "error_summary": "why"},
    ),
    (
        "cancelled before its turn",
        [STARTED, finished("cancelled")],
        {"status": "cancelled", "badge": None, "live": False, "pid": None},
    ),
    ("noted", [STARTED, Noted(at=11.0, text="x")], {"status": "running", "badge": None}),
]


@pytest.mark.parametrize(("events", "shown"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_events_give_the_state_that_is_shown(
    events: Sequence[Event], shown: dict[str, Any]
) -> None:
    state = after(*events)
    assert {name: getattr(state, name) for name in shown} == shown


@pytest.mark.parametrize("status", sorted(TERMINAL_STATUSES))
def test_a_result_ends_a_run_with_its_own_status(status: str) -> None:
    state = after(STARTED, finished(status))
    assert (state.status, state.live, state.badge) == (status, False, None)
    assert state.seconds(1000.0) == 6.0


def test_the_clock_of_a_run_starts_with_it_and_stops_with_it() -> None:
    assert after().seconds(100.0) is None
    assert after(STARTED).seconds(12.5) == 2.5
    assert after(STARTED).seconds(9.0) == 0.0  # a clock that was set back


def test_a_lost_run_is_not_live_and_says_why() -> None:
    lost = replace(after(STARTED, CANCEL), lost="the engine ended unexpectedly")
    assert (lost.badge, lost.live, lost.status) == ("lost", False, "running")
    assert lost.error_summary == "the engine ended unexpectedly"


def test_output_is_summed_up_by_its_last_marks() -> None:
    state = after(
        STARTED,
        OutputSeen(at=11.0, marks=(("stdout", 10, 10.5), ("stderr", 4, 10.6))),
        OutputSeen(at=12.0, marks=(("stdout", 25, 11.5),)),
        OutputSeen(at=13.0, marks=()),
    )
    assert (state.stdout_bytes, state.stderr_bytes) == (25, 4)
    assert state.last_stream == "stdout"


def test_folding_changes_no_earlier_state() -> None:
    before = after(STARTED)
    copy = replace(before)
    fold(before, finished("failed"))
    assert before == copy


@given(
    st.lists(
        st.sampled_from(
            [
                *(STARTED, SPAWNED, STOP, CONT, USED, LATER, TYPED),
                *(CANCEL, DEADLINE, TERM, KILL, EXITED, SWEPT, ENDED, finished("failed")),
            ]
        )
    )
)
def test_no_order_of_events_breaks_the_fold(events: list[Event]) -> None:
    state = after(*events)
    assert state.badge in (None, "queued", "cancelling", "paused")
    assert state.live is (state.status not in TERMINAL_STATUSES)
    if state.result is not None and events[-1].name == "finished":
        assert (state.paused, state.resources, state.kill_at) == (False, None, None)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every event survives its line; what a reader does not know or cannot use it skips."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.journal import events
from er_tui.journal.events import Event
from er_tui.journal.lines import decode, encode
from er_tui.rxp.vocabulary import TERMINAL_STATUSES

TEXT = st.text(st.characters(), max_size=20)
AT = st.floats(min_value=0, max_value=4e9)
NUMBER = st.integers(min_value=0, max_value=2**63 - 1)
MEMBERS = st.lists(st.builds(events.Member, NUMBER, TEXT), max_size=3).map(tuple)
PROCESS = st.builds(
    events.ProcessIdentity,
    NUMBER,
    st.none() | NUMBER,
    TEXT,
    st.none() | TEXT,
    st.none() | TEXT,
)
MASKED = st.lists(st.builds(events.MaskedValue, TEXT, TEXT), max_size=3).map(tuple)
MARKS = st.lists(st.tuples(TEXT, NUMBER, AT), max_size=4).map(tuple)
JSON = st.dictionaries(TEXT, st.none() | TEXT | st.integers() | st.lists(TEXT), max_size=3)

EVENTS: dict[type[Event], st.SearchStrategy[Event]] = {
    events.RunStarted: st.builds(
        events.RunStarted,
        at=AT,
        run_id=TEXT,
        invocation_id=TEXT,
        runtime_name=TEXT,
        runtime_kind=TEXT,
        directory=st.none() | TEXT,
        timeout_seconds=st.none() | NUMBER,
        supervisor=PROCESS,
        masked=MASKED,
        source=st.none() | st.builds(events.Source, TEXT, TEXT),
    ),
    events.ProcessSpawned: st.builds(
        events.ProcessSpawned, at=AT, process=PROCESS, terminal=st.booleans()
    ),
    events.OutputSeen: st.builds(events.OutputSeen, at=AT, marks=MARKS),
    events.CancelRequested: st.builds(events.CancelRequested, at=AT, reason=TEXT, grace_seconds=AT),
    events.DeadlinePassed: st.builds(
        events.DeadlinePassed, at=AT, timeout_seconds=NUMBER, grace_seconds=AT
    ),
    events.SignalSent: st.builds(
        events.SignalSent,
        at=AT,
        signal=TEXT,
        pgid=NUMBER,
        members=MEMBERS,
        escaped=MEMBERS,
        by_operator=st.booleans(),
    ),
    events.ProcessExited: st.builds(
        events.ProcessExited, at=AT, exit_code=st.none() | NUMBER, signal=st.none() | TEXT
    ),
    events.MembersSwept: st.builds(events.MembersSwept, at=AT, members=MEMBERS),
    events.EndingCompleted: st.builds(events.EndingCompleted, at=AT, seconds=AT, survivors=MEMBERS),
    events.DeadlineMoved: st.builds(
        events.DeadlineMoved, at=AT, seconds=st.floats(-1e6, 1e6), timeout_seconds=AT
    ),
    events.ResourcesSampled: st.builds(
        events.ResourcesSampled, at=AT, cpu_percent=AT, memory_bytes=NUMBER, processes=NUMBER
    ),
    events.InputSent: st.builds(events.InputSent, at=AT, size=NUMBER),
    events.AttemptStarted: st.builds(
        events.AttemptStarted,
        at=AT,
        number=NUMBER,
        phase=TEXT,
        method=TEXT,
        url=TEXT,
        headers=JSON,
    ),
    events.AttemptEnded: st.builds(
        events.AttemptEnded,
        at=AT,
        number=NUMBER,
        phase=TEXT,
        code=st.none() | NUMBER,
        status=st.none() | TEXT,
        size=NUMBER,
        connect_seconds=st.none() | AT,
        tls_seconds=st.none() | AT,
        wait_seconds=st.none() | AT,
        body_seconds=st.none() | AT,
        headers=JSON,
        body=st.none() | TEXT,
        note=st.none() | TEXT,
        next_seconds=st.none() | AT,
    ),
    events.Noted: st.builds(events.Noted, at=AT, text=TEXT),
    events.RunFinished: st.builds(
        events.RunFinished,
        at=AT,
        result=st.builds(
            lambda rest, status: {**rest, "exit_code": None, "error_summary": "x", **status},
            JSON,
            st.fixed_dictionaries({"status": st.sampled_from(sorted(TERMINAL_STATUSES))}),
        ),
    ),
}


def test_every_event_kind_is_generated_here() -> None:
    assert set(EVENTS) == set(events.KINDS.values())


@given(st.one_of(list(EVENTS.values())))
def test_an_event_survives_its_line(event: Event) -> None:
    line = encode(event)
    assert line.isascii()
    assert "\n" not in line
    assert decode(json.loads(line)) == event


def test_a_lone_surrogate_of_a_foreign_file_name_survives_its_line() -> None:
    event = events.Noted(at=1.0, text="caf\udce9")
    assert decode(json.loads(encode(event))) == event


def noted(**fields: object) -> dict[str, Any]:
    return {"v": 1, "event": "noted", "at": 1.0, "text": "x", **fields}


def test_fields_of_a_newer_writer_are_skipped() -> None:
    assert decode(noted(colour="blue")) == events.Noted(at=1.0, text="x")


@pytest.mark.parametrize(
    "document",
    [
        noted(event="teleported"),
        noted(event=["noted"]),
        noted(event=None),
        noted(v=2),
        noted(v=None),
        {"v": 1},
        {},
        {"v": 1, "event": "noted", "at": 1.0},
        noted(at="now"),
        noted(at=True),
        noted(at=float("nan")),
        noted(at=float("inf")),
        noted(at=1e300),
        noted(at=10**400),
        noted(text=5),
        noted(text=None),
        {"v": 1, "event": "output", "at": 1.0, "marks": [["stdout", 1e999, 1.0]]},
        {"v": 1, "event": "output", "at": 1.0, "marks": [["stdout", 1]]},
        {"v": 1, "event": "output", "at": 1.0, "marks": [["stdout", 10**30, 1.0]]},
        {"v": 1, "event": "output", "at": 1.0, "marks": 7},
        {"v": 1, "event": "swept", "at": 1.0, "members": [{"pid": 1}]},
        {"v": 1, "event": "swept", "at": 1.0, "members": [1]},
        {"v": 1, "event": "spawned", "at": 1.0, "process": None},
        {"v": 1, "event": "spawned", "at": 1.0, "process": {"pid": "1"}},
        {"v": 1, "event": "finished", "at": 1.0, "result": "ok"},
        {"v": 1, "event": "finished", "at": 1.0, "result": {}},
        {"v": 1, "event": "finished", "at": 1.0, "result": {"status": "running"}},
        {"v": 1, "event": "finished", "at": 1.0, "result": {"status": ["failed"]}},
        {"v": 1, "event": "finished", "at": 1.0, "result": {"status": "failed", "exit_code": "1"}},
        {"v": 1, "event": "finished", "at": 1, "result": {"status": "failed", "error_summary": 1}},
        {"v": 1, "event": "exited", "at": 1.0, "exit_code": "0", "signal": None},
        {"v": 1, "event": "spawned", "at": 1.0, "process": None, "terminal": 1},
    ],
)
def test_what_is_no_event_of_this_version_is_skipped(document: dict[str, Any]) -> None:
    assert decode(document) is None


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(EVENTS)), st.data())
def test_no_document_whatsoever_makes_decoding_raise(
    kind: type[Event], data: st.DataObject
) -> None:
    document = json.loads(encode(data.draw(EVENTS[kind])))
    field = data.draw(st.sampled_from(list(document)))
    document[field] = data.draw(ANY_JSON)
    decode(document)

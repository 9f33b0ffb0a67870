# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each attempt is told as it happens: in order, timed, and ended in every ending."""

from __future__ import annotations

import json
from pathlib import Path

from er_tui.journal.events import AttemptEnded, AttemptStarted, Event, RunFinished, RunStarted
from er_tui.runtime import RunControl
from tests.http_backend.scripted import Scripted, Step, reply
from tests.runtime.http.asking import (
    ACCEPTED,
    COMPLETED,
    FAILED,
    RUNNING,
    ask,
    backend,
    ended,
    request,
    started,
    workflow,
)
from tests.runtime.invoking import journal, names


def test_a_request_is_one_attempt_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    step = Step(404, b"no such thing", {"X-Trace": "t1", "Set-Cookie": "session=s3cr3t"})
    with Scripted([step]) as server:
        keys = {"headers": json.dumps({"X-Api-Key": "s3cr3t", "X-Plain": "shown"})}
        result = ask(request(tmp_path, f"{server.url}/x?a=b", method="PUT", **keys))
    (begun,), (over,) = started(result), ended(result)
    assert (begun.number, begun.phase, begun.method) == (1, "request", "PUT")
    assert begun.url == f"{server.url}/x?a=b"
    assert begun.headers["X-Api-Key"] == "***"
    assert begun.headers["X-Plain"] == "shown"
    assert (over.number, over.phase, over.code, over.size) == (1, "request", 404, 13)
    assert (over.status, over.next_seconds, over.body) == (None, None, "response.bin")
    assert over.note == result.error_summary == "HTTP 404: no such thing"
    assert (over.headers["x-trace"], over.headers["set-cookie"]) == ("t1", "***")
    assert over.tls_seconds is None
    for seconds in (over.connect_seconds, over.wait_seconds, over.body_seconds):
        assert seconds is not None
        assert 0 <= seconds < 5
    assert begun.at <= over.at


def test_a_workflow_is_told_in_order(tmp_path: Path) -> None:
    seen: list[Event] = []
    control = RunControl(on_event=seen.append)
    polls = [reply({}, 404), RUNNING, reply({}, 503), COMPLETED]
    keys = {"poll_pending_codes": "404", "poll_error_budget": "1"}
    with Scripted(backend(polls)) as server:
        result = ask(workflow(tmp_path, server.url, **keys), control)
    events = journal(result)
    assert seen == events
    assert names(events) == ["started", *["attempt_started", "attempt_ended"] * 5, "finished"]
    begun, over = started(result), ended(result)
    assert [e.number for e in begun] == [e.number for e in over] == [1, 2, 3, 4, 5]
    assert [e.phase for e in begun] == [e.phase for e in over] == ["kickoff", *["poll"] * 4]
    assert [e.method for e in begun] == ["POST", *["GET"] * 4]
    assert [e.code for e in over] == [202, 404, 200, 503, 200]
    assert [e.status for e in over] == [None, None, "running", None, "completed"]
    assert [e.next_seconds is not None for e in over] == [False, True, True, True, False]
    assert over[2].next_seconds == 0.01
    assert over[1].note == "HTTP 404 means pending"
    assert over[3].note == "poll expected HTTP 200, got 503: {}; 0 more in a row are tolerated"
    assert result.metadata["polls"] == "4"
    assert result.metadata["backend_run_id"] == "r1"


def test_the_last_attempt_says_why_the_run_failed(tmp_path: Path) -> None:
    for polls in ([FAILED], [Step(500)], [Step(200, b"<html>")], [Step(drops=True)]):
        with Scripted(backend(polls)) as server:
            result = ask(workflow(tmp_path, server.url))
        assert result.status == "failed"
        notes = (ended(result)[-1].note or "").split("; ")
        assert notes[-1] == result.error_summary
    with Scripted([Step(500, b"down")]) as server:
        result = ask(workflow(tmp_path, server.url))
    assert [e.note for e in ended(result)] == [result.error_summary]


def test_an_attempt_is_journaled_before_its_answer_is_there(tmp_path: Path) -> None:
    seen: list[Event] = []

    def observe(event: Event) -> None:
        seen.append(event)
        if isinstance(event, AttemptStarted):
            assert server.requests == []

    with Scripted([reply({})]) as server:
        assert ask(request(tmp_path, server.url), RunControl(on_event=observe)).status
    kinds = [type(event) for event in seen]
    assert kinds == [RunStarted, AttemptStarted, AttemptEnded, RunFinished]


def test_cancelling_from_the_observer_ends_the_run_before_the_next_request(tmp_path: Path) -> None:
    def observe(event: Event) -> None:
        if isinstance(event, AttemptEnded):
            control.cancel("seen enough")

    control = RunControl(on_event=observe)
    with Scripted(backend([RUNNING], ACCEPTED)) as server:
        result = ask(workflow(tmp_path, server.url), control)
        assert len(server.requests) == 1
    assert (result.status, result.error_summary) == ("cancelled", "seen enough")
    assert len(ended(result)) == 1
    assert result.metadata["backend_run_id"] == "r1"

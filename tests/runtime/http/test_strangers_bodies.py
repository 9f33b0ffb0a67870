# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever a server says, the run ends with a reason: no exception, and no request led astray."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.runtime.http.policy import Answer
from tests.http_backend.scripted import Scripted, Step, reply
from tests.runtime.http.asking import ACCEPTED, artifact, ask, backend, ended, workflow
from tests.runtime.http.driving import answer, drive, polled, raw

DEEP = b'{"a":' * 100_000
BODIES = [
    (b"", "is empty"),
    (b" \r\n", "is empty"),
    (b"<html><b>Bad Gateway</b></html>", "is not JSON"),
    (b'{"run": {"status": NaN, "id": NaN}}', "is not JSON (NaN"),
    (b'{"run": {"status": Infinity, "id": -Infinity}}', "is not JSON"),
    (DEEP, "is nested too deeply"),
    (b'{"run": {"status": ' + b"9" * 5000 + b', "id": 1}}', "is not JSON (Exceeds the limit"),
    (b'{"run": "caf\xe9"}', "is not UTF-8"),
    (b"\xff\xfe\x00", "is not"),
    (b"[1, 2]", "has no field at path"),
    (b'"completed"', "has no field at path"),
    (b"null", "has no field at path"),
    (b'{"run": null}', "has no field at path"),
    (b'{"run": []}', "has no field at path"),
    (b'{"run": {"id": null, "status": null}}', "has no field at path"),
    (b'{"run": {"id": "r1", "status": "completed"}', "is not JSON"),
    (b'{"run": {"id": "r1", "status": "completed"}} x', "is not JSON (Extra data"),
]
ODD_VALUES = [True, False, {"a": 1}, {}, [], ["completed"], 1.5]


@pytest.mark.parametrize(("body", "words"), BODIES)
def test_a_body_that_cannot_be_read_fails_with_the_reason_and_a_preview(
    body: bytes, words: str
) -> None:
    for phase, driven in (("kickoff", drive(raw(body, 202))), ("poll", polled(raw(body)))):
        assert driven.verdict is not None
        assert driven.verdict.status == "failed"
        summary = driven.verdict.error_summary
        assert summary is not None
        assert summary.startswith(f"{phase} response {words}")
        assert len(summary) < 500
        if b"Gateway" in body:
            assert "<b>Bad Gateway</b>" in summary


@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_status_is_a_word_or_a_whole_number(value: object) -> None:
    verdict = polled(answer({"run": {"status": value}})).verdict
    assert verdict is not None
    kind = type(value).__name__
    assert f"poll response holds no status but a {kind} at path" in (verdict.error_summary or "")


def test_a_body_too_large_to_be_read_is_not_parsed() -> None:
    body = b'{"run": {"status": "completed", "id": "r1"}}'
    size = (4 << 20) + 1
    padded = body + b" " * (size - len(body))
    whole = Answer(200, {}, padded, size)
    for driven in (polled(whole), drive(Answer(202, {}, padded, size))):
        assert driven.verdict is not None
        assert f"is {size} bytes, too large" in (driven.verdict.error_summary or "")
    just = Answer(200, {}, padded[:-1], size - 1)
    finished = polled(just).verdict
    assert finished is not None
    assert finished.status == "succeeded"


@given(st.binary(max_size=200), st.sampled_from([200, 202]))
def test_no_body_whatsoever_raises(body: bytes, code: int) -> None:
    drive(raw(body, code))
    polled(raw(body, code))


UNUSABLE = [
    *("../../admin", "..", ".", "a?x", "a#f", "a/b", "a\\b", "%2e%2e", "a%2fb", "", " ", "a b"),
    *("a\r\nX-Evil: 1", "a\n", "r1\x00", "é", "{run_id}", "x" * 257, "x" * 70_000, "@evil", ":80"),
    *([], {}, ["r1"], True, False, 1.5, -0.5),
]


@pytest.mark.parametrize("run_id", UNUSABLE, ids=lambda value: repr(value)[:20])
def test_a_run_id_that_could_lead_elsewhere_fails_the_run(run_id: object) -> None:
    driven = drive(answer({"run": {"id": run_id}}, 202))
    assert driven.verdict is not None
    assert driven.verdict.status == "failed"
    assert "kickoff response holds no usable run id at path 'run.id'" in (
        driven.verdict.error_summary or ""
    )
    assert len(driven.sent) == 1
    assert driven.known == []


def test_no_request_is_sent_with_an_unusable_run_id(tmp_path: Path) -> None:
    for run_id in ("../../admin", "..", "a?x", "a#f", "a\r\nX: y", "x" * 70_000):
        kickoff = reply({"run": {"id": run_id}}, 202)
        with Scripted([kickoff]) as server:
            keys = {"cancel_url_template": f"{server.url}/cancel/{{run_id}}"}
            keys["events_url_template"] = f"{server.url}/events/{{run_id}}"
            result = ask(workflow(tmp_path, server.url, **keys))
            assert [r.path for r in server.requests] == ["/runs"]
        assert result.status == "failed"
        assert "no usable run id" in (result.error_summary or "")
        assert "backend_run_id" not in result.metadata


@pytest.mark.parametrize("run_id", ["a", "~", "...", "A-b_c.d~9", "x" * 256, 0, 10**200])
def test_a_plain_run_id_goes_into_the_url_as_it_is(run_id: object) -> None:
    driven = drive(answer({"run": {"id": run_id}}, 202))
    assert driven.known == [str(run_id)]
    assert driven.sent[1].url == f"http://h/runs/{run_id}"


@pytest.mark.parametrize(("body", "words"), [b for b in BODIES if len(b[0]) < 1000])
def test_over_the_wire_too_and_the_body_is_kept(tmp_path: Path, body: bytes, words: str) -> None:
    with Scripted(backend([Step(200, body)])) as server:
        result = ask(workflow(tmp_path, server.url))
    assert result.status == "failed"
    assert words in (result.error_summary or "")
    assert artifact(result, "poll-last") == body
    assert "Traceback" not in json.dumps(result.model_dump())
    assert words in (ended(result)[-1].note or "")


def test_a_status_of_any_length_is_shown_short(tmp_path: Path) -> None:
    endless = reply({"run": {"status": "x" * 100_000}})
    polls = [endless, reply({"run": {"status": "completed"}})]
    with Scripted(backend(polls, ACCEPTED)) as server:
        result = ask(workflow(tmp_path, server.url))
    assert result.status == "succeeded"
    assert ended(result)[1].status == "x" * 200

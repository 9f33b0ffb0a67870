# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client and a sleep of somebody else's are used as they are, and never waited for too long."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from er_tui.runtime import ExecutorRuntime
from er_tui.runtime.runners import HttpRunner
from tests.runtime.http.asking import (
    artifact,
    at_the_deadline,
    ended,
    request,
    workflow,
)
from tests.runtime.http.mocking import COMPLETED, HOST, KICKOFF, RUNNING, Backend, ask


@pytest.mark.parametrize(
    ("code", "status"), [(200, "succeeded"), (201, "succeeded"), (302, "failed"), (503, "failed")]
)
def test_the_exit_code_of_a_request_is_its_http_status(
    tmp_path: Path, code: int, status: str
) -> None:
    result = ask(request(tmp_path, HOST), Backend((code, {"said": code})))
    assert (result.status, result.exit_code) == (status, code)
    assert json.loads(artifact(result, "response")) == {"said": code}


def test_the_clients_own_headers_and_ours_go_out_together(tmp_path: Path) -> None:
    backend = Backend((200, {}))
    with httpx.Client(
        transport=httpx.MockTransport(backend), headers={"X-Mine": "1"}, auth=("u", "p")
    ) as client:
        invoked = request(tmp_path, HOST, headers='{"X-Its": "2"}', body='{"a": 1}')
        ExecutorRuntime(runners={"http": HttpRunner(client=client)}).run(invoked)
    (asked,) = backend.asked
    assert (asked.headers["x-mine"], asked.headers["x-its"]) == ("1", "2")
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.content == b'{"a":1}'


def test_sleep_is_called_once_between_polls_with_the_interval(tmp_path: Path) -> None:
    for interval in ("2.5", "0", "0.0"):
        slept: list[float] = []
        backend = Backend(KICKOFF, RUNNING, RUNNING, COMPLETED)
        invoked = workflow(tmp_path, HOST, poll_interval_seconds=interval)
        result = ask(invoked, backend, slept.append)
        assert (result.status, result.exit_code) == ("succeeded", 0)
        assert slept == [float(interval)] * 2
        assert len(backend.asked) == 4


def test_sleep_is_never_told_to_pass_the_deadline(tmp_path: Path) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    invoked = workflow(tmp_path, HOST, poll_interval_seconds="3600", timeout=1)
    with at_the_deadline(1):
        result = ask(invoked, Backend(KICKOFF, RUNNING), sleep)
    assert (result.status, result.exit_code) == ("timed_out", None)
    assert result.error_summary == "exceeded timeout of 1 seconds (at poll 1)"
    assert len(slept) == 1
    assert 0.5 < slept[0] <= 1.0


def test_without_a_timeout_a_retry_after_is_slept_in_full(tmp_path: Path) -> None:
    slept: list[float] = []
    answers = iter(
        [
            httpx.Response(202, json=KICKOFF[1]),
            httpx.Response(429, headers={"retry-after": "1800"}),
            httpx.Response(200, json=COMPLETED[1]),
        ]
    )
    invoked = workflow(tmp_path, HOST, timeout=None, poll_error_budget="1")
    assert ask(invoked, lambda _asked: next(answers), slept.append).status == "succeeded"
    assert slept == [1800.0]


def test_a_clients_own_timeout_comes_before_the_deadline(tmp_path: Path) -> None:
    late = httpx.ReadTimeout("too slow")
    result = ask(request(tmp_path, HOST), Backend(late))
    assert (result.status, result.error_summary) == (
        "timed_out",
        "http request hit a timeout: too slow",
    )
    result = ask(workflow(tmp_path, HOST), Backend(late))
    assert result.status == "failed"
    assert result.error_summary == "kickoff timed out before the deadline: too slow"
    result = ask(workflow(tmp_path, HOST), Backend(KICKOFF, late))
    assert result.status == "failed"
    assert result.error_summary == "poll timed out before the deadline: too slow"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        httpx.ReadError(""),
        httpx.UnsupportedProtocol("what"),
        httpx.InvalidURL("no"),
        httpx.DecodingError("bad"),
        ConnectionResetError(104, "reset"),
    ],
)
def test_no_answer_is_a_failure_that_says_why(tmp_path: Path, error: Exception) -> None:
    result = ask(request(tmp_path, HOST), Backend(error))
    assert (result.status, result.exit_code) == ("failed", None)
    words = result.error_summary or ""
    assert words.startswith("http error: ")
    assert words != "http error: "
    kickoff = Backend(error)
    result = ask(workflow(tmp_path, HOST, poll_error_budget="3"), kickoff)
    assert (result.error_summary or "").startswith("kickoff http error: ")
    assert len(kickoff.asked) == 1
    result = ask(workflow(tmp_path, HOST), Backend(KICKOFF, error))
    assert (result.error_summary or "").startswith("poll http error: ")
    assert ended(result)[-1].note == result.error_summary


def test_a_client_that_breaks_is_a_failed_run_whose_attempts_have_ended(tmp_path: Path) -> None:
    result = ask(request(tmp_path, HOST), Backend(LookupError("broken client")))
    assert (result.status, result.error_summary) == ("failed", "LookupError: broken client")
    (attempt,) = ended(result)
    assert attempt.note == "cut short"


def test_metadata_beat_the_constructor_and_the_client(tmp_path: Path) -> None:
    def redirect(asked: httpx.Request) -> httpx.Response:
        if asked.url.path == "/there":
            return httpx.Response(200)
        return httpx.Response(307, headers={"location": "/there"})

    expected = {"none": "failed", "same-origin": "succeeded", "all": "succeeded"}
    for follow in (True, False):
        with httpx.Client(
            transport=httpx.MockTransport(redirect), follow_redirects=follow
        ) as client:
            for named, status in expected.items():
                runner = HttpRunner(client=client, follow_redirects=follow)
                invoked = request(tmp_path, HOST, follow_redirects=named)
                assert runner.run(invoked).status == status
            plain = HttpRunner(client=client, follow_redirects=follow).run(request(tmp_path, HOST))
            assert plain.status == ("succeeded" if follow else "failed")
    with pytest.raises(ValueError, match="follow_redirects"):
        HttpRunner(follow_redirects="sometimes")  # type: ignore[arg-type]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole of what an HTTP run does, decided without a socket, a clock or a thread."""

from __future__ import annotations

import pytest

from er_tui.runtime.http.policy import Answer, Failure, Pushed, Send, Verdict
from tests.runtime.http.driving import (
    ACCEPTED,
    BROKEN,
    COMPLETED,
    RUNNING,
    answer,
    drive,
    drive_request,
    polled,
    raw,
    status,
)

POLL = Send("poll", "GET", "http://h/runs/r1")
LATE = Failure("timeout", "nothing for 10 s")


@pytest.mark.parametrize(
    ("came", "verdict"),
    [
        (raw(b"ok"), Verdict("succeeded", 200)),
        (raw(b"", 204), Verdict("succeeded", 204)),
        (raw(b"", 299), Verdict("succeeded", 299)),
        (raw(b"", 302), Verdict("failed", 302, "HTTP 302")),
        (raw(b" no such thing\n", 404), Verdict("failed", 404, "HTTP 404: no such thing")),
        (raw(b"", 503), Verdict("failed", 503, "HTTP 503")),
        (LATE, Verdict("timed_out", None, "http request hit a timeout: nothing for 10 s")),
        (BROKEN, Verdict("failed", None, "http error: connection reset")),
        (
            Failure("too_large", "response is larger than 5 bytes", 200),
            Verdict("failed", 200, "http error: response is larger than 5 bytes"),
        ),
        (
            Failure("storage", "No space left on device", 200),
            Verdict("failed", 200, "response cannot be stored: No space left on device"),
        ),
    ],
)
def test_one_request_says_it_all(came: Answer | Failure, verdict: Verdict) -> None:
    assert drive_request(came) == verdict


def test_a_kickoff_polls_until_a_terminal_status() -> None:
    driven = drive(ACCEPTED, RUNNING, status("queued"), COMPLETED)
    assert driven.verdict == Verdict("succeeded", 0, seen="completed")
    assert driven.sent == [Send("kickoff", "POST", "http://h/runs", with_body=True), *[POLL] * 3]
    assert [(w.seconds, w.status) for w in driven.waits] == [(2.0, "running"), (2.0, "queued")]
    assert driven.known == ["r1"]


def test_a_terminal_status_that_is_no_success_fails_with_its_name() -> None:
    verdict = Verdict("failed", 1, "backend reported terminal status: failed", seen="failed")
    assert polled(status("failed")).verdict == verdict
    assert drive(status("failed")).verdict == verdict


def test_states_are_compared_as_text_and_numbers_as_their_digits() -> None:
    states = {"poll_terminal_states": "0,2", "poll_success_states": "0"}
    assert polled(status(1), status(0), **states).verdict == Verdict("succeeded", 0, seen="0")
    assert polled(status("Completed")).verdict is None


def test_a_synchronous_answer_needs_no_poll() -> None:
    driven = drive(COMPLETED)
    assert driven.verdict == Verdict("succeeded", 0, seen="completed")
    assert len(driven.sent) == 1
    assert driven.known == []


@pytest.mark.parametrize(
    "acknowledged",
    [
        answer({"run": {"id": "r1", "status": "running"}}),
        answer({"run": {"id": "r1"}}),
        answer({"run": {"id": "r1", "status": None}}),
        answer({"run": {"id": "r1", "status": "completed"}}, 202),
    ],
)
def test_any_other_200_is_an_acknowledgement(acknowledged: Answer) -> None:
    assert drive(acknowledged, COMPLETED).sent[1:] == [POLL]


@pytest.mark.parametrize("body", [b"", b"OK", b"<html>", b'{"run": {}}', b"[]"])
@pytest.mark.parametrize("code", [200, 202])
def test_a_template_without_a_run_id_needs_none(body: bytes, code: int) -> None:
    for path in (None, "run.id"):
        keys = {"poll_url_template": "http://h/state", "poll_run_id_path": path}
        driven = drive(raw(body, code), COMPLETED, **keys)
        assert driven.sent[1:] == [Send("poll", "GET", "http://h/state")]
        assert driven.known == [None]


def test_a_run_id_is_told_where_it_is_not_needed_for_polling() -> None:
    assert drive(ACCEPTED, COMPLETED, poll_url_template="http://h/state").known == ["r1"]


def test_a_number_may_be_a_run_id() -> None:
    driven = drive(answer({"run": {"id": 17}}, 202))
    assert driven.sent[1].url == "http://h/runs/17"


@pytest.mark.parametrize("code", [100, 201, 204, 301, 404, 429, 500, 503])
def test_a_kickoff_with_another_code_fails_and_is_not_repeated(code: int) -> None:
    driven = drive(raw(b"nope", code, retry_after="1"), poll_error_budget="5")
    words = f"kickoff expected HTTP 202 (or 200), got {code}: nope"
    assert driven.verdict == Verdict("failed", None, words)
    assert len(driven.sent) == 1


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (BROKEN, "http error: connection reset"),
        (LATE, "timed out before the deadline: nothing for 10 s"),
        (Failure("redirect", "redirect to http://x/ refused", 307), "http error: redirect to"),
        (Failure("too_large", "response is larger", 200), "http error: response is larger"),
        (Failure("storage", "No space left", 200), "response cannot be stored: No space left"),
    ],
)
def test_a_failure_names_its_phase_and_is_final_without_a_budget(
    failure: Failure, words: str
) -> None:
    for phase, driven in (
        ("kickoff", drive(failure, poll_error_budget="5")),
        ("poll", polled(failure)),
    ):
        assert driven.verdict is not None
        assert driven.verdict.status == "failed"
        assert (driven.verdict.error_summary or "").startswith(f"{phase} {words}")


def test_every_way_to_fail_has_words_of_its_own() -> None:
    verdicts = [
        drive(BROKEN).verdict,
        drive(LATE).verdict,
        drive(raw(b"", 500)).verdict,
        drive(answer({"run": {}}, 202)).verdict,
        drive(answer({"run": {"id": "a/b"}}, 202)).verdict,
        drive(raw(b"", 202)).verdict,
        polled(BROKEN).verdict,
        polled(LATE).verdict,
        polled(raw(b"", 500)).verdict,
        polled(answer({})).verdict,
        polled(status(True)).verdict,
        polled(raw(b"")).verdict,
        polled(status("failed")).verdict,
    ]
    words = [v.error_summary for v in verdicts if v is not None and v.error_summary]
    assert len(set(words)) == len(verdicts)
    assert all("kickoff" in text for text in words[:6])
    assert all("poll" in text for text in words[6:-1])


def test_a_missing_run_id_and_a_missing_status_name_the_path() -> None:
    missing = drive(answer({"run": {"name": "x"}}, 202))
    assert missing.verdict is not None
    words = 'kickoff response has no field at path \'run.id\': {"run": {"name": "x"}}'
    assert missing.verdict.error_summary == words
    verdict = polled(answer({"run": {}})).verdict
    assert verdict is not None
    words = "poll response has no field at path 'run.status': {\"run\": {}}"
    assert verdict.error_summary == words


def test_pending_codes_mean_not_yet_whatever_the_body_says() -> None:
    pending = {"poll_pending_codes": "404,503"}
    driven = polled(raw(b"<html>", 404), status("failed", 503), COMPLETED, **pending)
    assert driven.verdict == Verdict("succeeded", 0, seen="completed")
    assert [w.status for w in driven.waits] == [None, None]
    assert driven.waits[0].note == "HTTP 404 means pending"
    verdict = polled(raw(b"", 410), **pending).verdict
    assert verdict == Verdict("failed", None, "poll expected HTTP 200, got 410")


def test_a_status_that_came_by_itself_ends_the_run_without_another_poll() -> None:
    driven = polled(RUNNING, Pushed("failed"))
    assert driven.verdict is not None
    assert driven.verdict.error_summary == "backend reported terminal status: failed"
    assert len(driven.sent) == 2
    assert len(polled(RUNNING, Pushed("halfway")).sent) == 3
    tolerant = polled(BROKEN, Pushed("completed"), poll_error_budget="1")
    assert tolerant.verdict == Verdict("succeeded", 0, seen="completed")

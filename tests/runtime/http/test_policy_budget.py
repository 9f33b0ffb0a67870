# SPDX-License-Identifier: AGPL-3.0-or-later
"""Failures that may pass are tolerated as often as the invocation says, and waited out."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.runtime.http.policy import Answer, Failure, Verdict
from er_tui.runtime.http.retry import backoff, retry_after
from tests.runtime.http.driving import BROKEN, COMPLETED, NOW, RUNNING, polled, raw, status

TRANSIENT = [
    BROKEN,
    Failure("timeout", "nothing for 10 s"),
    *(raw(b"busy", code) for code in (408, 429, 500, 502, 503, 504, 599)),
]


@pytest.mark.parametrize("came", TRANSIENT)
def test_a_transient_failure_is_tolerated_within_the_budget(came: Answer | Failure) -> None:
    driven = polled(came, RUNNING, COMPLETED, poll_error_budget="1")
    assert driven.verdict == Verdict("succeeded", 0, seen="completed")
    note = driven.waits[0].note
    assert note is not None
    assert note.endswith("; 0 more in a row are tolerated")
    assert note.startswith("poll ")
    verdict = polled(came).verdict
    assert verdict is not None
    assert verdict.status == "failed"


def test_the_budget_is_for_failures_in_a_row() -> None:
    keys = {"poll_error_budget": "2", "poll_interval_seconds": "0"}
    busy = raw(b"busy", 503)
    fine = polled(busy, BROKEN, RUNNING, busy, busy, RUNNING, COMPLETED, **keys)
    assert fine.verdict == Verdict("succeeded", 0, seen="completed")
    broken = polled(busy, BROKEN, busy, **keys)
    words = "poll expected HTTP 200, got 503: busy (3 in a row)"
    assert broken.verdict == Verdict("failed", None, words)
    assert len(broken.sent) == 4


@pytest.mark.parametrize(
    "came",
    [
        raw(b"", 404),
        raw(b"", 302),
        raw(b"<html>"),
        status(None),
        Failure("redirect", "refused", 307),
        Failure("too_large", "response is larger", 200),
        Failure("storage", "No space left on device", 200),
    ],
)
def test_what_will_not_pass_is_no_business_of_the_budget(came: Answer | Failure) -> None:
    verdict = polled(came, poll_error_budget="5").verdict
    assert verdict is not None
    assert verdict.status == "failed"


def test_it_backs_off_further_each_time_with_jitter() -> None:
    keys = {"poll_error_budget": "9"}
    for random, factor in ((1.0, 1.0), (0.0, 0.5)):
        waits = polled(*[BROKEN] * 9, random=random, **keys).waits
        full = [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
        assert [w.seconds for w in waits] == [max(2.0, s * factor) for s in full]


@given(st.integers(1, 10**9), st.floats(0, 1e9), st.floats(0, 1))
def test_a_backoff_is_never_shorter_than_the_interval_nor_endless(
    failures: int, interval: float, random: float
) -> None:
    assert interval <= backoff(failures, interval, lambda: random) <= max(interval, 60.0)


def test_retry_after_is_honoured_on_failures_pending_codes_and_answers() -> None:
    keys = {"poll_error_budget": "1", "poll_pending_codes": "404"}
    date = format_datetime(NOW + timedelta(seconds=30), usegmt=True)
    driven = polled(
        raw(b"", 429, retry_after="7"),
        raw(b"", 404, retry_after=date),
        status("running", retry_after="9"),
        raw(b"", 503, retry_after="1"),
        COMPLETED,
        **keys,
    )
    assert [w.seconds for w in driven.waits] == [7.0, 30.0, 9.0, 2.0]


def test_an_absurd_retry_after_is_a_long_wait_or_none_at_all() -> None:
    def asked(value: str) -> float | None:
        return retry_after({"retry-after": value}, NOW)

    assert asked("9" * 5000) == pytest.approx(1e12)
    assert asked(format_datetime(NOW - timedelta(days=900), usegmt=True)) == 0.0
    for nonsense in (
        *("", "soon", "-5", "1.5", "nan", "inf", "²", "1e3"),
        "Fri, 99 Foo 2026 00:00:00 GMT",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 -9999",
        "0 0 0 0 0 0",
        ",",
    ):
        seconds = asked(nonsense)
        assert seconds is None or 0 <= seconds < 1e12


@given(st.text(max_size=60))
def test_no_retry_after_whatsoever_raises(value: str) -> None:
    seconds = retry_after({"retry-after": value}, NOW)
    assert seconds is None or seconds >= 0

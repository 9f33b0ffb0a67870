# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an HTTP run does, as pure generators: they yield a step and are sent what came of it.

No clock, no socket, no control: the driver stops a policy by not asking it again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from er_tui.runtime.http import document
from er_tui.runtime.http.document import Unreadable
from er_tui.runtime.http.retry import TRANSIENT_CODES, backoff, retry_after
from er_tui.rxp.metadata.http import RUN_ID, PollSettings, RequestSettings

Phase: TypeAlias = Literal["request", "kickoff", "poll", "events", "cancel"]


@dataclass(frozen=True, slots=True)
class Send:
    """Send this, and say what came back."""

    phase: Phase
    method: str
    url: str
    with_body: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait that long (the driver: not beyond the deadline), and say if a status came meanwhile."""

    seconds: float
    status: str | None = None
    """What the last answer said."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The backend's name for the run is known: other conversations may begin."""

    run_id: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. Header names are in lower case."""

    code: int
    headers: Mapping[str, str]
    body: bytes
    """As much of it as is kept in memory."""
    size: int
    """Of the whole body."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No whole response. ``code`` is there when one had begun."""

    kind: Literal["timeout", "network", "redirect", "too_large", "storage"]
    text: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A status that came by itself while waiting."""

    status: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the run ended."""

    status: Literal["succeeded", "failed", "timed_out"]
    exit_code: int | None
    error_summary: str | None = None
    seen: str | None = None
    """The status that the backend reported last."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a policy takes from the world."""

    random: Callable[[], float]
    now: Callable[[], datetime]


Step: TypeAlias = Send | Wait | Known
Came: TypeAlias = Answer | Failure | Pushed | None
Policy: TypeAlias = Generator[Step, Came, Verdict]


def request_policy(settings: RequestSettings) -> Policy:
    """``http``: one request; 2xx is success, the exit code is the HTTP status."""
    came = yield Send("request", settings.method, settings.url, with_body=True)
    if isinstance(came, Failure):
        if came.kind == "timeout":
            return Verdict("timed_out", None, f"http request hit a timeout: {came.text}")
        what = "response cannot be stored" if came.kind == "storage" else "http error"
        return Verdict("failed", came.code, f"{what}: {came.text}")
    assert isinstance(came, Answer)
    if 200 <= came.code < 300:
        return Verdict("succeeded", came.code)
    return Verdict("failed", came.code, _said(f"HTTP {came.code}", came))


def kickoff_policy(
    request: RequestSettings, poll: PollSettings, surroundings: Surroundings
) -> Policy:
    """``http_async``: a kickoff that is never repeated, then polls until a terminal status."""
    came = yield Send("kickoff", request.method, request.url, with_body=True)
    if isinstance(came, Failure):
        return _failed(_failure("kickoff", came))
    assert isinstance(came, Answer)
    if came.code not in (200, 202):
        return _failed(_said(f"kickoff expected HTTP 202 (or 200), got {came.code}", came))
    if came.code == 200:
        status = _status_or_none(came, poll)
        if status is not None and status in poll.terminal:
            return _terminal(status, poll)
    url, run_id = poll.url, None
    if RUN_ID in url or (poll.run_id_path and came.size):
        try:
            parsed = document.parse(came.body, came.size)
            run_id = document.run_id_in(parsed, poll.run_id_path or "", came.body)
        except Unreadable as error:
            if RUN_ID in url:
                return _failed(f"kickoff response {error}")
    yield Known(run_id)
    verdict = yield from _polls(url.replace(RUN_ID, run_id or ""), poll, surroundings)
    return verdict


def _polls(url: str, poll: PollSettings, surroundings: Surroundings) -> Policy:
    failures = 0
    while True:
        came = yield Send("poll", "GET", url)
        problem = _transient(came, poll)
        failures = failures + 1 if problem is not None else 0
        if problem is not None:
            next_step = _tolerated(problem, failures, came, poll, surroundings)
        else:
            next_step = _looked_at(came, poll, surroundings)
        if isinstance(next_step, Verdict):
            return next_step
        pushed = yield next_step
        if isinstance(pushed, Pushed) and pushed.status in poll.terminal:
            return _terminal(pushed.status, poll)


def _tolerated(
    problem: str, failures: int, came: Came, poll: PollSettings, surroundings: Surroundings
) -> Wait | Verdict:
    """What follows that many failures in a row, of which this is the last."""
    if failures > poll.error_budget:
        return _failed(f"{problem} ({failures} in a row)" if poll.error_budget else problem)
    asked = _asked(came, surroundings)
    seconds = backoff(failures, poll.interval, surroundings.random)
    left = poll.error_budget - failures
    note = f"{problem}; {left} more in a row {'is' if left == 1 else 'are'} tolerated"
    return Wait(seconds if asked is None else max(poll.interval, asked), note=note)


def _looked_at(came: Came, poll: PollSettings, surroundings: Surroundings) -> Wait | Verdict:
    """What follows an answer, or a failure that will not pass."""
    if isinstance(came, Failure):
        return _failed(_failure("poll", came))
    assert isinstance(came, Answer)
    status, note = None, None
    if came.code in poll.pending_codes:
        note = f"HTTP {came.code} means pending"
    elif came.code != 200:
        return _failed(_said(f"poll expected HTTP 200, got {came.code}", came))
    else:
        try:
            parsed = document.parse(came.body, came.size)
            status = document.status_in(parsed, poll.status_path, came.body)
        except Unreadable as error:
            return _failed(f"poll response {error}")
        if status in poll.terminal:
            return _terminal(status, poll)
    asked = _asked(came, surroundings)
    return Wait(max(poll.interval, asked or 0.0), status=status, note=note)


def _transient(came: Came, poll: PollSettings) -> str | None:
    """What went wrong that may pass; None for an answer to be looked at."""
    if isinstance(came, Failure):
        return _failure("poll", came) if came.kind in ("network", "timeout") else None
    assert isinstance(came, Answer)
    if came.code in TRANSIENT_CODES and came.code not in poll.pending_codes:
        return _said(f"poll expected HTTP 200, got {came.code}", came)
    return None


def _asked(came: Came, surroundings: Surroundings) -> float | None:
    return retry_after(came.headers, surroundings.now()) if isinstance(came, Answer) else None


def _status_or_none(answer: Answer, poll: PollSettings) -> str | None:
    try:
        parsed = document.parse(answer.body, answer.size)
        return document.status_in(parsed, poll.status_path, answer.body)
    except Unreadable:
        return None  # an acknowledgement, whatever it says


def _terminal(status: str, poll: PollSettings) -> Verdict:
    if status in poll.success:
        return Verdict("succeeded", 0, seen=status)
    return Verdict("failed", 1, f"backend reported terminal status: {status}", seen=status)


def _failed(text: str) -> Verdict:
    return Verdict("failed", None, text)


def _said(words: str, answer: Answer) -> str:
    preview = document.preview(answer.body)
    return f"{words}: {preview}" if preview else words


def _failure(phase: str, failure: Failure) -> str:
    if failure.kind == "timeout":
        return f"{phase} timed out before the deadline: {failure.text}"
    if failure.kind == "storage":
        return f"{phase} response cannot be stored: {failure.text}"
    return f"{phase} http error: {failure.text}"

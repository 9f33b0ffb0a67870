# SPDX-License-Identifier: AGPL-3.0-or-later
"""Policies, driven by hand: what came in turn, and what the policy made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from er_tui.runtime.http.policy import (
    Answer,
    Came,
    Failure,
    Known,
    Policy,
    Pushed,
    Send,
    Surroundings,
    Verdict,
    Wait,
    kickoff_policy,
    request_policy,
)
from er_tui.rxp.metadata.http import read_poll, read_request
from tests.runtime.http.asking import request, workflow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Path("/nowhere")


@dataclass(slots=True)
class Driven:
    """All steps that a policy took, by kind, and its verdict, None while it asks for more."""

    verdict: Verdict | None = None
    sent: list[Send] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    known: list[str | None] = field(default_factory=list)


def answer(document: object, code: int = 200, **headers: str) -> Answer:
    return raw(json.dumps(document).encode(), code, **headers)


def raw(body: bytes, code: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(code, named, body, len(body))


ACCEPTED = answer({"run": {"id": "r1"}}, 202)


def status(value: object, code: int = 200, **headers: str) -> Answer:
    return answer({"run": {"status": value}}, code, **headers)


RUNNING = status("running")
COMPLETED = status("completed")
BROKEN = Failure("network", "connection reset")


def drive_request(came: Came) -> Verdict:
    settings = read_request(request(HERE, "http://h/x"), verify=True, redirects="same-origin")
    driven = _drive(request_policy(settings), [came])
    assert driven.sent == [Send("request", "POST", "http://h/x", with_body=True)]
    assert driven.verdict is not None
    return driven.verdict


def drive(*came: Answer | Failure | Pushed, **keys: Any) -> Driven:
    """What ``http_async`` makes of what came in turn: to its requests, and Pushed to a wait.

    ``random`` is what the policy takes for chance; all other keys are metadata.
    """
    random = keys.pop("random", 1.0)
    invoked = workflow(HERE, "http://h", **{"poll_interval_seconds": "2", **keys})
    settings = read_request(invoked, verify=True, redirects="same-origin", polls=True)
    world = Surroundings(random=lambda: random, now=lambda: NOW)
    return _drive(kickoff_policy(settings, read_poll(invoked), world), list(came))


def polled(*came: Answer | Failure | Pushed, **keys: Any) -> Driven:
    """The same, after a kickoff that was accepted."""
    return drive(ACCEPTED, *came, **keys)


def _drive(policy: Policy, came: list[Came]) -> Driven:
    driven = Driven()
    send: Callable[[Came], Send | Wait | Known] = policy.send
    answered: Came = None
    while True:
        try:
            step = send(answered)
        except StopIteration as stop:
            driven.verdict = stop.value
            assert not came, f"not looked at: {came}"
            return driven
        answered = None
        if isinstance(step, Known):
            driven.known.append(step.run_id)
        elif isinstance(step, Wait):
            driven.waits.append(step)
            if came and isinstance(came[0], Pushed):
                answered = came.pop(0)
        else:
            driven.sent.append(step)
            if not came:
                return driven
            answered = came.pop(0)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs over a client of somebody else's: ``httpx.Client`` with a ``MockTransport``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from er_tui.runtime import RunControl
from er_tui.runtime.runners import AsyncHttpRunner, HttpRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult

Answering = Callable[[httpx.Request], httpx.Response]
HOST = "http://backend.example"


class Backend:
    """Answers in turn, the last again and again, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(asked)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer[0], json=answer[1])


KICKOFF = (202, {"run": {"id": "r1"}})
RUNNING = (200, {"run": {"status": "running"}})
COMPLETED = (200, {"run": {"status": "completed"}})


def ask(
    invoked: RuntimeInvocation,
    answering: Answering,
    sleep: Callable[[float], Any] | None = None,
    control: RunControl | None = None,
) -> RuntimeResult:
    with httpx.Client(transport=httpx.MockTransport(answering)) as client:
        if invoked.runtime_kind == "http":
            result = HttpRunner(client=client).run(invoked, control=control)
        else:
            result = AsyncHttpRunner(client=client, sleep=sleep).run(invoked, control=control)
        assert not client.is_closed
    return result

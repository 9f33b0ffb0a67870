# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the demo's backend answers to whom; it knows no sockets."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from er_tui.demo.workflows import WORKFLOWS, Run

_RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Request:
    """``match`` holds the parts of the path; names of headers are in lower case."""

    match: re.Match[str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def has_key(self) -> bool:
        """Whether a bearer token came along, and not the name of one that was never filled in."""
        scheme, _space, token = self.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and bool(token) and not token.startswith("$")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON."""

    status: int
    document: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return json.dumps(self.document, indent=2).encode() + b"\n"


class Service:
    """The workflow service: its state lives in memory and is shared by all connections."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._conversations: dict[str, Run] = {}
        self._routes = [
            (method, re.compile(pattern), answer)
            for method, pattern, answer in (
                ("POST", r"/echo", self._echo),
                ("GET", r"/report", self._report),
                ("POST", r"/refuse", self._refuse),
                ("POST", r"/lookups", self._look_up),
                ("POST", r"/workflows/([\w-]+)/runs", self._start),
                ("GET", r"/runs/(\w+)", self._poll),
                ("POST", r"/runs/(\w+)/cancel", self._cancel),
                ("POST", r"/conversations/([\w-]+)/messages", self._say),
                ("GET", r"/conversations/([\w-]+)/run", self._poll_conversation),
            )
        ]

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Any request, known or not."""
        allowed = []
        for known, pattern, answer in self._routes:
            if match := pattern.fullmatch(path):
                if known == method:
                    return answer(Request(match, headers, body))
                allowed.append(known)
        if allowed:
            allow = {"Allow": ", ".join(allowed)}
            return Reply(405, _error("method_not_allowed", f"not {method}"), allow)
        return _not_found(path)

    def run(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)

    def _echo(self, request: Request) -> Reply:
        try:
            return Reply(200, {"you_sent": json.loads(request.body)})
        except (ValueError, RecursionError):
            return Reply(400, _error("invalid_json", "the body is not JSON"))

    def _report(self, _request: Request) -> Reply:
        shelves = [
            {"item": item, "count": count, "price": price}
            for item, count, price in (
                ("bolts", 120, 0.35),
                ("nuts", 80, 0.2),
                ("washers", 200, 0.05),
            )
        ]
        return Reply(200, {"report": {"title": "Stock of the warehouse", "shelves": shelves}})

    def _refuse(self, _request: Request) -> Reply:
        fields = [{"field": "order.count", "problem": "must be at least 1"}]
        return Reply(422, _error("invalid_order", "the order was refused", fields=fields))

    def _look_up(self, _request: Request) -> Reply:
        """The result at once: nothing is left to be polled."""
        return Reply(200, {"run": {"status": "completed", "answer": 42, "source": "cache"}})

    def _start(self, request: Request) -> Reply:
        workflow = WORKFLOWS.get(request.match[1])
        if workflow is None:
            return _not_found(f"workflow {request.match[1]}")
        if workflow.needs_key and not request.has_key:
            return _no_key()
        run = Run(workflow, self._clock)
        self._runs[run.run_id] = run
        return Reply(
            202, {"data": {"run": {"id": run.run_id}}}, {"Location": f"/runs/{run.run_id}"}
        )

    def _poll(self, request: Request) -> Reply:
        run = self.run(request.match[1])
        if run is None:
            return _not_found(f"run {request.match[1]}")
        if run.workflow.needs_key and not request.has_key:
            return _no_key()
        run.polls += 1
        if run.polls in run.workflow.outage_polls:
            again = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
            return Reply(503, _error("overloaded", "the database is restarting"), again)
        return Reply(200, {"run": run.view()})

    def _cancel(self, request: Request) -> Reply:
        run = self.run(request.match[1])
        if run is None:
            return _not_found(f"run {request.match[1]}")
        run.cancel()
        return Reply(200, {"run": run.view()})

    def _say(self, request: Request) -> Reply:
        """A message begins a new run, which takes the place of an earlier one."""
        self._conversations[request.match[1]] = Run(WORKFLOWS["answer"], self._clock)
        return Reply(200, {"accepted": True, "status": "started"})

    def _poll_conversation(self, request: Request) -> Reply:
        run = self._conversations.get(request.match[1])
        if run is None or not run.registered:
            return _not_found(f"a run in conversation {request.match[1]}")
        return Reply(200, {"run": run.view()})


def _error(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def _not_found(what: str) -> Reply:
    return Reply(404, _error("not_found", f"there is no {what}"))


def _no_key() -> Reply:
    challenge = {"WWW-Authenticate": "Bearer"}
    return Reply(401, _error("unauthorized", "a bearer token is needed"), challenge)

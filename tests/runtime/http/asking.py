# SPDX-License-Identifier: AGPL-3.0-or-later
"""HTTP invocations, run against servers of the tests, and what is left to be read of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from er_tui.journal.events import AttemptEnded, AttemptStarted, Event, Noted
from er_tui.runtime import RunControl
from er_tui.runtime.runners import AsyncHttpRunner, HttpRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.http_backend.scripted import Received, Step, reply, routes
from tests.runtime.invoking import journal, run_directory

ACCEPTED = reply({"run": {"id": "r1"}}, 202)
RUNNING = reply({"run": {"status": "running"}})
COMPLETED = reply({"run": {"status": "completed"}})
FAILED = reply({"run": {"status": "failed"}})

CANCEL_SECONDS = 1.0
"""A cancel takes a quarter of that; the rest is for a busy machine."""
LATE_SECONDS = 1.0
"""The same for a deadline, counted from it."""


def request(folder: Path, url: str, **keys: Any) -> RuntimeInvocation:
    """An ``http`` invocation; ``keys`` are metadata without ``http.`` in front.

    ``timeout`` and ``environment`` are the invocation's own fields.
    """
    return _invocation(folder, "http", {"url": url}, keys)


def workflow(folder: Path, server: str, **keys: Any) -> RuntimeInvocation:
    """An ``http_async`` invocation of a backend that answers as ACCEPTED and RUNNING do.

    A key that is None is left out.
    """
    usual = {
        "url": f"{server}/runs",
        "poll_url_template": f"{server}/runs/{{run_id}}",
        "poll_run_id_path": "run.id",
        "poll_status_path": "run.status",
        "poll_terminal_states": "completed,failed",
        "poll_interval_seconds": "0.01",
    }
    return _invocation(folder, "http_async", usual, keys)


def _invocation(
    folder: Path, kind: str, usual: dict[str, str], keys: dict[str, Any]
) -> RuntimeInvocation:
    timeout = keys.pop("timeout", 20)
    environment = keys.pop("environment", {})
    metadata = {f"http.{k}": v for k, v in {**usual, **keys}.items() if v is not None}
    return RuntimeInvocation.model_validate(
        {
            "invocation_id": "job",
            "runtime_name": "backend",
            "runtime_kind": kind,
            "working_directory": str(folder),
            "command": ["http"],
            "timeout_seconds": timeout,
            "environment": environment,
            "metadata": metadata,
        }
    )


def ask(invoked: RuntimeInvocation, control: RunControl | None = None) -> RuntimeResult:
    runner = HttpRunner() if invoked.runtime_kind == "http" else AsyncHttpRunner()
    return runner.run(invoked, control=control)


def backend(
    polls: list[Step], kickoff: Step = ACCEPTED, **more: Step
) -> Callable[[Received], Step]:
    """The script of a backend whose run is r1; ``cancel`` and ``events`` may be added."""
    table = {"POST /runs": [kickoff], "GET /runs/r1": polls}
    ways = {"cancel": "POST /runs/r1/cancel", "events": "GET /runs/r1/events"}
    table |= {ways[name]: [step] for name, step in more.items()}
    return routes(table)


class Live:
    """A run in a thread of its own."""

    def __init__(self, invoked: RuntimeInvocation, control: RunControl | None = None) -> None:
        self.control = control or RunControl()
        self._results: list[RuntimeResult] = []
        self._thread = threading.Thread(
            target=lambda: self._results.append(ask(invoked, self.control))
        )
        self._thread.start()

    def result(self, seconds: float = 15.0) -> RuntimeResult:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"no result after {seconds} s"
        return self._results[0]

    @property
    def result_is_there(self) -> bool:
        return bool(self._results)

    def cancelled(self) -> RuntimeResult:
        """Cancel it; its result, which has to come within CANCEL_SECONDS."""
        self.control.cancel()
        return self.result(CANCEL_SECONDS)

    def end(self) -> None:
        self.control.cancel()
        self._thread.join(10)


@contextmanager
def live(invoked: RuntimeInvocation, control: RunControl | None = None) -> Iterator[Live]:
    running = Live(invoked, control)
    try:
        yield running
    finally:
        running.end()


@contextmanager
def at_the_deadline(seconds: float) -> Iterator[None]:
    """What is inside ends at its deadline, neither before nor long after."""
    start = time.monotonic()
    yield
    assert seconds - 0.01 <= time.monotonic() - start < seconds + LATE_SECONDS


def notes(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Noted)]


def started(result: RuntimeResult) -> list[AttemptStarted]:
    return [event for event in journal(result) if isinstance(event, AttemptStarted)]


def ended(result: RuntimeResult) -> list[AttemptEnded]:
    """The ends of all attempts, of which every one has to have begun, and each but once."""
    ends = [event for event in journal(result) if isinstance(event, AttemptEnded)]
    assert sorted(e.number for e in ends) == sorted(s.number for s in started(result))
    return ends


def artifact(result: RuntimeResult, name: str) -> bytes:
    """The body that an artifact of the result names."""
    (found,) = [a for a in result.artifacts if a.artifact_id == name]
    assert found.kind == "http_response"
    path = Path(found.path)
    assert path.is_absolute()
    assert path.is_relative_to(run_directory(result))
    return path.read_bytes()

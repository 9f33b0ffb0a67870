# SPDX-License-Identifier: AGPL-3.0-or-later
"""Simulated workflows: where a run of one stands is told by the clock alone."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

QUEUED_SECONDS = 0.3
TERMINAL = frozenset(("completed", "failed", "cancelled"))


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a run goes through, and how it ends (``completed`` or ``failed``)."""

    name: str
    steps: tuple[str, ...]
    seconds: float
    ends: str = "completed"
    error: str = ""
    outage_polls: range = range(0)
    """Which polls, counted from 1, are answered with 503."""
    needs_key: bool = False
    unregistered_seconds: float = 0.0
    """For how long nobody knows of a new run."""


WORKFLOWS = {
    workflow.name: workflow
    for workflow in (
        Workflow(
            "release",
            (
                *("checking out", "resolving dependencies", "compiling", "linking"),
                *("testing", "packaging", "signing", "publishing"),
            ),
            seconds=2.8,
        ),
        Workflow(
            "migration",
            ("locking tables", "copying rows", "rebuilding indexes"),
            seconds=1.5,
            ends="failed",
            error="duplicate key in table orders: 4711",
        ),
        Workflow(
            "nightly",
            ("collecting", "aggregating", "mailing"),
            seconds=1.8,
            outage_polls=range(2, 4),
            needs_key=True,
        ),
        Workflow("answer", ("reading", "thinking", "writing"), 1.0, unregistered_seconds=0.7),
        Workflow("training", tuple(f"epoch {n}" for n in range(1, 31)), seconds=30.0),
    )
}


@dataclass(frozen=True, slots=True)
class Event:
    """A Server-Sent Event."""

    number: int
    name: str
    data: str

    def encoded(self) -> bytes:
        lines = "".join(f"data: {line}\n" for line in self.data.split("\n"))
        return f"id: {self.number}\nevent: {self.name}\n{lines}\n".encode()


@dataclass(slots=True)
class Run:
    """One run of a workflow. All it says follows from its age, so that any thread may ask."""

    workflow: Workflow
    clock: Callable[[], float] = time.monotonic
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    polls: int = 0
    started: float = 0.0
    cancelled_at: float | None = None

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def registered(self) -> bool:
        return self.clock() - self.started >= self.workflow.unregistered_seconds

    @property
    def status(self) -> str:
        worked = self._worked()
        if worked >= self.workflow.seconds:
            return self.workflow.ends
        if self.cancelled_at is not None:
            return "cancelled"
        return "queued" if worked < 0 else "running"

    def cancel(self) -> None:
        """End it now; nothing happens if it is over."""
        if self.status not in TERMINAL:
            self.cancelled_at = self.clock()

    def view(self) -> dict[str, Any]:
        """What a poll is told."""
        status, steps = self.status, self.workflow.steps
        begun = self._steps_begun()
        done = len(steps) if status == "completed" else max(begun - 1, 0)
        view: dict[str, Any] = {
            "id": self.run_id,
            "workflow": self.workflow.name,
            "status": status,
            "progress": done * 100 // len(steps),
            "step": steps[begun - 1] if begun else None,
        }
        if status == "failed":
            view["error"] = self.workflow.error
        return view

    def events_after(self, number: int) -> list[Event]:
        """What has happened so far, without the first ``number`` events; the last has the status.

        The event with the status comes with the end of the run and is the last one of all.
        """
        view, steps = self.view(), self.workflow.steps
        events = [
            Event(n, "step", f"step {n} of {len(steps)}: {step}")
            for n, step in enumerate(steps[: self._steps_begun()], start=1)
        ]
        if view["status"] in TERMINAL:
            events.append(Event(len(events) + 1, "status", json.dumps({"run": view})))
        return events[number:]

    def _worked(self) -> float:
        until = self.clock() if self.cancelled_at is None else self.cancelled_at
        return until - self.started - self.workflow.unregistered_seconds - QUEUED_SECONDS

    def _steps_begun(self) -> int:
        worked, count = self._worked(), len(self.workflow.steps)
        return 0 if worked < 0 else min(int(worked / self.workflow.seconds * count) + 1, count)

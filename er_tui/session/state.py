# SPDX-License-Identifier: AGPL-3.0-or-later
"""The state of a run, as a pure fold of its events: live, of another process, or of last week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from er_tui.journal.events import (
    AttemptEnded,
    AttemptStarted,
    CancelRequested,
    DeadlineMoved,
    DeadlinePassed,
    Event,
    OutputSeen,
    ProcessExited,
    ProcessSpawned,
    ResourcesSampled,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.rxp.vocabulary import TERMINAL_STATUSES, RuntimeStatus

Badge: TypeAlias = Literal[
    "reading", "queued", "cancelling", "paused", "stalled", "unknown", "lost"
]
"""What the screen adds to the protocol's status."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What the live processes of a run use together."""

    cpu_percent: float
    """Of one core."""
    memory_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class RunState:
    """All that a list row and a pane title show of a run."""

    run_id: str
    queued_at: float
    status: RuntimeStatus = "pending"
    directory: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    timeout_seconds: float | None = None
    """Allowed in all, from the start; moves with the deadline."""
    pid: int | None = None
    """Of the leader; None before it is spawned, and for a run without a process."""
    terminal: bool = False
    """Whether the process has a terminal of its own: it can be typed to, and writes to one
    stream only."""
    paused: bool = False
    """Stopped by the operator, and not yet told to go on."""
    ending_since: float | None = None
    """When a cancel or the deadline began the end of it."""
    kill_at: float | None = None
    """When SIGKILL follows; None once it was sent, and where there is nothing to kill."""
    killed: bool = False
    """Whether SIGKILL was sent to end it."""
    resources: Resources | None = None
    """What its processes used when that was last looked at; None before that, and at the end."""
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    last_stream: str | None = None
    attempts: int = 0
    """HTTP requests begun so far, of every phase."""
    polls: int = 0
    backend_status: str | None = None
    """What the backend said last of the run."""
    next_poll_at: float | None = None
    heard_at: float | None = None
    """When it last said anything: output, an attempt, its start."""
    stalled: bool = False
    """Whether that is longer ago than whoever watches it expects."""
    result: Mapping[str, Any] | None = None
    lost: str | None = None
    """Why nobody knows what became of it."""
    started: RunStarted | None = None
    """What was recorded at its start: whose run it is, and which process runs it."""
    foreign: bool = False
    """Known from its directory alone: another process runs it, or ran it."""
    elsewhere: bool = False
    """No result, and its process is where nobody here can see whether it lives."""
    unread: bool = False
    """Its directory was found, and not looked into yet."""

    @property
    def live(self) -> bool:
        """Queued or running, as far as anybody knows."""
        return self.status not in TERMINAL_STATUSES and self.lost is None and not self.unread

    @property
    def badge(self) -> Badge | None:
        if self.unread:
            return "reading"
        if self.lost is not None:
            return "lost"
        if not self.live:
            return None
        if self.elsewhere:
            return "unknown"
        if self.status == "pending":
            return "queued"
        if self.ending_since is not None:
            return "cancelling"
        if self.paused:
            return "paused"
        return "stalled" if self.stalled else None

    @property
    def error_summary(self) -> str | None:
        """Why it did not succeed."""
        if self.result is None:
            return self.lost
        summary: str | None = self.result.get("error_summary")
        return summary

    def seconds(self, now: float) -> float | None:
        """How long it has been running, or ran; None before its start."""
        if self.started_at is None:
            return None
        until = self.finished_at if self.finished_at is not None else now
        return max(0.0, until - self.started_at)


def fold(state: RunState, event: Event) -> RunState:
    """The state after ``event``. Events of a run come in the order of its journal."""
    match event:
        case RunStarted():
            return replace(
                state,
                status="running",
                directory=event.directory,
                started_at=event.at,
                timeout_seconds=event.timeout_seconds,
                heard_at=event.at,
                started=event,
            )
        case ProcessSpawned():
            return replace(state, pid=event.process.pid, terminal=event.terminal)
        case OutputSeen():
            return _with_output(state, event)
        case ResourcesSampled():
            used = Resources(event.cpu_percent, event.memory_bytes, event.processes)
            return replace(state, resources=used)
        case DeadlineMoved():
            return replace(state, timeout_seconds=event.timeout_seconds)
        case CancelRequested() | DeadlinePassed():
            return _ending(state, event)
        case SignalSent():
            return _signalled(state, event)
        case ProcessExited():
            return replace(state, kill_at=None, paused=False)
        case AttemptStarted():
            polls = state.polls + (event.phase == "poll")
            return replace(
                state,
                attempts=state.attempts + 1,
                polls=polls,
                next_poll_at=None,
                heard_at=event.at,
                stalled=False,
            )
        case AttemptEnded():
            return _with_attempt(state, event)
        case RunFinished():
            return replace(
                state,
                status=event.result["status"],
                finished_at=event.at,
                result=event.result,
                kill_at=None,
                paused=False,
                stalled=False,
                resources=None,
            )
        case _:
            return state


def _ending(state: RunState, event: CancelRequested | DeadlinePassed) -> RunState:
    since = event.at if state.ending_since is None else state.ending_since
    # Without a process nothing is going to be killed, whatever the grace.
    kill_at = event.at + event.grace_seconds if state.pid is not None else None
    return replace(state, ending_since=since, kill_at=kill_at, paused=False)


def _signalled(state: RunState, event: SignalSent) -> RunState:
    match event.signal:
        case "SIGKILL":
            return replace(state, kill_at=None, killed=True)
        case "SIGSTOP" if event.by_operator and state.ending_since is None:
            return replace(state, paused=True)
        case "SIGCONT":
            return replace(state, paused=False)
        case _:
            return state


def _with_attempt(state: RunState, event: AttemptEnded) -> RunState:
    next_poll_at = state.next_poll_at
    if event.next_seconds is not None:
        next_poll_at = event.at + event.next_seconds
    status = event.status if event.status is not None else state.backend_status
    return replace(state, backend_status=status, next_poll_at=next_poll_at)


def _with_output(state: RunState, event: OutputSeen) -> RunState:
    sizes = {"stdout": state.stdout_bytes, "stderr": state.stderr_bytes}
    for stream, size, _at in event.marks:
        sizes[stream] = size
    if not event.marks:
        return state
    stream, _size, at = event.marks[-1]
    return replace(
        state,
        stdout_bytes=sizes["stdout"],
        stderr_bytes=sizes["stderr"],
        last_stream=stream,
        heard_at=at,
        stalled=False,
    )

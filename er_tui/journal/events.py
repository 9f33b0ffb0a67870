# SPDX-License-Identifier: AGPL-3.0-or-later
"""The facts about a run, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias, dataclass_transform


@dataclass_transform(frozen_default=True)
class Frozen:
    """Base of all values here: frozen, equal by value, as a dataclass would be.

    Not ``dataclasses``: generating code for each of these classes would be a third of what
    importing the library costs.
    """

    fields: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, Any]]

    def __init_subclass__(cls) -> None:
        own = tuple(n for n, kind in cls.__annotations__.items() if "ClassVar" not in str(kind))
        cls.fields = own
        type.__setattr__(cls, "__match_args__", own)  # the checker knows them already
        cls.defaults = {field: cls.__dict__[field] for field in own if field in cls.__dict__}

    def __init__(self, *values: Any, **named: Any) -> None:
        given = {**self.defaults, **dict(zip(self.fields, values, strict=False)), **named}
        if given.keys() != set(self.fields) or len(values) > len(self.fields):
            raise TypeError(f"{type(self).__name__} takes {self.fields}, not {tuple(given)}")
        self.__dict__.update(given)

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, field: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        # Of the first field only: some values hold mappings, which have no hash.
        return hash((type(self).__name__, getattr(self, self.fields[0])))

    def __repr__(self) -> str:
        values = ", ".join(f"{field}={getattr(self, field)!r}" for field in self.fields)
        return f"{type(self).__name__}({values})"


class ProcessIdentity(Frozen):
    """A process, told from every other one that ever had its pid, here or elsewhere."""

    pid: int
    start_time: int | None
    """Clock ticks after boot, as ``/proc/<pid>/stat`` gives it; None where it cannot be read."""
    host: str
    boot_id: str | None
    pid_namespace: str | None


class MaskedValue(Frozen):
    """A value that was masked in what er-tui wrote: where it stood and a keyed digest of it."""

    pointer: str
    """JSON pointer into the invocation."""
    digest: str
    """HMAC-SHA256 under a key of this user: equal digests mean equal values, nothing more."""


class Source(Frozen):
    """The invocation file a run was started from, and the SHA-256 of its bytes at that moment."""

    path: str
    sha256: str


class Member(Frozen):
    """A process of a run's group, named for the reader of a timeline."""

    pid: int
    command: str


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Fact(Frozen):
    """Base of all events."""

    name: ClassVar[str]
    at: float
    """Unix seconds."""


Mark: TypeAlias = tuple[str, int, float]
"""``(stream, size, at)``: at that time the capture of the stream had grown to that many bytes."""


class RunStarted(Fact):
    name: ClassVar[str] = "started"
    at: float
    run_id: str
    invocation_id: str
    runtime_name: str
    runtime_kind: str
    directory: str | None
    """The run directory; None when none could be made anywhere."""
    timeout_seconds: int | None
    supervisor: ProcessIdentity
    masked: tuple[MaskedValue, ...] = ()
    source: Source | None = None


class ProcessSpawned(Fact):
    name: ClassVar[str] = "spawned"
    at: float
    process: ProcessIdentity
    """The leader; its pid is also the id of its session and group."""
    terminal: bool = False
    """Whether it has a terminal of its own (``subprocess.pty``) and can be typed to."""


class OutputSeen(Fact):
    name: ClassVar[str] = "output"
    at: float
    marks: tuple[Mark, ...]
    """In order of arrival: one at each change of stream, else at most ten a second."""


class CancelRequested(Fact):
    name: ClassVar[str] = "cancel_requested"
    at: float
    reason: str
    grace_seconds: float


class DeadlinePassed(Fact):
    name: ClassVar[str] = "deadline_passed"
    at: float
    timeout_seconds: int
    grace_seconds: float


class SignalSent(Fact):
    name: ClassVar[str] = "signal_sent"
    at: float
    signal: str
    pgid: int
    members: tuple[Member, ...] = ()
    """Who of the group was alive to be signalled, where that was looked up (SIGKILL)."""
    escaped: tuple[Member, ...] = ()
    """Processes of the run that had left its group, signalled one by one."""
    by_operator: bool = False
    """Asked for by the operator for its own sake, not a step of a cancel or timeout."""


class ProcessExited(Fact):
    name: ClassVar[str] = "exited"
    at: float
    exit_code: int | None
    """128+n after signal n; None when the status was taken from under us."""
    signal: str | None


class MembersSwept(Fact):
    name: ClassVar[str] = "swept"
    at: float
    members: tuple[Member, ...]
    """Processes the leader left behind in its group, ended after its exit."""


class EndingCompleted(Fact):
    """A cancel or timeout is done: nothing of the run is alive, but for the ``survivors``."""

    name: ClassVar[str] = "ending_completed"
    at: float
    seconds: float
    """From the request, or the deadline, until then."""
    survivors: tuple[Member, ...] = ()
    """Whom even SIGKILL did not end."""


class DeadlineMoved(Fact):
    name: ClassVar[str] = "deadline_moved"
    at: float
    seconds: float
    """By how much; more time is positive."""
    timeout_seconds: float
    """Allowed in all now, counted from the start of the run."""


class ResourcesSampled(Fact):
    """What the live processes of the run used together, when that had changed notably."""

    name: ClassVar[str] = "resources"
    at: float
    cpu_percent: float
    """Of one core, since the sample before."""
    memory_bytes: int
    """Resident; what processes share counts in each."""
    processes: int


class InputSent(Fact):
    """The operator typed to the run's terminal; what it was is nobody's business."""

    name: ClassVar[str] = "input"
    at: float
    size: int
    """Bytes."""


class AttemptStarted(Fact):
    name: ClassVar[str] = "attempt_started"
    at: float
    number: int
    """Counted from 1 over all requests of the run."""
    phase: str
    """request, kickoff, poll, events or cancel."""
    method: str
    url: str
    """Masked."""
    headers: Mapping[str, Any]
    """Of the request, masked."""


class AttemptEnded(Fact):
    name: ClassVar[str] = "attempt_ended"
    at: float
    number: int
    phase: str
    code: int | None
    """HTTP status; None when no response began."""
    status: str | None
    """What the backend said of the run, where it was looked for."""
    size: int
    """Bytes of the body that came."""
    connect_seconds: float | None
    """Name resolution and TCP; None on a kept connection."""
    tls_seconds: float | None
    wait_seconds: float | None
    """From the request until the response began; None if it never did."""
    body_seconds: float | None
    headers: Mapping[str, Any]
    """Of the response, masked."""
    body: str | None
    """Where the body is, relative to the run directory; of an unchanged poll, the one before."""
    note: str | None
    """What else there is to say: an error, a redirect, a tolerated failure."""
    next_seconds: float | None
    """How long until the next poll; None when none follows."""


class Noted(Fact):
    name: ClassVar[str] = "noted"
    at: float
    text: str
    """Something the reader of a timeline should know, e.g. a capture that could not be written."""


class RunFinished(Fact):
    name: ClassVar[str] = "finished"
    at: float
    result: Mapping[str, Any]
    """The RuntimeResult as its JSON document."""


Event: TypeAlias = (
    RunStarted
    | ProcessSpawned
    | OutputSeen
    | CancelRequested
    | DeadlinePassed
    | SignalSent
    | ProcessExited
    | MembersSwept
    | EndingCompleted
    | DeadlineMoved
    | ResourcesSampled
    | InputSent
    | AttemptStarted
    | AttemptEnded
    | Noted
    | RunFinished
)

KINDS: dict[str, type[Event]] = {
    kind.name: kind
    for kind in (
        RunStarted,
        ProcessSpawned,
        OutputSeen,
        CancelRequested,
        DeadlinePassed,
        SignalSent,
        ProcessExited,
        MembersSwept,
        EndingCompleted,
        DeadlineMoved,
        ResourcesSampled,
        InputSent,
        AttemptStarted,
        AttemptEnded,
        Noted,
        RunFinished,
    )
}

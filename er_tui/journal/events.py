# SPDX-License-Identifier: AGPL-3.0-or-later
"""The facts about a run, as frozen values, and their form as lines of ``events.jsonl``.

A line is one JSON object: ``{"v": 1, "event": <name>, "at": <unix seconds>, ...fields}``. Readers
skip fields and events they do not know, so a newer writer never breaks an older reader; a change
that would raises :data:`EVENTS_VERSION`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, TypeAlias

EVENTS_VERSION = 1


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process, told from every other one that ever had its pid, here or elsewhere."""

    pid: int
    start_time: int | None
    """Clock ticks after boot, as ``/proc/<pid>/stat`` gives it; None where it cannot be read."""
    host: str
    boot_id: str | None
    pid_namespace: str | None


@dataclass(frozen=True, slots=True)
class MaskedValue:
    """A value that was masked in what er-tui wrote: where it stood and a keyed digest of it."""

    pointer: str
    """JSON pointer into the invocation."""
    digest: str
    """HMAC-SHA256 under a key of this user: equal digests mean equal values, nothing more."""


@dataclass(frozen=True, slots=True)
class Source:
    """The invocation file a run was started from, and the SHA-256 of its bytes at that moment."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """A process of a run's group, named for the reader of a timeline."""

    pid: int
    command: str


Mark: TypeAlias = tuple[str, int, float]
"""``(stream, size, at)``: at that time the capture of the stream had grown to that many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpawned:
    name: ClassVar[str] = "spawned"
    at: float
    process: ProcessIdentity
    """The leader; its pid is also the id of its session and group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSeen:
    name: ClassVar[str] = "output"
    at: float
    marks: tuple[Mark, ...]
    """In order of arrival: one at each change of stream, else at most ten a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    name: ClassVar[str] = "cancel_requested"
    at: float
    reason: str
    grace_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    name: ClassVar[str] = "deadline_passed"
    at: float
    timeout_seconds: int
    grace_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSent:
    name: ClassVar[str] = "signal_sent"
    at: float
    signal: str
    pgid: int
    members: tuple[Member, ...] = ()
    """Who was still alive to be signalled, where that was looked up (SIGKILL)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExited:
    name: ClassVar[str] = "exited"
    at: float
    exit_code: int | None
    """128+n after signal n; None when the status was taken from under us."""
    signal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersSwept:
    name: ClassVar[str] = "swept"
    at: float
    members: tuple[Member, ...]
    """Processes the leader left behind in its group, ended after its exit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    name: ClassVar[str] = "noted"
    at: float
    text: str
    """Something the reader of a timeline should know, e.g. a capture that could not be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
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
    | Noted
    | RunFinished
)

_KINDS: dict[str, type[Event]] = {
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
        Noted,
        RunFinished,
    )
}
_FIELDS = {name: tuple(f.name for f in fields(kind)) for name, kind in _KINDS.items()}
_REQUIRED = {
    name: frozenset(f.name for f in fields(kind) if f.default is MISSING)
    for name, kind in _KINDS.items()
}


def _part(value: object) -> dict[str, Any]:
    """The JSON form of the frozen values inside an event (``default`` hook of ``json``)."""
    return {f.name: getattr(value, f.name) for f in fields(value)}  # type: ignore[arg-type]


_encoder = json.JSONEncoder(separators=(",", ":"), default=_part)


def encode(event: Event) -> str:
    """One line of JSON without its newline; ASCII only, whatever the event holds."""
    document: dict[str, Any] = {"v": EVENTS_VERSION, "event": event.name}
    for field in _FIELDS[event.name]:
        document[field] = getattr(event, field)
    return _encoder.encode(document)


def _members(value: Any) -> tuple[Member, ...]:
    return tuple(Member(m["pid"], m["command"]) for m in value)


def _identity(value: Any) -> ProcessIdentity:
    return ProcessIdentity(*(value[f.name] for f in fields(ProcessIdentity)))


_INNER: dict[str, Callable[[Any], Any]] = {
    "supervisor": _identity,
    "process": _identity,
    "masked": lambda value: tuple(MaskedValue(m["pointer"], m["digest"]) for m in value),
    "source": lambda value: None if value is None else Source(value["path"], value["sha256"]),
    "members": _members,
    "marks": lambda value: tuple((str(s), int(n), float(t)) for s, n, t in value),
}


def decode(document: Mapping[str, Any]) -> Event | None:
    """The event of a decoded line; None for one this version does not know or cannot use."""
    kind = _KINDS.get(document.get("event", ""))
    if kind is None or document.get("v") != EVENTS_VERSION:
        return None
    if not _REQUIRED[kind.name] <= document.keys():
        return None
    try:
        values = {
            field: _INNER[field](document[field]) if field in _INNER else document[field]
            for field in _FIELDS[kind.name]
            if field in document
        }
    except (KeyError, TypeError, ValueError):
        return None
    return kind(**values)

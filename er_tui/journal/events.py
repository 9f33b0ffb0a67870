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
from typing import Any, ClassVar, TypeAlias, TypeVar, get_type_hints

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


_Part = TypeVar("_Part", ProcessIdentity, MaskedValue, Source, Member)

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


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        raise TypeError
    return value


def _seconds(value: Any) -> float:
    # As a moment it must be one that a calendar shows; nan and inf fail here too.
    if type(value) not in (int, float) or not -_YEAR_9999 < value < _YEAR_9999:
        raise TypeError
    return float(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _several(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: tuple(read(inner) for inner in value)


def _mark(value: Any) -> Mark:
    stream, size, at = value
    return _text(stream), _number(size), _seconds(at)


def _whole(kind: type[_Part]) -> Callable[[Any], _Part]:
    readers = _readers(kind)
    return lambda value: kind(**{name: read(value[name]) for name, read in readers.items()})


def _readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    """How each field of ``kind`` is read: what is not of its type raises."""
    types = get_type_hints(kind)
    return {field.name: _READ[types[field.name]] for field in fields(kind)}


_LARGEST = 2**63 - 1
_YEAR_9999 = 253_402_300_800.0

_READ: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    int: _number,
    float: _seconds,
    str | None: _optional(_text),
    int | None: _optional(_number),
    Mapping[str, Any]: _mapping,
    tuple[Mark, ...]: _several(_mark),
}
_READ[ProcessIdentity] = _whole(ProcessIdentity)
_READ[Source | None] = _optional(_whole(Source))
_READ[tuple[Member, ...]] = _several(_whole(Member))
_READ[tuple[MaskedValue, ...]] = _several(_whole(MaskedValue))

_READERS = {name: _readers(kind) for name, kind in _KINDS.items()}


def decode(document: Mapping[str, Any]) -> Event | None:
    """The event of a decoded line; None for one this version does not know or cannot use."""
    name = document.get("event")
    if not isinstance(name, str) or name not in _KINDS or document.get("v") != EVENTS_VERSION:
        return None
    if not _REQUIRED[name] <= document.keys():
        return None
    try:
        values = {
            field: read(document[field])
            for field, read in _READERS[name].items()
            if field in document
        }
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return _KINDS[name](**values)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events as lines of ``events.jsonl``, and back.

A line is one JSON object: ``{"v": 1, "event": <name>, "at": <unix seconds>, ...fields}``. Readers
skip fields and events they do not know, so a newer writer never breaks an older reader; a change
that would raises :data:`EVENTS_VERSION`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_type_hints

from er_tui.journal.events import (
    KINDS,
    Event,
    Frozen,
    Mark,
    MaskedValue,
    Member,
    ProcessIdentity,
    RunFinished,
    Source,
)
from er_tui.rxp.vocabulary import TERMINAL_STATUSES

EVENTS_VERSION = 1

_Part = TypeVar("_Part", ProcessIdentity, MaskedValue, Source, Member)


def _part(value: Frozen) -> dict[str, Any]:
    """The JSON form of the frozen values inside an event (``default`` hook of ``json``)."""
    return {field: getattr(value, field) for field in value.fields}


_encoder = json.JSONEncoder(separators=(",", ":"), default=_part)


def encode(event: Event) -> str:
    """One line of JSON without its newline; ASCII only, whatever the event holds."""
    document: dict[str, Any] = {"v": EVENTS_VERSION, "event": event.name}
    for field in event.fields:
        document[field] = getattr(event, field)
    return _encoder.encode(document)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
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
    def read(value: Any) -> _Part:
        return kind(**{name: part(value[name]) for name, part in _readers(kind).items()})

    return read


def _readers(kind: type[Frozen]) -> dict[str, Callable[[Any], Any]]:
    """How each field of ``kind`` is read: what is not of its type raises."""
    # Made when first needed: who only runs something never reads an event back.
    if kind not in _READERS:
        types = get_type_hints(kind)
        _READERS[kind] = {name: _READ[types[name]] for name in kind.fields}
    return _READERS[kind]


_READERS: dict[type[Frozen], dict[str, Callable[[Any], Any]]] = {}


_LARGEST = 2**63 - 1
_YEAR_9999 = 253_402_300_800.0

_READ: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    bool: _truth,
    int: _number,
    float: _seconds,
    float | None: _optional(_seconds),
    str | None: _optional(_text),
    int | None: _optional(_number),
    Mapping[str, Any]: _mapping,
    tuple[Mark, ...]: _several(_mark),
}
_READ[ProcessIdentity] = _whole(ProcessIdentity)
_READ[Source | None] = _optional(_whole(Source))
_READ[tuple[Member, ...]] = _several(_whole(Member))
_READ[tuple[MaskedValue, ...]] = _several(_whole(MaskedValue))


def decode(document: Mapping[str, Any]) -> Event | None:
    """The event of a decoded line; None for one this version does not know or cannot use."""
    name = document.get("event")
    if not isinstance(name, str) or name not in KINDS or document.get("v") != EVENTS_VERSION:
        return None
    kind = KINDS[name]
    try:
        event = kind(
            **{
                field: read(document[field])
                for field, read in _readers(kind).items()
                if field in document
            }
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return None if isinstance(event, RunFinished) and not is_result(event.result) else event


def is_result(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document says as a RuntimeResult does how a run ended; the rest of it is
    whatever it is."""
    status, code, summary = map(document.get, ("status", "exit_code", "error_summary"))
    return (
        isinstance(status, str)
        and status in TERMINAL_STATUSES
        and (code is None or type(code) is int)
        and isinstance(summary, str | None)
    )

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Says in one sentence what is wrong with the text of an invocation file, and where.

Pure, and only asked once reading has failed. The sentences name fields; they quote what was found
only where that cannot be a secret, shortened and with everything unprintable escaped.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from er_tui.rxp.positions import JsonPath, Positions, nodes
from er_tui.rxp.vocabulary import CONTRACT_KINDS, RUNTIME_KINDS, SCHEMA_VERSION

MAX_NUMBER = 2**53 - 1
"""Numbers beyond it are refused: programs do not agree on what they are (RFC 8259, section 6)."""

MAX_DEPTH = 64
"""Levels of nesting from here on are named as the fault. The contract has two."""

_KIND = "runtime_invocation"
_TEXT = "a non-empty string"
_PATH = "a string or null"

EXPECTED = {
    "schema_version": f"'{SCHEMA_VERSION}'",
    "contract_kind": f"'{_KIND}'",
    "invocation_id": _TEXT,
    "runtime_name": _TEXT,
    "runtime_kind": f"one of {', '.join(RUNTIME_KINDS)}",
    "working_directory": _TEXT,
    "command": "a list of at least one string",
    "environment": "an object of strings",
    "timeout_seconds": "a whole number above 0, or null",
    "input_payload_path": _PATH,
    "output_result_path": _PATH,
    "artifact_directory": _PATH,
    "metadata": "an object of strings",
}
"""What each field of an invocation must be."""

_NEVER_QUOTED = frozenset(("command", "environment", "metadata"))
"""Fields that carry tokens and passwords."""

_QUOTED_CHARACTERS = 60


class Finding(NamedTuple):
    """What is wrong, and before which character of the text."""

    offset: int
    reason: str


class Problem(NamedTuple):
    """One field that a contract refused: pydantic's error, without its words."""

    type: str
    path: JsonPath


def is_too_large(number: str) -> bool:
    """Whether a JSON number, as it is spelled, is beyond what is accepted."""
    return not -MAX_NUMBER <= float(number) <= MAX_NUMBER


def has_surrogate(text: str) -> bool:
    """Whether `text` has half a surrogate pair, which JSON can spell but UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def document_fault(text: str) -> Finding | None:
    """The first thing in `text` that makes it no document at all, whatever its contract."""
    seen: set[JsonPath] = set()
    for node in nodes(text):
        if len(node.path) > MAX_DEPTH:
            return Finding(node.offset, f"the JSON is nested more than {MAX_DEPTH} levels deep")
        if node.is_key and node.path in seen:
            return Finding(node.offset, f"the key {_quoted(node.path[-1])} is given twice")
        if node.is_key:
            seen.add(node.path)
        if reason := _token_fault(node.token):
            return Finding(node.offset, reason)
    return None


def _token_fault(token: str) -> str | None:
    if token[0] == '"':
        if has_surrogate(json.loads(token)):
            return "the string has half of a surrogate pair, which is not text"
    elif token in ("NaN", "Infinity", "-Infinity"):
        return f"{token} is not JSON, a number must be finite"
    elif token[0] in "-0123456789" and is_too_large(token):
        return f"the number is too large, at most {MAX_NUMBER} is accepted"
    return None


def contract_fault(text: str, document: object, problems: Iterable[Problem]) -> Finding:
    """What keeps `document`, decoded from `text`, from being an invocation.

    A document of another contract or version is named as such, whatever else it has. Otherwise the
    first problem in the order of the text, a missing field last, and how many more there are.
    """
    if not isinstance(document, dict):
        start = len(text) - len(text.lstrip())
        return Finding(start, f"an invocation must be an object, found {_kind(document)}")
    positions = Positions(text)
    kind, version = document.get("contract_kind"), document.get("schema_version")
    if kind in CONTRACT_KINDS and kind != _KIND:
        reason = f"this is {_with_article(kind)}, expected a {_KIND}"
        return Finding(positions.value(("contract_kind",)), reason)
    if isinstance(version, str) and version != SCHEMA_VERSION:
        reason = f"schema_version {_quoted(version)} is not supported, expected '{SCHEMA_VERSION}'"
        return Finding(positions.value(("schema_version",)), reason)
    ordered = sorted(problems, key=lambda problem: _order(problem, positions))
    first, more = ordered[0], len(ordered) - 1
    counted = f" (and {more} more)" if more else ""
    return Finding(_offset(first, positions), _sentence(first, document) + counted)


def _order(problem: Problem, positions: Positions) -> tuple[bool, int]:
    return problem.type == "missing", _offset(problem, positions)


def _offset(problem: Problem, positions: Positions) -> int:
    if problem.type == "missing":
        return positions.value(())
    if problem.type == "extra_forbidden":
        return positions.key(problem.path)
    return positions.value(problem.path)


def _sentence(problem: Problem, document: dict[str, Any]) -> str:
    if not problem.path:
        return "this is not an invocation"
    field = str(problem.path[0])
    if problem.type == "missing":
        return f"the field '{field}' is missing, it must be {EXPECTED[field]}"
    if problem.type == "extra_forbidden":
        return f"unknown field {_quoted(field)}{_suggestion(field)}"
    found: Any = document[field]
    if problem.path[1:] and isinstance(found, list | dict):
        item: Any = problem.path[1]
        return f"{field}[{_quoted(item)}] must be a string, found {_kind(found[item])}"
    shown = _kind(found) if field in _NEVER_QUOTED else _quoted(found)
    return f"{field} must be {EXPECTED[field]}, found {shown}"


def _suggestion(field: str) -> str:
    import difflib  # worth its import only once a name is unknown

    near = difflib.get_close_matches(field[:_QUOTED_CHARACTERS], EXPECTED, n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _quoted(value: object) -> str:
    """A scalar on one short printable line; only the kind of a container."""
    if isinstance(value, str):
        cut = value[: _QUOTED_CHARACTERS - 1] + "…" if len(value) > _QUOTED_CHARACTERS else value
        return repr(cut)
    if isinstance(value, list | dict):
        return _kind(value)
    return json.dumps(value)


def _kind(value: object) -> str:
    """What JSON calls such a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case []:
            return "an empty list"
        case list():
            return "a list"
        case _:
            return "an object"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""``http.body``, turned into the bytes that are sent before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from er_tui.rxp.metadata.rejection import Rejection


@dataclass(frozen=True, slots=True)
class Payload:
    """A request body and its type."""

    content: bytes
    content_type: str


def read_payload(text: str, body_format: str) -> Payload:
    """The payload for ``http.body`` in that format. Raises Rejection."""
    try:
        body = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise _invalid("http.body is nested too deeply") from None
    except ValueError as error:
        raise _invalid(f"http.body is not valid JSON: {error}") from None
    try:
        if body_format == "form":
            return Payload(
                urlencode(list(_fields(body))).encode(), "application/x-www-form-urlencoded"
            )
        compact = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return Payload(compact.encode(), "application/json")
    except (ValueError, RecursionError) as error:  # half a character, a number beyond all floats
        raise _invalid(f"http.body cannot be sent: {error}") from None


def _invalid(problem: str) -> Rejection:
    return Rejection(f"invalid body: {problem}", "http.body")


def _fields(body: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(body, dict):
        raise _invalid("http.body for a form must be a JSON object")
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, (dict, list)):
                raise _invalid(
                    "a field of a form must be a string, a number, a boolean, "
                    f"null or a list of those: {name[:80]!r}"
                )
            yield name, _field(one)


def _field(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")

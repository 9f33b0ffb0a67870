# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server said, read with suspicion: JSON, dotted paths, run ids, states."""

from __future__ import annotations

import json
import re
from typing import Any

from er_tui.journal.masking import CUT

MAX_PARSED_BYTES = 4 << 20
_PREVIEW_CHARACTERS = 200
# Anything else could lead a poll elsewhere: paths are normalised even from percent-encoded parts.
_RUN_ID = re.compile(r"[A-Za-z0-9._~-]{1,256}")


class Unreadable(Exception):
    """A body cannot be used; the message says why, without naming the phase."""


def parse(body: bytes, size: int) -> Any:
    """The JSON document in ``body``, of which ``size`` bytes came. Raises Unreadable."""
    if size > MAX_PARSED_BYTES:
        raise Unreadable(f"is {size} bytes, too large to be read as JSON (at most 4 MiB)")
    if not body.strip():
        raise Unreadable("is empty, expected JSON")
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise Unreadable(f"is not UTF-8: {preview(body)}") from None
    except RecursionError:
        raise Unreadable(f"is nested too deeply to be read: {preview(body)}") from None
    except ValueError as error:
        # Also for integers of thousands of digits, where the message names the limit.
        reason = getattr(error, "msg", None) or str(error)
        raise Unreadable(f"is not JSON ({reason}): {preview(body)}") from None


def at_path(document: Any, path: str) -> Any:
    """The value at a dotted path through objects (and lists, by index); None if there is none."""
    for segment in path.split("."):
        if not segment:
            continue
        if isinstance(document, dict) and segment in document:
            document = document[segment]
        elif isinstance(document, list) and segment.isascii() and segment.isdigit():
            index = int(segment[:9])
            document = document[index] if index < len(document) else None
        else:
            return None
    return document


def run_id_in(document: Any, path: str, body: bytes) -> str:
    """The run id at ``path``, safe to be put into a URL. Raises Unreadable."""
    value = at_path(document, path)
    if value is None:
        raise Unreadable(f"has no field at path {path!r}: {preview(body)}")
    text = _as_word(value)
    if text is None or text in {".", ".."} or not _RUN_ID.fullmatch(text):
        raise Unreadable(
            f"holds no usable run id at path {path!r} "
            f"(1 to 256 of letters, digits and ._~-): {preview(body)}"
        )
    return text


def status_in(document: Any, path: str, body: bytes) -> str:
    """The status at ``path``: a string or a whole number. Raises Unreadable."""
    value = at_path(document, path)
    if value is None:
        raise Unreadable(f"has no field at path {path!r}: {preview(body)}")
    text = _as_word(value)
    if text is None:
        kind = type(value).__name__
        raise Unreadable(f"holds no status but a {kind} at path {path!r}: {preview(body)}")
    return text


def preview(body: bytes) -> str:
    """The beginning of a body, in one line, for a sentence."""
    text = " ".join(body[: _PREVIEW_CHARACTERS * 8].decode(errors="replace").split())
    return text if len(text) <= _PREVIEW_CHARACTERS else text[:_PREVIEW_CHARACTERS] + CUT


def _as_word(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return value
    # A number with thousands of digits cannot be turned into text, and names nothing.
    return str(value) if isinstance(value, int) and abs(value) < 10**300 else None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""An attempt as a curl command that can be pasted anywhere: no secret is in it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from er_tui.journal.events import AttemptStarted
from er_tui.journal.masking import MASK, Masking
from er_tui.text.safe import safe_line

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeInvocation

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HIDDEN = re.compile(rf"{_REFERENCE.pattern}|{re.escape(MASK)}")
_LEFT_OUT = frozenset({"user-agent", "accept", "accept-encoding", "cache-control"})
_WITH_BODY = frozenset({"request", "kickoff"})


_Word: TypeAlias = Callable[[str], str]
"""Quotes a text as one word of a shell."""


def curl_command(attempt: AttemptStarted, invocation: RuntimeInvocation | None) -> str:
    """The request of ``attempt``; secrets are variables of the shell (``$API_KEY``).

    A reference in ``http.headers`` keeps its name; a header that was masked gets the header's; what
    was masked in the body and the URL is ``$SECRET_1``, ``$SECRET_2`` and so on.
    """
    words = ["curl", "-sS", "-X", attempt.method]
    metadata = _masked(invocation)
    templates = _templates(metadata)
    numbers = count(1)

    def word(text: str) -> str:
        first, *rest = text.split(MASK)
        parts = [first]
        for part in rest:
            parts += [f"SECRET_{next(numbers)}", part]
        return _joined(parts)

    for name, value in attempt.headers.items():
        if name.lower() not in _LEFT_OUT:
            words += ["-H", _header(name, value, templates.get(name.lower()))]
    body = metadata.get("http.body")
    if body is not None and attempt.phase in _WITH_BODY:
        words += _body(body, metadata.get("http.body_format", "json"), word)
    words.append(word(safe_line(attempt.url, limit=8000)))
    return " ".join(words)


def _masked(invocation: RuntimeInvocation | None) -> Mapping[str, str]:
    """The metadata without secrets; of the body also without those that stand elsewhere."""
    if invocation is None:
        return {}
    masking = Masking(invocation.model_dump())
    metadata: dict[str, str] = dict(masking.document["metadata"])
    if "http.body" in metadata:
        metadata["http.body"] = masking.scrub(metadata["http.body"])
    return metadata


def _templates(metadata: Mapping[str, str]) -> dict[str, str]:
    """The headers as the invocation spells them, references and all."""
    try:
        document = json.loads(metadata["http.headers"])
    except (KeyError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name.lower(): value for name, value in document.items() if isinstance(value, str)}


def _header(name: str, value: str, template: str | None) -> str:
    if template is not None and _REFERENCE.search(template):
        value = template
    elif MASK not in value:
        return shlex.quote(f"{name}: {value}")
    variable = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
    if variable[:1].isdigit():
        variable = f"_{variable}"
    return _joined([part or "" for part in _HIDDEN.split(f"{name}: {value}")], variable)


def _joined(parts: list[str], unnamed: str = "") -> str:
    """One word of a shell: of the parts the odd ones are names of variables."""
    return (
        "".join(
            f'"${{{part or unnamed}}}"' if index % 2 else part and shlex.quote(part)
            for index, part in enumerate(parts)
        )
        or "''"
    )


def _body(body: str, body_format: str, word: _Word) -> list[str]:
    if body_format == "form":
        fields = _form_fields(body)
        return [part for field in fields for part in ("--data-urlencode", word(field))]
    return ["-H", "'content-type: application/json'", "--data-raw", word(body)]


def _form_fields(body: str) -> list[str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(document, Mapping):
        return []
    return [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, values in document.items()
        for value in (values if isinstance(values, list) else [values])
    ]

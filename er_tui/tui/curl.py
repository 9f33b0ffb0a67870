# SPDX-License-Identifier: AGPL-3.0-or-later
"""An attempt as a curl command that can be pasted anywhere: no secret is in it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from er_tui.journal.events import AttemptStarted
from er_tui.journal.masking import MASK
from er_tui.text.safe import safe_line

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeInvocation

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LEFT_OUT = frozenset({"user-agent", "accept", "accept-encoding", "cache-control"})
_WITH_BODY = frozenset({"request", "kickoff"})


def curl_command(attempt: AttemptStarted, invocation: RuntimeInvocation | None) -> str:
    """The request of ``attempt``; secrets are variables of the shell (``$API_KEY``).

    A reference in ``http.headers`` keeps its name; a value that was masked gets the header's.
    """
    words = ["curl", "-sS", "-X", attempt.method]
    templates = _templates(invocation)
    for name, value in attempt.headers.items():
        if name.lower() not in _LEFT_OUT:
            words += ["-H", _header(name, value, templates.get(name.lower()))]
    metadata = invocation.metadata if invocation is not None else {}
    body = metadata.get("http.body")
    if body is not None and attempt.phase in _WITH_BODY:
        words += _body(body, metadata.get("http.body_format", "json"))
    words.append(shlex.quote(safe_line(attempt.url, limit=8000)))
    return " ".join(words)


def _templates(invocation: RuntimeInvocation | None) -> dict[str, str]:
    """The headers as the invocation spells them, references and all."""
    try:
        document = json.loads(invocation.metadata["http.headers"]) if invocation else {}
    except (KeyError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name.lower(): value for name, value in document.items() if isinstance(value, str)}


def _header(name: str, value: str, template: str | None) -> str:
    if template is not None and _REFERENCE.search(template):
        return _joined(_REFERENCE.split(f"{name}: {template}"))
    if MASK in value:
        variable = re.sub(r"\W", "_", name).upper()
        parts = f"{name}: {value}".split(MASK)
        return _joined([word for part in parts for word in (part, variable)][:-1])
    return shlex.quote(f"{name}: {value}")


def _joined(parts: list[str]) -> str:
    """One word of a shell: of the parts the odd ones are names of variables."""
    return "".join(
        f'"${{{part}}}"' if index % 2 else shlex.quote(part)
        for index, part in enumerate(parts)
        if part
    )


def _body(body: str, body_format: str) -> list[str]:
    if body_format == "form":
        fields = _form_fields(body)
        return [word for field in fields for word in ("--data-urlencode", shlex.quote(field))]
    return ["-H", "'content-type: application/json'", "--data-raw", shlex.quote(body)]


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

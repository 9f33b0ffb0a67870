# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ``http.*`` metadata of an invocation, checked whole before the first request leaves."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from er_tui.rxp import RuntimeInvocation
from er_tui.rxp.metadata.payload import Payload, read_payload
from er_tui.rxp.metadata.rejection import Rejection, nearest

Redirects: TypeAlias = Literal["same-origin", "all", "none"]

RUN_ID = "{run_id}"
DEFAULT_MAX_BODY_BYTES = 64 << 20
REQUEST_KEYS = (
    *("url", "method", "body", "body_format", "headers", "follow_redirects"),
    *("verify", "max_body_bytes", "cancel_url_template", "cancel_method"),
)
POLL_KEYS = (
    *("poll_url_template", "poll_run_id_path", "poll_status_path", "poll_terminal_states"),
    *("poll_success_states", "poll_interval_seconds", "poll_pending_codes"),
    *("poll_error_budget", "events_url_template"),
)
_PREFIX = "http."
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LOWEST_CODE, _HIGHEST_CODE = 100, 599


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """What both HTTP kinds send and accept."""

    url: str
    method: str
    payload: Payload | None
    headers: Mapping[str, str]
    """With every ``${NAME}`` filled in."""
    secrets: tuple[str, ...]
    """What was filled in: never to be written or shown."""
    redirects: Redirects
    verify: bool
    max_body_bytes: int
    cancel_url: str | None
    cancel_method: str


@dataclass(frozen=True, slots=True)
class PollSettings:
    """What ``http_async`` does after the kickoff."""

    url: str
    run_id_path: str | None
    status_path: str
    terminal: frozenset[str]
    success: frozenset[str]
    interval: float
    pending_codes: frozenset[int]
    error_budget: int
    events_url: str | None


def redirects_of(follow: bool | Redirects) -> Redirects:
    """What a constructor's ``follow_redirects`` means. Raises ValueError."""
    if isinstance(follow, bool):
        return "all" if follow else "none"
    if follow not in ("same-origin", "all", "none"):
        raise ValueError(f"follow_redirects must be same-origin, all, none or a bool: {follow!r}")
    return follow


def read_request(
    invocation: RuntimeInvocation, *, verify: bool, redirects: Redirects, polls: bool = False
) -> RequestSettings:
    """The settings of either kind; metadata beats ``verify`` and ``redirects``.

    ``polls`` says whether the keys of ``http_async`` may stand among them.

    Raises Rejection that names the key for anything missing, unknown or unusable.
    """
    for problem in unknown_http_keys(invocation.metadata, polls=polls):
        raise problem
    metadata = _Metadata(invocation.metadata)
    headers, secrets = metadata.headers(invocation.environment)
    return RequestSettings(
        url=metadata.url("url"),
        method=metadata.method("method"),
        payload=metadata.payload(),
        headers=headers,
        secrets=secrets,
        redirects=cast(
            Redirects,
            metadata.choice("follow_redirects", ("same-origin", "all", "none"), redirects),
        ),
        verify=metadata.choice("verify", ("true", "false"), str(verify).lower()) == "true",
        max_body_bytes=metadata.count("max_body_bytes", DEFAULT_MAX_BODY_BYTES, least=1),
        cancel_url=metadata.optional_template("cancel_url_template"),
        cancel_method=metadata.method("cancel_method"),
    )


def read_poll(invocation: RuntimeInvocation) -> PollSettings:
    """The settings that ``http_async`` adds. Raises Rejection that names the key."""
    metadata = _Metadata(invocation.metadata)
    url = metadata.template("poll_url_template", metadata.required("poll_url_template"))
    run_id_path = metadata.get("poll_run_id_path")
    if RUN_ID in url and not run_id_path:
        raise Rejection(
            f"missing metadata 'http.poll_run_id_path': http.poll_url_template holds {RUN_ID}",
            "http.poll_run_id_path",
        )
    return PollSettings(
        url=url,
        run_id_path=run_id_path,
        status_path=metadata.required("poll_status_path"),
        terminal=metadata.words("poll_terminal_states", metadata.required("poll_terminal_states")),
        success=metadata.words(
            "poll_success_states", metadata.get("poll_success_states") or "completed"
        ),
        interval=metadata.seconds("poll_interval_seconds", 2.0),
        pending_codes=metadata.codes("poll_pending_codes"),
        error_budget=metadata.count("poll_error_budget", 0, least=0),
        events_url=metadata.optional_template("events_url_template"),
    )


def unknown_http_keys(metadata: Mapping[str, str], *, polls: bool) -> list[Rejection]:
    """One for each ``http.*`` key that no runner knows, or not for this kind."""
    known = REQUEST_KEYS + (POLL_KEYS if polls else ())
    problems = []
    for key in metadata:
        name = key.removeprefix(_PREFIX)
        if not key.startswith(_PREFIX) or name in known:
            continue
        if name in POLL_KEYS:
            reason = f"metadata {key!r} is for runtime_kind http_async"
        else:
            reason = f"unknown metadata key {key!r}{nearest(key, known, _PREFIX)}"
        problems.append(Rejection(reason, key))
    return problems


class _Metadata:
    """The ``http.*`` values, read by kind of value."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self._values = {
            key.removeprefix(_PREFIX): value
            for key, value in metadata.items()
            if key.startswith(_PREFIX)
        }

    def get(self, key: str) -> str | None:
        return self._values.get(key)

    def required(self, key: str) -> str:
        value = (self._values.get(key) or "").strip()
        if not value:
            raise Rejection(f"missing metadata 'http.{key}'", _PREFIX + key)
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        value = self._values.get(key, default)
        if value not in allowed:
            raise _unusable(key, f"one of {', '.join(allowed)}", value)
        return value

    def method(self, key: str) -> str:
        value = self._values.get(key) or "POST"
        if not _TOKEN.fullmatch(value):
            raise _unusable(key, "an HTTP method", value)
        return value.upper()

    def url(self, key: str) -> str:
        return self.template(key, self.required(key), holds_run_id=False)

    def optional_template(self, key: str) -> str | None:
        value = self._values.get(key)
        return None if value is None else self.template(key, value)

    def template(self, key: str, value: str, *, holds_run_id: bool = True) -> str:
        filled = value.replace(RUN_ID, "x") if holds_run_id else value
        try:
            parts = urlsplit(filled)
            usable = (
                parts.scheme in ("http", "https")
                and bool(parts.hostname)
                and (parts.port is None or parts.port > 0)
                and not any(c.isspace() or not c.isprintable() for c in filled)
                and RUN_ID not in urlsplit(value).netloc
            )
        except ValueError:
            usable = False
        if not usable:
            reason = f"metadata 'http.{key}' must be an http:// or https:// URL"
            raise Rejection(reason, _PREFIX + key)
        return value

    def words(self, key: str, value: str) -> frozenset[str]:
        words = frozenset(word.strip() for word in value.split(",") if word.strip())
        if not words:
            raise _unusable(key, "a comma-separated list of states", value)
        return words

    def codes(self, key: str) -> frozenset[int]:
        value = self._values.get(key) or ""
        words = [word.strip() for word in value.split(",") if word.strip()]
        if not all(w.isascii() and w.isdigit() and len(w) == 3 for w in words) or not all(
            _LOWEST_CODE <= int(word) <= _HIGHEST_CODE for word in words
        ):
            raise _unusable(key, "comma-separated integers from 100 to 599", value)
        return frozenset(int(word) for word in words)

    def seconds(self, key: str, default: float) -> float:
        value = self._values.get(key)
        if value is None:
            return default
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds >= 0):
            raise _unusable(key, "a number of seconds, 0 or more", value)
        return seconds

    def count(self, key: str, default: int, *, least: int) -> int:
        value = self._values.get(key)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 18 and int(value) >= least):
            raise _unusable(key, f"a whole number, {least} or more", value)
        return int(value)

    def payload(self) -> Payload | None:
        body_format = self.choice("body_format", ("json", "form"), "json")
        text = self._values.get("body")
        return None if text is None else read_payload(text, body_format)

    def headers(self, environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        text = self._values.get("headers")
        if text is None:
            return {}, ()
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise _bad_headers(" must be a JSON object of strings")
        secrets: list[str] = []
        filled = {
            name: _filled(name, value, environment, secrets) for name, value in document.items()
        }
        return filled, tuple(secrets)


def _filled(name: str, value: Any, environment: Mapping[str, str], secrets: list[str]) -> str:
    if not _TOKEN.fullmatch(name) or not isinstance(value, str):
        raise _bad_headers(f": {name!r} must be a header name with a string")

    def look_up(match: re.Match[str]) -> str:
        variable = match[1]
        found = environment.get(variable, os.environ.get(variable))
        if found is None:
            raise _bad_headers(f": {name} refers to ${{{variable}}}, which is not set")
        secrets.append(found)
        return found

    filled = _REFERENCE.sub(look_up, value)
    if any(not c.isprintable() and c != "\t" for c in filled) or not filled.isascii():
        raise _bad_headers(f": the value of {name} must be printable ASCII")
    return filled


def _bad_headers(problem: str) -> Rejection:
    return Rejection(f"metadata 'http.headers'{problem}", "http.headers")


def _unusable(key: str, expected: str, value: str) -> Rejection:
    reason = f"metadata 'http.{key}' must be {expected}, not {value[:80]!r}"
    return Rejection(reason, _PREFIX + key)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ``subprocess.*`` metadata of an invocation, checked before anything starts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from er_tui.rxp.metadata.rejection import Rejection, nearest

PROCESS_KEYS = ("stdin", "unbuffered", "grace_seconds", "linger", "max_capture_bytes", "pty")
"""The keys, each after ``subprocess.``."""
DEFAULT_GRACE_SECONDS = 3.0
"""Between SIGTERM and SIGKILL, where neither the invocation nor the caller says otherwise."""
_PREFIX = "subprocess."
_LONGEST_GRACE_SECONDS = 3600.0
_MOST_DIGITS = 18


class ProcessSettings(NamedTuple):
    """How a process run is to be treated."""

    stdin_none: bool = False
    """``subprocess.stdin``: ``payload`` (default; /dev/null without one) or ``none``."""
    unbuffered: bool = True
    """``subprocess.unbuffered``: whether a runner that overlays PYTHONUNBUFFERED may do so here."""
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    """``subprocess.grace_seconds``: between SIGTERM and SIGKILL, 0 to 3600."""
    linger: bool = False
    """``subprocess.linger``: leave alone what the leader leaves behind in its group."""
    max_capture_bytes: int | None = None
    """``subprocess.max_capture_bytes``: of both outputs together; past it the run is ended."""
    pty: bool = False
    """``subprocess.pty``: whether the child gets a terminal of its own."""


def read_settings(metadata: Mapping[str, str], defaults: ProcessSettings) -> ProcessSettings:
    """The settings in ``metadata``. Raises Rejection naming the key for anything unusable."""
    if not any(key.startswith(_PREFIX) for key in metadata):
        return defaults
    for problem in unknown_process_keys(metadata):
        raise problem
    return ProcessSettings(
        stdin_none=_choice(metadata, "stdin", ("payload", "none"), "payload") == "none",
        unbuffered=_choice(metadata, "unbuffered", ("true", "false"), "true") == "true",
        grace_seconds=_grace(metadata, defaults.grace_seconds),
        linger=_choice(metadata, "linger", ("true", "false"), "false") == "true",
        max_capture_bytes=_max_capture(metadata, defaults.max_capture_bytes),
        pty=_choice(metadata, "pty", ("true", "false"), "false") == "true",
    )


def unknown_process_keys(metadata: Mapping[str, str]) -> list[Rejection]:
    """One for each ``subprocess.*`` key that no runner knows."""
    return [
        Rejection(f"unknown metadata key {key!r}{nearest(key, PROCESS_KEYS, _PREFIX)}", key)
        for key in metadata
        if key.startswith(_PREFIX) and key.removeprefix(_PREFIX) not in PROCESS_KEYS
    ]


def _choice(metadata: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = metadata.get(_PREFIX + name, default)
    if value not in allowed:
        reason = f"metadata {_PREFIX}{name} must be {' or '.join(allowed)}, not {value!r}"
        raise Rejection(reason, _PREFIX + name)
    return value


def _max_capture(metadata: Mapping[str, str], default: int | None) -> int | None:
    text = metadata.get(_PREFIX + "max_capture_bytes")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text)):
        raise Rejection(
            f"metadata {_PREFIX}max_capture_bytes must be a number of bytes above 0, not {text!r}",
            _PREFIX + "max_capture_bytes",
        )
    return int(text)


def _grace(metadata: Mapping[str, str], default: float) -> float:
    text = metadata.get(_PREFIX + "grace_seconds")
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_GRACE_SECONDS:
        raise Rejection(
            f"metadata {_PREFIX}grace_seconds must be a number from 0 to 3600, not {text!r}",
            _PREFIX + "grace_seconds",
        )
    return seconds

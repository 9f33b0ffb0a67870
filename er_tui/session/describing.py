# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run from its directory as a JSON document: a row of a list, or all there is to say of it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from er_tui.journal.events import AttemptEnded, AttemptStarted, Source
from er_tui.journal.identity import presence
from er_tui.journal.reading import EventTail
from er_tui.session.finding import Kept
from er_tui.session.folders import held_folder
from er_tui.session.past import read_run
from er_tui.session.state import RunState

_LARGEST_SOURCE = 64 << 20


def row_of(run: Kept, state: RunState, now: float) -> dict[str, Any]:
    """What a list tells of a run; ``now`` in Unix seconds. Its fields are documented in the README:
    they stay, and new ones may come."""
    started = state.started
    return {
        "run_id": run.run_id,
        "invocation_id": run.invocation_id,
        "runtime_kind": started.runtime_kind if started else None,
        "runtime_name": started.runtime_name if started else None,
        "state": state.badge or state.status,
        "status": state.status,
        "started_at": moment(state.started_at),
        "finished_at": moment(state.finished_at),
        "seconds": state.seconds(now),
        "exit_code": state.result.get("exit_code") if state.result else None,
        "error_summary": state.error_summary,
        "directory": run.directory,
        "source": started.source.path if started and started.source else None,
    }


def document_of(run: Kept, now: float) -> tuple[RunState, dict[str, Any]]:
    """All there is to say of a run, and its state. The journal is read whole."""
    state = read_run(run.directory)
    started = state.started
    who = started.supervisor if started else None
    files = _files(run)
    return state, {
        **row_of(run, state, now),
        "timeout_seconds": state.timeout_seconds,
        "heard_at": moment(state.heard_at),
        "source_sha256": started.source.sha256 if started and started.source else None,
        "source_changed": _changed(started.source) if started and started.source else None,
        "masked": [value.pointer for value in started.masked] if started else [],
        "ran_by": {
            "pid": who.pid,
            "host": who.host,
            "presence": presence(who),
        }
        if who
        else None,
        "pid": state.pid,
        "files": files,
        "missing": _missing(state, files),
        "attempts": _attempts(run, state) if state.attempts else None,
        "artifacts": _artifacts(state),
        "result": state.result,
    }


def moment(at: float | None) -> str | None:
    """ISO 8601 in UTC; None for what no calendar shows."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _changed(source: Source) -> bool | None:
    """Whether the file is another one than what was run; None if it cannot be read now."""
    try:
        descriptor = os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_SOURCE:
            return None
        return hashlib.file_digest(file, "sha256").hexdigest() != source.sha256


def _files(run: Kept) -> dict[str, int | None]:
    """The names in the run directory with their sizes; None for what is no file."""
    try:
        with held_folder(run.directory) as folder, os.scandir(folder) as entries:
            found = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    except OSError:
        return {}
    return {
        name: status.st_size if stat.S_ISREG(status.st_mode) else None
        for name, status in sorted(found.items())
    }


def _missing(state: RunState, files: dict[str, int | None]) -> list[str]:
    """Captures that were written, and are there no more."""
    recorded = [(state.result or {}).get(f"{stream}_path") for stream in ("stdout", "stderr")]
    names = {os.path.basename(path) for path in recorded if isinstance(path, str)}
    names |= {"stdout.txt"} if state.stdout_bytes else set()
    names |= {"stderr.txt"} if state.stderr_bytes else set()
    return sorted(name for name in names if files.get(name) is None)


def _attempts(run: Kept, state: RunState) -> dict[str, Any]:
    phases: Counter[str] = Counter()
    last_code: int | None = None
    for event in EventTail(run.directory).read():
        if isinstance(event, AttemptStarted):
            phases[event.phase] += 1
        elif isinstance(event, AttemptEnded) and event.code is not None:
            last_code = event.code
    return {
        "total": state.attempts,
        "phases": dict(phases),
        "last_code": last_code,
        "backend_status": state.backend_status,
    }


def _artifacts(state: RunState) -> list[dict[str, Any]]:
    """Those of the result that are artifacts, each with its size; None for a file that is not
    there."""
    recorded = (state.result or {}).get("artifacts")
    found = []
    for artifact in recorded if isinstance(recorded, list) else []:
        if isinstance(artifact, dict) and isinstance(artifact.get("path"), str):
            names = {name: artifact.get(name) for name in ("artifact_id", "kind", "path")}
            found.append({**names, "size": _size(artifact["path"])})
    return found


def _size(path: str) -> int | None:
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except (OSError, ValueError):
        return None

# SPDX-License-Identifier: AGPL-3.0-or-later
"""An end for a run that lost its process: an honest result, once."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from er_tui.journal.events import Event, RunFinished, RunStarted
from er_tui.journal.identity import presence
from er_tui.journal.lines import encode
from er_tui.journal.run_directory import EVENTS_FILE, RESULT_FILE


class CannotClose(Exception):
    """A run is not one that could be closed; the text says why, as a sentence without its dot."""


def close_lost(directory: str | os.PathLike[str], started: RunStarted, last: float) -> None:
    """Write ``result.json`` (``failed``, and why) of a run whose process is gone, and journal it.

    ``last`` is when it was last heard of (Unix seconds); that is given as its end. Whatever stands
    there already is left: of several that close a run at once, one does. Raises CannotClose where
    the process lives or cannot be seen from here, or a result is there; OSError if it cannot be
    written.
    """
    folder = Path(directory)
    where = presence(started.supervisor)
    if where != "gone":
        host = started.supervisor.host
        seen = "still lives" if where == "here" else f"is on {host}, where it cannot be seen"
        raise CannotClose(f"process {started.supervisor.pid}, which runs it, {seen}")
    try:
        result = _result(folder, started, last)
    except ValueError:
        words = "its journal begins with a kind, an id or a time that no result can have"
        raise CannotClose(words) from None
    temporary = folder / f".closing-{os.urandom(8).hex()}.tmp"
    from er_tui.rxp.writing import write_result

    write_result(temporary, result)
    try:
        # A link never replaces what is there.
        os.link(temporary, folder / RESULT_FILE)
    except FileExistsError:
        raise CannotClose("it has a result already") from None
    finally:
        os.unlink(temporary)
    # When it ended, as far as anybody knows; when it was closed the result tells.
    ended = max(last, started.at)
    _append(folder / EVENTS_FILE, RunFinished(at=ended, result=result.model_dump()))


def _result(folder: Path, started: RunStarted, last: float) -> Any:
    from er_tui.rxp import RuntimeResult

    captures = {
        f"{stream}_path": str(folder / f"{stream}.txt")
        for stream in ("stdout", "stderr")
        if (folder / f"{stream}.txt").is_file()
    }
    who = started.supervisor
    return RuntimeResult(
        invocation_id=started.invocation_id,
        runtime_name=started.runtime_name,
        runtime_kind=started.runtime_kind,
        status="failed",
        started_at=_moment(started.at),
        finished_at=_moment(max(last, started.at)),
        error_summary=f"lost: the process that ran it ({who.pid} on {who.host}) is gone, and left "
        "no result; what it captured is kept",
        metadata={"run_id": started.run_id, "closed": "lost", "closed_at": _moment(time.time())},
        **captures,
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _append(path: Path, event: Event) -> None:
    """One line more; a line that was torn before it is ended first."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        line = encode(event).encode() + b"\n"
        os.write(descriptor, b"\n" + line if torn else line)
    finally:
        os.close(descriptor)

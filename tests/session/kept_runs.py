# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run directories on the disk, made by the library itself and copied."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from er_tui.journal.events import Event, ProcessIdentity, RunStarted
from er_tui.journal.identity import own_identity
from er_tui.journal.lines import encode
from er_tui.journal.run_directory import new_run_id
from er_tui.runtime import ExecutorRuntime
from er_tui.rxp import RuntimeInvocation
from er_tui.session.finding import Kept, run_at


def run_of(folder: Path, script: str = "true", **fields: Any) -> Kept:
    """A finished run of ``/bin/sh -c <script>``, recorded below ``folder``."""
    invocation = RuntimeInvocation(
        **{
            "invocation_id": "job",
            "runtime_name": "test",
            "runtime_kind": "subprocess",
            "working_directory": str(folder),
            "command": ["/bin/sh", "-c", script],
            **fields,
        }
    )
    result = ExecutorRuntime().run(invocation)
    run = run_at(result.metadata["run_directory"])
    assert run is not None
    return run


def written(
    base: Path,
    run_id: str = "",
    *,
    invocation_id: str = "job",
    who: ProcessIdentity | None = None,
    events: tuple[Event, ...] = (),
    status: str | None = "succeeded",
    at: float | None = None,
) -> Kept:
    """A run directory as a run leaves it that began at ``at`` (Unix seconds) and lasted a second;
    without ``status`` one that has no result."""
    run_id = run_id or new_run_id()
    at = time.time() if at is None else at
    directory = base / invocation_id / run_id
    directory.mkdir(parents=True)
    started = RunStarted(
        at=at,
        run_id=run_id,
        invocation_id=invocation_id,
        runtime_name="test",
        runtime_kind="subprocess",
        directory=str(directory),
        timeout_seconds=None,
        supervisor=who or gone(),
    )
    lines = [encode(event) for event in (started, *events)]
    if status is not None:
        result = {"status": status, "exit_code": 0, "error_summary": None}
        finished = {"v": 1, "event": "finished", "at": at + 1, "result": result}
        lines.append(json.dumps(finished))
        (directory / "result.json").write_text(json.dumps(result))
    (directory / "events.jsonl").write_text("".join(line + "\n" for line in lines))
    (directory / "stdout.txt").write_text("out\n")
    return Kept(str(base), invocation_id, run_id)


def gone() -> ProcessIdentity:
    """A process of this machine that lives no more."""
    own = own_identity()
    return ProcessIdentity(own.pid, 1, own.host, own.boot_id, own.pid_namespace)


def elsewhere() -> ProcessIdentity:
    own = own_identity()
    return ProcessIdentity(own.pid, own.start_time, "nightly-3", own.boot_id, own.pid_namespace)


def everything_in(folder: str | Path) -> set[str]:
    """All paths below it, links as they are."""
    return {
        os.path.relpath(os.path.join(above, name), folder)
        for above, folders, files in os.walk(folder)
        for name in (*folders, *files)
    }

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invocations of real programs, and what a run left behind, for the tests of this room."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from er_tui.journal.events import Event
from er_tui.journal.reading import EventTail
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.conftest import wait_until

PYTHON = sys.executable


def invocation(folder: Path, *command: str, **fields: object) -> RuntimeInvocation:
    """A subprocess invocation in ``folder``, with ``fields`` put in."""
    document = {
        "invocation_id": "job",
        "runtime_name": "local",
        "runtime_kind": "subprocess",
        "working_directory": str(folder),
        "command": list(command) or ["true"],
        **fields,
    }
    return RuntimeInvocation.model_validate(document)


def shell(folder: Path, script: str, **fields: object) -> RuntimeInvocation:
    return invocation(folder, "sh", "-c", script, **fields)


def python(folder: Path, code: str, **fields: object) -> RuntimeInvocation:
    return invocation(folder, PYTHON, "-c", code, **fields)


def run(invoked: RuntimeInvocation, control: RunControl | None = None) -> RuntimeResult:
    return ExecutorRuntime().run(invoked, control=control)


def run_directory(result: RuntimeResult) -> Path:
    return Path(result.metadata["run_directory"])


def stdout(result: RuntimeResult) -> bytes:
    assert result.stdout_path is not None
    return Path(result.stdout_path).read_bytes()


def stderr(result: RuntimeResult) -> bytes:
    assert result.stderr_path is not None
    return Path(result.stderr_path).read_bytes()


def journal(result: RuntimeResult) -> list[Event]:
    return EventTail(run_directory(result)).read()


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def recorded(result: RuntimeResult) -> dict[str, Any]:
    """The result as the run directory has it."""
    document: dict[str, Any] = json.loads((run_directory(result) / "result.json").read_bytes())
    return document


def is_live(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def kill(pid: int) -> None:
    """End a process that a test started and that its run rightly left alone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    wait_until(lambda: not is_live(pid))


def pid_in(path: Path) -> int:
    """The pid that a child wrote to ``path``, once it is there whole."""
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def host(code: str, *arguments: object, through: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A program of its own that uses the library, started ``through`` another command."""
    return subprocess.Popen(
        [*through, PYTHON, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[2],  # where the package of these tests is found
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def host_output(code: str, *arguments: object, through: tuple[str, ...] = ()) -> str:
    """What such a program printed; it has to succeed."""
    with host(code, *arguments, through=through) as program:
        printed, complaint = program.communicate(timeout=30)
    assert program.returncode == 0, complaint
    return printed


class Background:
    """A run in a thread of its own, with the control to end it."""

    def __init__(self, invoked: RuntimeInvocation, control: RunControl | None = None) -> None:
        self.control = control or RunControl()
        self._results: list[RuntimeResult] = []
        self._thread = threading.Thread(
            target=lambda: self._results.append(run(invoked, self.control))
        )
        self._thread.start()

    def result(self, seconds: float = 15.0) -> RuntimeResult:
        """The run's result; the run is cancelled, and the test fails, when there is none."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.control.cancel(grace_seconds=0)
            self._thread.join(10)
            raise AssertionError(f"no result after {seconds} s")
        return self._results[0]

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Local processes, run safely: own session and group, captured, timed, ended whole."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from er_tui.journal.events import Member
from er_tui.runtime.control import RunControl
from er_tui.runtime.process.capture import Capture, Stream
from er_tui.runtime.process.settings import ProcessSettings, read_settings
from er_tui.runtime.process.spawn import check_working_directory, open_stdin, spawn
from er_tui.runtime.process.supervise import Ending, Supervisor
from er_tui.runtime.recording import Rejection, RunRecord, run_recorded
from er_tui.runtime.sigterm import sigterm_cancels
from er_tui.rxp import ArtifactDescriptor, RuntimeInvocation, RuntimeResult, RuntimeStatus

_TAIL_BYTES = 4096
_TAIL_LINES = 5


class SubprocessRunner:
    """Runs ``invocation.command`` and gives back how it ended.

    The child leads its own session and process group, reads ``input_payload_path`` or /dev/null,
    and gets this process's environment with ``invocation.environment`` laid over it. On cancel and
    timeout the group gets SIGTERM, then SIGKILL, and the run is over when none of it is alive; what
    a leader leaves behind in its group is ended too (metadata ``subprocess.linger`` keeps it).
    Works from any thread; in the main thread SIGTERM to this process ends the group first.

    ``unbuffered`` lays ``PYTHONUNBUFFERED=1`` under the invocation's environment, so that Python
    children are seen live; metadata ``subprocess.unbuffered`` = ``false`` opts a run out.
    """

    def __init__(self, *, unbuffered: bool = False) -> None:
        self._unbuffered = unbuffered

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        return run_recorded(invocation, control, self._run)

    def _run(self, record: RunRecord) -> RuntimeResult:
        invocation = record.invocation
        settings = read_settings(invocation.metadata)
        check_working_directory(invocation.working_directory)
        overlay = self._overlay(invocation.environment, settings)
        stdin = open_stdin(invocation, settings.stdin_none)
        try:
            try:
                capture = Capture(record)
            except OSError as error:
                raise Rejection(f"captures cannot be made: {error.strerror}") from error
            try:
                start = time.monotonic()
                ending = self._supervise(record, overlay, stdin, capture, settings)
                return _result(record, capture, ending, time.monotonic() - start)
            finally:
                capture.close()
        finally:
            os.close(stdin)

    def _overlay(self, environment: Mapping[str, str], settings: ProcessSettings) -> dict[str, str]:
        if self._unbuffered and settings.unbuffered:
            return {"PYTHONUNBUFFERED": "1", **environment}
        return dict(environment)

    def _supervise(
        self,
        record: RunRecord,
        overlay: Mapping[str, str],
        stdin: int,
        capture: Capture,
        settings: ProcessSettings,
    ) -> Ending:
        with sigterm_cancels(record.control, record):
            child = spawn(record.invocation, overlay, stdin, capture)
            return Supervisor(child, record, capture, settings, overlay).run()


def _result(
    record: RunRecord, capture: Capture, ending: Ending, wall_seconds: float
) -> RuntimeResult:
    stdout, stderr = capture.streams
    status, summary = _verdict(ending, stderr)
    return record.result(
        status,
        exit_code=ending.exit.code,
        error_summary=summary,
        stdout_path=stdout.path,
        stderr_path=stderr.path,
        artifacts=[
            ArtifactDescriptor(
                artifact_id=stream.name,
                path=stream.path,
                kind="log_excerpt",
                description=f"captured {stream.name}",
            )
            for stream in capture.streams
        ],
        metadata=_facts(ending, wall_seconds)
        | {f"{stream.name}_bytes": str(stream.size) for stream in capture.streams},
    )


def _verdict(ending: Ending, stderr: Stream) -> tuple[RuntimeStatus, str | None]:
    if ending.cause == "capture_failed":
        return "failed", ending.reason
    if ending.cause != "exited":
        forced = "; SIGKILL was needed" if ending.killed else ""
        if ending.survivors:
            forced = f"; SIGKILL did not end {_listed(ending.survivors)}"
        return ending.cause, ending.reason + forced
    if ending.exit.code == 0:
        return "succeeded", None
    if ending.exit.signal:
        how = f"ended by signal {ending.exit.signal} (exit code {ending.exit.code})"
    elif ending.exit.code is None:
        how = "exit status lost: this program ignores SIGCHLD or waits for children elsewhere"
    else:
        how = f"exited with code {ending.exit.code}"
    last_words = _last_words(stderr)
    return "failed", f"{how}\n{last_words}" if last_words else how


def _facts(ending: Ending, wall_seconds: float) -> dict[str, str]:
    facts = {
        "wall_seconds": f"{wall_seconds:.6f}",
        "cpu_user_seconds": f"{ending.exit.cpu_user_seconds:.6f}",
        "cpu_system_seconds": f"{ending.exit.cpu_system_seconds:.6f}",
    }
    if ending.exit.peak_memory_bytes is not None:
        facts["peak_memory_bytes"] = str(ending.exit.peak_memory_bytes)
    if ending.exit.signal:
        facts["signal"] = ending.exit.signal
    if ending.swept:
        facts["swept_count"] = str(len(ending.swept))
        facts["swept"] = _listed(ending.swept)
    if ending.survivors:
        facts["survivors"] = _listed(ending.survivors)
    return facts


def _listed(members: tuple[Member, ...]) -> str:
    return "; ".join(f"{member.pid} {member.command}" for member in members)


def _last_words(stderr: Stream) -> str:
    """The last lines of stderr that say anything."""
    data = stderr.tail(_TAIL_BYTES)
    lines = data.decode(errors="replace").splitlines()
    if stderr.size > len(data):
        lines = lines[1:] or lines
    return "\n".join([line for line in lines if line.strip()][-_TAIL_LINES:])

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Local processes, run safely: own session and group, captured, timed, ended whole."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack

from er_tui.journal.events import Member
from er_tui.journal.identity import identify
from er_tui.runtime.control import RunControl
from er_tui.runtime.holding import held
from er_tui.runtime.process.capture import Capture, Stream
from er_tui.runtime.process.ending import End
from er_tui.runtime.process.exits import Exit, reap
from er_tui.runtime.process.spawn import check_working_directory, open_stdin, spawn
from er_tui.runtime.process.supervise import Supervisor
from er_tui.runtime.process.tag import tag_of
from er_tui.runtime.process.watching import watched
from er_tui.runtime.recording import RunRecord, run_recorded
from er_tui.runtime.signals import sigterm_cancels
from er_tui.rxp import ArtifactDescriptor, RuntimeInvocation, RuntimeResult, RuntimeStatus
from er_tui.rxp.metadata.process import DEFAULT_GRACE_SECONDS, ProcessSettings, read_settings
from er_tui.rxp.metadata.rejection import Rejection

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
    ``grace_seconds`` and ``max_capture_bytes`` hold where the metadata does not say otherwise.

    With ``watchdog`` a small process of this user is started beside the first run and stays until
    this process ends; it then kills what runs are still live, whatever ended this process. Leave it
    out where something else does that.
    """

    def __init__(
        self,
        *,
        unbuffered: bool = False,
        grace_seconds: float = DEFAULT_GRACE_SECONDS,
        max_capture_bytes: int | None = None,
        watchdog: bool = True,
    ) -> None:
        self._unbuffered = unbuffered
        self._watchdog = watchdog
        self._defaults = ProcessSettings(
            grace_seconds=grace_seconds, max_capture_bytes=max_capture_bytes
        )

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        return run_recorded(invocation, control, self._run)

    def _run(self, record: RunRecord) -> RuntimeResult:
        invocation = record.invocation
        settings = read_settings(invocation.metadata, self._defaults)
        check_working_directory(invocation.working_directory)
        overlay = self._overlay(invocation.environment, settings)
        with ExitStack() as stack:
            stdin = None
            if not settings.pty or settings.stdin_none or invocation.input_payload_path:
                stdin = open_stdin(invocation, settings.stdin_none)
                stack.callback(os.close, stdin)
            window = record.control.window if settings.pty else None
            try:
                capture = Capture(record, window, settings.max_capture_bytes)
            except OSError as error:
                raise Rejection(f"captures cannot be made: {error.strerror}") from error
            stack.callback(capture.close)
            start = time.monotonic()
            exit_, end = self._supervise(record, overlay, stdin, capture, settings)
            return _result(record, capture, exit_, end, time.monotonic() - start)

    def _overlay(self, environment: Mapping[str, str], settings: ProcessSettings) -> dict[str, str]:
        if self._unbuffered and settings.unbuffered:
            return {"PYTHONUNBUFFERED": "1", **environment}
        return dict(environment)

    def _supervise(
        self,
        record: RunRecord,
        overlay: Mapping[str, str],
        stdin: int | None,
        capture: Capture,
        settings: ProcessSettings,
    ) -> tuple[Exit, End]:
        control = record.control
        with (
            sigterm_cancels(control, record),
            watched(tag_of(control.run_id), self._watchdog, record.note) as watch,
            held(signal.SIGINT) as release,
        ):
            child = spawn(record.invocation, control.run_id, overlay, stdin, capture)
            try:
                identity = identify(child.pid)
                watch(identity)
                supervisor = Supervisor(child, identity, record, capture, settings)
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                reap(child)
                raise
            return supervisor.run(overlay, release), supervisor.end


def _result(
    record: RunRecord, capture: Capture, exit_: Exit, end: End, wall_seconds: float
) -> RuntimeResult:
    # A terminal has one stream, which holds the errors too.
    stdout, stderr = capture.streams[0], capture.streams[-1]
    status, summary = _verdict(exit_, end, stderr)
    discarded = sum(stream.discarded for stream in capture.streams)
    if capture.passed and summary is not None:
        summary += f"; {discarded} bytes of it were not"
    return record.result(
        status,
        exit_code=exit_.code,
        error_summary=summary,
        stdout_path=stdout.path,
        stderr_path=stderr.path if stderr is not stdout else None,
        artifacts=[
            ArtifactDescriptor(
                artifact_id=stream.name,
                path=stream.path,
                kind="log_excerpt",
                description=f"captured {stream.name}",
            )
            for stream in capture.streams
        ],
        metadata=_facts(record.control, exit_, end, wall_seconds)
        | {f"{stream.name}_bytes": str(stream.size) for stream in capture.streams}
        | ({"discarded_bytes": str(discarded)} if discarded else {})
        | _lost(capture),
    )


def _lost(capture: Capture) -> dict[str, str]:
    """Captures that somebody removed while they were written."""
    lost = [stream.name for stream in capture.streams if not os.path.lexists(stream.path)]
    return {"captures_lost": ", ".join(lost)} if lost else {}


def _verdict(exit_: Exit, end: End, stderr: Stream) -> tuple[RuntimeStatus, str | None]:
    if end.cause == "capture_failed":
        return "failed", end.reason
    if end.cause != "exited":
        forced = "; SIGKILL was needed" if end.killed else ""
        if end.survivors:
            forced = f"; SIGKILL did not end {_listed(end.survivors)}"
        return end.cause, end.reason + forced
    if exit_.code == 0:
        return "succeeded", None
    if exit_.signal:
        how = f"ended by signal {exit_.signal} (exit code {exit_.code})"
    elif exit_.code is None:
        how = "exit status lost: this program ignores SIGCHLD or waits for children elsewhere"
    else:
        how = f"exited with code {exit_.code}"
    last_words = _last_words(stderr)
    return "failed", f"{how}\n{last_words}" if last_words else how


def _facts(control: RunControl, exit_: Exit, end: End, wall_seconds: float) -> dict[str, str]:
    facts = {
        "wall_seconds": f"{wall_seconds:.6f}",
        "cpu_user_seconds": f"{exit_.cpu_user_seconds:.6f}",
        "cpu_system_seconds": f"{exit_.cpu_system_seconds:.6f}",
    }
    if exit_.peak_memory_bytes is not None:
        facts["peak_memory_bytes"] = str(exit_.peak_memory_bytes)
    if control.peaks is not None:
        facts["tree_peak_cpu_percent"] = f"{control.peaks.cpu_percent:.1f}"
        facts["tree_peak_memory_bytes"] = str(control.peaks.memory_bytes)
        facts["tree_peak_processes"] = str(control.peaks.processes)
    if exit_.signal:
        facts["signal"] = exit_.signal
    if end.seconds is not None:
        facts["ending_seconds"] = f"{end.seconds:.6f}"
    for name, members in (("swept", end.swept), ("escaped", end.escaped)):
        if members:
            facts[f"{name}_count"] = str(len(members))
            facts[name] = _listed(members)
    if end.survivors:
        facts["survivors"] = _listed(end.survivors)
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

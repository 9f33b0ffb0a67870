# SPDX-License-Identifier: AGPL-3.0-or-later
"""One run, recorded: its directory, its events, and its result for every outcome."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from er_tui.journal.events import Event, MaskedValue, Noted, RunFinished, RunStarted
from er_tui.journal.identity import own_identity
from er_tui.journal.masking import Masking
from er_tui.journal.run_directory import (
    ENVIRONMENT_FILE,
    INVOCATION_FILE,
    RunDirectory,
    make_run_directory,
    words_of,
)
from er_tui.runtime.control import RunControl
from er_tui.runtime.delivery import deliver, delivery_problem
from er_tui.runtime.holding import held
from er_tui.rxp import (
    ArtifactDescriptor,
    RuntimeInvocation,
    RuntimeResult,
    RuntimeStatus,
)
from er_tui.rxp.metadata.rejection import Rejection

_LONGEST_TIMEOUT = 10**9
"""In seconds, 31 years: a larger number need not fit a clock."""

_FAREWELL_SECONDS = 2.0
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
"""They wait while a record is begun and finished: it shall be whole whatever ends the program."""


class RunRecord:
    """What a runner writes through: events, captures and the result.

    A record that cannot be written (a full disk) does not stop a run: the first such failure is
    kept, the result's metadata tells it as ``record_error``.
    """

    def __init__(self, invocation: RuntimeInvocation, control: RunControl) -> None:
        self.invocation = invocation
        self.control = control
        self.masking = Masking(invocation.model_dump())
        placement = make_run_directory(invocation, control.run_id)
        self.directory: RunDirectory | None = placement.directory
        self.refusal = placement.refusal
        self.deliverable = True
        """Whether to write ``output_result_path``: not where a look told that it cannot be."""
        self._thread = threading.get_ident()
        self._note = placement.note and self.masking.scrub(placement.note)
        self.open = False
        self._emitting = threading.RLock()
        self.signal_afterwards: signal.Signals | None = None
        """Held back while the run was ended; delivered once its result is written."""
        self.farewell: threading.Thread | None = None
        """What still goes on beside the end of the run; such a signal gives it a moment."""
        self._record_error: str | None = None
        self._observer_error: Exception | None = None
        self._started_at = datetime.now(UTC)
        self._start = time.monotonic()

    def begin(self) -> None:
        """Claim the control, start the clock and write down what is about to run."""
        self.control.record = self
        self.open = True
        timeout = self.invocation.timeout_seconds
        if timeout is not None:
            self.control.deadline = self._start + min(timeout, _LONGEST_TIMEOUT)
        self._write(lambda d: d.write_document(INVOCATION_FILE, self.masking.document))
        self.emit(
            RunStarted(
                at=time.time(),
                run_id=self.control.run_id,
                invocation_id=self.invocation.invocation_id,
                runtime_name=self.invocation.runtime_name,
                runtime_kind=self.invocation.runtime_kind,
                directory=self.directory.path if self.directory else None,
                timeout_seconds=timeout,
                supervisor=own_identity(),
                masked=self._masked(),
                source=self.control.source,
            )
        )
        if self._note:
            self.emit(Noted(at=time.time(), text=self._note))

    def allowed_seconds(self, deadline: float) -> float:
        """How long after its start the run may last until ``deadline`` (monotonic clock)."""
        return deadline - self._start

    def serves(self, invocation: RuntimeInvocation) -> bool:
        """Whether this is the record of ``invocation``, being written by the calling thread."""
        on_thread = self._thread == threading.get_ident()
        return self.open and on_thread and self.invocation is invocation

    def emit(self, event: Event) -> None:
        """Journal ``event``, then show it to the observer; from any thread, one at a time.

        What goes on beside the end of the run (a cancel told to a backend) may come after it.
        """
        with self._emitting:
            if self.open:
                self._write(lambda directory: directory.append(event))
            else:
                self._write(lambda directory: directory.append_late(event))
            self._notify(event)

    def note(self, text: str) -> None:
        """Tell the reader of the timeline something."""
        self.emit(Noted(at=time.time(), text=text))

    def write_environment(self, overlay: Mapping[str, str]) -> None:
        """Record what the child gets beyond this process's environment, masked."""
        masked = self.masking.environment(overlay)
        self._write(lambda directory: directory.write_document(ENVIRONMENT_FILE, masked))

    def result(
        self,
        status: RuntimeStatus,
        *,
        exit_code: int | None = None,
        error_summary: str | None = None,
        stdout_path: str | None = None,
        stderr_path: str | None = None,
        artifacts: list[ArtifactDescriptor] | None = None,
        metadata: dict[str, str] | None = None,
    ) -> RuntimeResult:
        """The result of this run, from the moment it began until now; secrets scrubbed."""
        facts = {"run_id": self.control.run_id}
        if self.directory is not None:
            facts["run_directory"] = self.directory.path
        if self._note:
            facts["run_directory_note"] = self._note
        return RuntimeResult(
            invocation_id=self.invocation.invocation_id,
            runtime_name=self.invocation.runtime_name,
            runtime_kind=self.invocation.runtime_kind,
            status=status,
            exit_code=exit_code,
            started_at=self._started_at.isoformat(),
            finished_at=datetime.now(UTC).isoformat(),
            stdout_path=stdout_path,
            stderr_path=stderr_path,
            artifacts=artifacts or [],
            error_summary=self._clean(error_summary),
            metadata=facts | (metadata or {}),
        )

    def adopt(self, result: RuntimeResult) -> RuntimeResult:
        """A result that this record did not make, its error text scrubbed like any other."""
        summary = self._clean(result.error_summary)
        if summary == result.error_summary:
            return result
        return result.model_copy(update={"error_summary": summary})

    def finish(self, result: RuntimeResult) -> RuntimeResult:
        """Write the result to ``output_result_path``, the journal and the directory, in that order.

        Raises what the observer raised, once all is written.
        """
        if self.deliverable:
            result = deliver(self.invocation.output_result_path, result)
        event = RunFinished(at=time.time(), result=result.model_dump())
        with self._emitting:
            if self.directory is not None:
                self._write(lambda directory: directory.append(event))
                result = self._with_record_error(result)
                self._write(lambda directory: directory.write_result(result))
                result = self._with_record_error(result)
                self.directory.close()
            self.open = False
            self._notify(event)
        if self._observer_error is not None:
            raise self._observer_error
        return result

    def _with_record_error(self, result: RuntimeResult) -> RuntimeResult:
        if self._record_error is None:
            return result
        metadata = {**result.metadata, "record_error": self._record_error}
        return result.model_copy(update={"metadata": metadata})

    def _clean(self, text: str | None) -> str | None:
        """``text`` without secrets, and valid Unicode: an error may quote a path that is not."""
        if text is None:
            return None
        return self.masking.scrub(text).encode(errors="backslashreplace").decode()

    def _write(self, write: Callable[[RunDirectory], None]) -> None:
        if self.directory is None:
            return
        try:
            write(self.directory)
        except OSError as error:
            self._record_error = self._record_error or words_of(error)

    def _notify(self, event: Event) -> None:
        if self._observer_error is None:
            try:
                self.control.notify(event)
            except Exception as error:  # noqa: BLE001 - kept, and raised once the run is recorded
                self._observer_error = error

    def _masked(self) -> tuple[MaskedValue, ...]:
        if not self.masking.secrets or self.directory is None:
            return ()  # without a record there is nothing to compare with
        from er_tui.journal.digest import digest  # hashing is needed by runs with secrets only

        return tuple(MaskedValue(p, digest(value)) for p, value in self.masking.secrets.items())


def run_recorded(
    invocation: RuntimeInvocation,
    control: RunControl | None,
    body: Callable[[RunRecord], RuntimeResult],
) -> RuntimeResult:
    """Run ``body`` with the record of this run and give back its result, recorded.

    Inside a run that is recorded already (a runner called by ``ExecutorRuntime``) this is
    ``body`` on that record. What ``body`` raises becomes a result: ``rejected`` for a
    :class:`Rejection`, ``failed`` naming the exception for any other. An interrupt
    (KeyboardInterrupt, SystemExit) is recorded as ``cancelled`` and goes on to the caller.
    """
    control = control or RunControl()
    if control.record is not None and control.record.serves(invocation):
        return body(control.record)
    control.claim()
    record = RunRecord(invocation, control)
    try:
        try:
            with held(*_INTERRUPTS):
                record.begin()
            result = _outcome(record, body)
        except BaseException as interrupt:
            summary = f"interrupted by {type(interrupt).__name__}"
            with held(*_INTERRUPTS):
                record.finish(record.result("cancelled", error_summary=summary))
            raise
        with held(*_INTERRUPTS):
            return record.finish(result)
    finally:
        if record.signal_afterwards is not None:
            if record.farewell is not None:
                record.farewell.join(_FAREWELL_SECONDS)
            signal.raise_signal(record.signal_afterwards)


def _outcome(record: RunRecord, body: Callable[[RunRecord], RuntimeResult]) -> RuntimeResult:
    undeliverable = delivery_problem(record.invocation.output_result_path)
    record.deliverable = undeliverable is None
    refusal = record.refusal or undeliverable
    if refusal:
        return record.result("rejected", error_summary=refusal)
    if record.control.cancelled:
        return record.result("cancelled", error_summary="cancelled before it started")
    try:
        result: object = body(record)
    except Rejection as rejection:
        return record.result("rejected", error_summary=str(rejection))
    except Exception as error:  # noqa: BLE001 - a runner's failure is a result, whatever it is
        return record.result("failed", error_summary=_named(error))
    if not isinstance(result, RuntimeResult):
        summary = f"the runner returned {type(result).__name__} instead of a RuntimeResult"
        return record.result("failed", error_summary=summary)
    return record.adopt(result)


def _named(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - a stranger's exception that cannot even be printed
        return type(error).__name__

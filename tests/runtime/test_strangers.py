# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runners, dispatchers and observers of the caller's: whatever they do, the run is recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from er_tui.journal.events import Event
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.runtime.runners import ManualRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.runtime.invoking import invocation, journal, names, python, recorded, run, shell
from tests.runtime.test_registry import answer

Dispatch = Callable[[RuntimeInvocation], RuntimeResult]


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def raising(error: BaseException) -> Dispatch:
    def dispatch(_invocation: RuntimeInvocation) -> RuntimeResult:
        raise error

    return dispatch


def dispatched(folder: Path, dispatcher: object, **fields: object) -> RuntimeResult:
    runtime = ExecutorRuntime(runners={"manual": ManualRunner(dispatcher)})  # type: ignore[arg-type]
    return runtime.run(invocation(folder, runtime_kind="manual", **fields))


def runs_of(folder: Path) -> list[Path]:
    return list((folder / ".executor_runtime" / "job").iterdir())


@pytest.mark.parametrize(
    ("error", "summary"),
    [
        (ValueError("no such step"), "ValueError: no such step"),
        (KeyError("step"), "KeyError: 'step'"),
        (RecursionError(), "RecursionError: "),
        (OSError("caf\udce9 is gone"), "OSError: caf\\udce9 is gone"),
        (Unprintable(), "Unprintable"),
    ],
)
def test_a_dispatcher_that_raises_gives_failed_with_the_exception_named(
    tmp_path: Path, error: Exception, summary: str
) -> None:
    result = dispatched(tmp_path, raising(error))
    assert (result.status, result.error_summary) == ("failed", summary)
    assert recorded(result) == result.model_dump()


@pytest.mark.parametrize("nothing", [None, {"status": "succeeded"}, "ok"])
def test_a_dispatcher_that_returns_no_result_gives_failed(tmp_path: Path, nothing: object) -> None:
    result = dispatched(tmp_path, lambda _invocation: nothing)
    kind = type(nothing).__name__
    assert result.status == "failed"
    assert result.error_summary == f"the runner returned {kind} instead of a RuntimeResult"


@pytest.mark.parametrize("interrupt", [SystemExit(3), KeyboardInterrupt()])
def test_an_interrupt_is_recorded_as_cancelled_and_goes_on_to_the_caller(
    tmp_path: Path, interrupt: BaseException
) -> None:
    target = tmp_path / "result.json"
    with pytest.raises(type(interrupt)):
        dispatched(tmp_path, raising(interrupt), output_result_path=str(target))
    document = json.loads((runs_of(tmp_path)[0] / "result.json").read_bytes())
    assert document == json.loads(target.read_bytes())
    assert document["status"] == "cancelled"
    assert document["error_summary"] == f"interrupted by {type(interrupt).__name__}"


def test_a_dispatcher_may_take_control_in_any_shape_of_callable(tmp_path: Path) -> None:
    seen: list[str] = []

    def plain(invocation: RuntimeInvocation, control: RunControl) -> RuntimeResult:
        seen.append(control.run_id)
        return answer(invocation)

    class Callable_:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, invocation: RuntimeInvocation, *, control: RunControl) -> RuntimeResult:
            return plain(invocation, control)

    for dispatcher in (plain, partial(plain), Callable_(), Callable_().__call__):
        assert dispatched(tmp_path, dispatcher).status == "succeeded"
    assert len(set(seen)) == 4


def test_a_dispatcher_that_waits_on_its_control_sees_the_cancel_at_once(tmp_path: Path) -> None:
    waiting = threading.Event()

    def patient(invocation: RuntimeInvocation, control: RunControl) -> RuntimeResult:
        waiting.set()
        cancelled = control.wait(float("inf"))
        return answer(invocation, status="cancelled" if cancelled else "failed")

    control = RunControl()

    def cancel() -> None:
        waiting.wait(10)
        control.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    runner = ManualRunner(patient)
    result = runner.run(invocation(tmp_path, runtime_kind="manual"), control=control)
    canceller.join()
    assert result.status == "cancelled"


def test_a_dispatcher_that_waits_is_woken_by_the_deadline(tmp_path: Path) -> None:
    def patient(invocation: RuntimeInvocation, control: RunControl) -> RuntimeResult:
        assert not control.wait(30)
        assert control.remaining() == 0.0
        return answer(invocation, status="timed_out")

    assert dispatched(tmp_path, patient, timeout_seconds=1).status == "timed_out"


def test_the_error_text_of_a_stranger_is_scrubbed_of_the_invocations_secrets(
    tmp_path: Path,
) -> None:
    def leaky(invocation: RuntimeInvocation) -> RuntimeResult:
        return answer(invocation, status="failed", error_summary="401 for tok-12345")

    result = dispatched(tmp_path, leaky, environment={"API_TOKEN": "tok-12345"})
    assert result.error_summary == "401 for ***"


def test_the_observer_sees_what_is_journaled_in_the_order_of_the_journal(tmp_path: Path) -> None:
    seen: list[Event] = []
    journaled: list[bool] = []

    def observe(event: Event) -> None:
        seen.append(event)
        run_folder = runs_of(tmp_path)[0]
        lines = (run_folder / "events.jsonl").read_bytes().splitlines()
        journaled.append(len(lines) == len(seen))

    code = "import sys\nfor n in range(20):\n print(n, flush=True)\n print(n, file=sys.stderr)"
    result = run(python(tmp_path, code), RunControl(on_event=observe))
    assert seen == journal(result)
    assert all(journaled)
    assert names(seen)[:2] == ["started", "spawned"]
    assert names(seen)[-1] == "finished"


@pytest.mark.parametrize("at", ["started", "spawned", "output", "exited", "finished"])
def test_an_observer_that_raises_is_told_to_the_caller_once_the_run_is_recorded(
    tmp_path: Path, at: str
) -> None:
    calls: list[str] = []

    def observe(event: Event) -> None:
        calls.append(event.name)
        if event.name == at:
            raise ZeroDivisionError("observer")

    with pytest.raises(ZeroDivisionError, match="observer"):
        run(shell(tmp_path, "echo done"), RunControl(on_event=observe))
    assert calls[-1] == at
    document = json.loads((runs_of(tmp_path)[0] / "result.json").read_bytes())
    assert document["status"] == "succeeded"


@pytest.mark.parametrize("at", ["started", "spawned", "output"])
def test_an_observer_that_interrupts_ends_the_run_and_the_record_says_so(
    tmp_path: Path, at: str
) -> None:
    def observe(event: Event) -> None:
        if event.name == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(shell(tmp_path, "echo begun; exec sleep 60"), RunControl(on_event=observe))
    document = json.loads((runs_of(tmp_path)[0] / "result.json").read_bytes())
    assert document["status"] == "cancelled"
    assert document["error_summary"] == "interrupted by KeyboardInterrupt"

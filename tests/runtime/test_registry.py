# SPDX-License-Identifier: AGPL-3.0-or-later
"""The registry: one runner a kind, and a recorded result for every invocation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.runtime.runners import ManualRunner, SubprocessRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.runtime.invoking import invocation, journal, names, recorded, run_directory


def answer(invoked: RuntimeInvocation, **fields: object) -> RuntimeResult:
    document = {
        "invocation_id": invoked.invocation_id,
        "runtime_name": invoked.runtime_name,
        "runtime_kind": invoked.runtime_kind,
        "status": "succeeded",
        "started_at": "2026-01-01T00:00:00+00:00",
        "finished_at": "2026-01-01T00:00:01+00:00",
        **fields,
    }
    return RuntimeResult.model_validate(document)


class SeedRunner:
    """A runner from before there were controls; falsy, as a container of runners may be."""

    def __len__(self) -> int:
        return 0

    def run(self, invocation: RuntimeInvocation) -> RuntimeResult:
        return answer(invocation, metadata={"by": "seed"})


class ControlledRunner:
    def __init__(self) -> None:
        self.seen: list[RunControl] = []

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        assert control is not None
        self.seen.append(control)
        return answer(invocation)


def test_a_plain_runtime_serves_processes_and_nothing_else() -> None:
    runtime = ExecutorRuntime()
    assert isinstance(runtime.runner, SubprocessRunner)
    assert runtime.is_registered("subprocess")
    assert not any(runtime.is_registered(kind) for kind in ("http", "http_async", "manual"))


def test_runner_serves_subprocess(tmp_path: Path) -> None:
    seed = SeedRunner()
    runtime = ExecutorRuntime(runner=seed)
    assert runtime.runner is seed
    assert runtime.run(invocation(tmp_path)).metadata["by"] == "seed"


def test_runners_replace_the_whole_registry() -> None:
    seed = SeedRunner()
    runtime = ExecutorRuntime(runners={"manual": seed})
    assert runtime.runner is seed
    assert not runtime.is_registered("subprocess")
    with pytest.raises(LookupError):
        _ = ExecutorRuntime(runners={}).runner
    with pytest.raises(ValueError, match="not both"):
        ExecutorRuntime(runners={}, runner=seed)


def test_the_callers_mapping_is_not_touched_by_a_registration() -> None:
    runners = {"manual": SeedRunner()}
    ExecutorRuntime(runners=runners).register("http", SeedRunner())
    assert set(runners) == {"manual"}


def test_a_registered_runner_is_used_from_then_on(tmp_path: Path) -> None:
    runtime = ExecutorRuntime()
    runtime.register("manual", SeedRunner())
    assert runtime.is_registered("manual")
    result = runtime.run(invocation(tmp_path, runtime_kind="manual"))
    assert result.status == "succeeded"


@pytest.mark.parametrize("kind", ["http", "http_async", "container", "manual", "unknown"])
def test_a_kind_without_a_runner_is_rejected_recorded_and_delivered(
    tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "out" / "result.json"
    invoked = invocation(tmp_path, runtime_kind=kind, output_result_path=str(target))
    result = ExecutorRuntime().run(invoked)
    assert result.status == "rejected"
    assert result.error_summary == f"no runner registered for runtime_kind={kind!r}"
    assert json.loads(target.read_bytes()) == recorded(result) == result.model_dump()
    assert names(journal(result)) == ["started", "finished"]
    assert {path.name for path in run_directory(result).iterdir()} == {
        "events.jsonl",
        "invocation.json",
        "result.json",
    }


def test_control_is_given_to_a_runner_that_has_a_parameter_of_that_name(tmp_path: Path) -> None:
    runner = ControlledRunner()
    control = RunControl()
    ExecutorRuntime(runner=runner).run(invocation(tmp_path), control=control)
    ExecutorRuntime(runner=runner).run(invocation(tmp_path))
    assert runner.seen[0] is control
    assert isinstance(runner.seen[1], RunControl)


def test_a_control_serves_one_run(tmp_path: Path) -> None:
    control = RunControl()
    ExecutorRuntime().run(invocation(tmp_path), control=control)
    with pytest.raises(ValueError, match="already"):
        ExecutorRuntime().run(invocation(tmp_path), control=control)
    with pytest.raises(ValueError, match="already"):
        SubprocessRunner().run(invocation(tmp_path), control=control)


def test_a_run_id_of_the_callers_names_the_run(tmp_path: Path) -> None:
    result = ExecutorRuntime().run(invocation(tmp_path), control=RunControl(run_id="mine-1"))
    assert run_directory(result) == tmp_path / ".executor_runtime" / "job" / "mine-1"
    assert result.metadata["run_id"] == "mine-1"
    with pytest.raises(ValueError, match="plain path segment"):
        RunControl(run_id="../x")


def test_a_runner_called_directly_makes_its_own_run_directory(tmp_path: Path) -> None:
    result = SubprocessRunner().run(invocation(tmp_path))
    assert recorded(result) == result.model_dump()
    manual = ManualRunner(answer).run(invocation(tmp_path, runtime_kind="manual"))
    assert manual.status == "succeeded"
    runs = list((tmp_path / ".executor_runtime" / "job").iterdir())
    assert len(runs) == 2
    assert all((path / "result.json").is_file() for path in runs)


def test_a_runner_that_wraps_another_shares_its_run_directory(tmp_path: Path) -> None:
    class Wrapper:
        def run(
            self, invocation: RuntimeInvocation, control: RunControl | None = None
        ) -> RuntimeResult:
            return SubprocessRunner().run(invocation, control=control)

    result = ExecutorRuntime(runner=Wrapper()).run(invocation(tmp_path))
    assert result.status == "succeeded"
    assert len(list((tmp_path / ".executor_runtime" / "job").iterdir())) == 1
    assert names(journal(result)) == ["started", "spawned", "exited", "finished"]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a process did is what its result says."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from er_tui.journal import events
from tests.runtime.invoking import (
    invocation,
    journal,
    names,
    python,
    recorded,
    run,
    run_directory,
    shell,
    stderr,
    stdout,
)


def test_a_success_has_its_output_its_times_and_its_record(tmp_path: Path) -> None:
    target = tmp_path / "out" / "result.json"
    result = run(shell(tmp_path, "echo out; echo err >&2", output_result_path=str(target)))
    assert (result.status, result.exit_code, result.error_summary) == ("succeeded", 0, None)
    assert (stdout(result), stderr(result)) == (b"out\n", b"err\n")
    assert json.loads(target.read_bytes()) == recorded(result) == result.model_dump()
    assert [artifact.path for artifact in result.artifacts] == [
        result.stdout_path,
        result.stderr_path,
    ]
    begun, ended = map(datetime.fromisoformat, (result.started_at, result.finished_at))
    assert begun.tzinfo is not None
    assert begun <= ended
    assert (result.metadata["stdout_bytes"], result.metadata["stderr_bytes"]) == ("4", "4")


def test_a_run_directory_holds_everything_privately(tmp_path: Path) -> None:
    result = run(shell(tmp_path, "echo out", environment={"A": "b"}))
    files = {path.name: path for path in run_directory(result).iterdir()}
    assert set(files) == {
        "invocation.json",
        "environment.json",
        "events.jsonl",
        "stdout.txt",
        "stderr.txt",
        "result.json",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    assert stat.S_IMODE(run_directory(result).stat().st_mode) == 0o700
    assert json.loads(files["environment.json"].read_bytes()) == {"A": "b"}
    assert json.loads(files["invocation.json"].read_bytes())["command"][2] == "echo out"


def test_the_journal_tells_the_run_from_start_to_finish(tmp_path: Path) -> None:
    result = run(shell(tmp_path, "echo out", timeout_seconds=30))
    told = journal(result)
    assert names(told) == ["started", "spawned", "output", "exited", "finished"]
    started, finished = told[0], told[-1]
    assert isinstance(started, events.RunStarted)
    assert started.directory == str(run_directory(result))
    assert started.run_id == run_directory(result).name
    assert started.timeout_seconds == 30
    assert isinstance(finished, events.RunFinished)
    assert finished.result == result.model_dump()
    assert [event.at for event in told] == sorted(event.at for event in told)


def test_a_rerun_never_touches_an_earlier_run(tmp_path: Path) -> None:
    first = run(shell(tmp_path, "echo first"))
    before = {path: path.read_bytes() for path in run_directory(first).iterdir()}
    second = run(shell(tmp_path, "echo second"))
    assert {path: path.read_bytes() for path in run_directory(first).iterdir()} == before
    assert stdout(second) == b"second\n"


@pytest.mark.parametrize("code", [1, 3, 255])
def test_a_failure_has_its_exit_code_and_the_last_words_of_stderr(
    tmp_path: Path, code: int
) -> None:
    script = f"for n in 1 2 3 4 5 6 7; do echo line $n >&2; done; echo >&2; exit {code}"
    result = run(shell(tmp_path, script))
    assert (result.status, result.exit_code) == ("failed", code)
    assert result.error_summary == (
        f"exited with code {code}\nline 3\nline 4\nline 5\nline 6\nline 7"
    )


def test_a_failure_without_a_word_has_its_exit_code_alone(tmp_path: Path) -> None:
    assert run(invocation(tmp_path, "false")).error_summary == "exited with code 1"


def test_last_words_that_are_no_text_or_a_single_huge_line_do_no_harm(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.buffer.write(b'\\xff' * 10**6); sys.exit(2)"
    result = run(python(tmp_path, code))
    assert result.exit_code == 2
    assert result.error_summary is not None
    assert result.error_summary.endswith("�" * 4096)


def test_last_words_are_scrubbed_of_the_invocations_secrets(tmp_path: Path) -> None:
    script = 'echo "bad token $API_TOKEN" >&2; exit 1'
    result = run(shell(tmp_path, script, environment={"API_TOKEN": "tok-12345"}))
    assert result.error_summary == "exited with code 1\nbad token ***"
    assert stderr(result) == b"bad token tok-12345\n"


@pytest.mark.parametrize(
    ("number", "name"), [(9, "SIGKILL"), (15, "SIGTERM"), (11, "SIGSEGV"), (40, "SIG40")]
)
def test_an_end_by_a_signal_is_128_and_its_number_and_is_named(
    tmp_path: Path, number: int, name: str
) -> None:
    result = run(python(tmp_path, f"import os; os.kill(os.getpid(), {number})"))
    assert (result.status, result.exit_code) == ("failed", 128 + number)
    assert result.metadata["signal"] == name
    assert result.error_summary == f"ended by signal {name} (exit code {128 + number})"
    exited = next(e for e in journal(result) if isinstance(e, events.ProcessExited))
    assert (exited.exit_code, exited.signal) == (128 + number, name)


def test_a_child_that_removes_its_run_directory_still_gets_its_true_result(tmp_path: Path) -> None:
    result = run(shell(tmp_path, "rm -rf .executor_runtime; echo gone >&2; exit 4"))
    assert (result.status, result.exit_code) == ("failed", 4)
    assert result.error_summary == "exited with code 4\ngone"


def test_a_child_that_puts_a_pipe_in_the_place_of_a_capture_hangs_nobody(tmp_path: Path) -> None:
    script = "cd .executor_runtime/job/*; rm stderr.txt; mkfifo stderr.txt; echo x >&2; exit 5"
    result = run(shell(tmp_path, script))
    assert result.exit_code == 5
    assert result.error_summary == "exited with code 5\nx"


def test_a_run_whose_timeout_no_clock_can_hold_just_runs(tmp_path: Path) -> None:
    for timeout in (3_000_000, 10**18, 10**400):
        assert run(shell(tmp_path, "exit 0", timeout_seconds=timeout)).status == "succeeded"


def test_facts_of_the_kernel_are_in_the_metadata(tmp_path: Path) -> None:
    code = "x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096]); sum(range(10**6))"
    # By a small process: a peak is told only where it is above that of who spawned the child.
    program = (
        "import sys, json\n"
        "from er_tui.runtime import ExecutorRuntime\n"
        "from er_tui.rxp import RuntimeInvocation\n"
        "invocation = RuntimeInvocation.model_validate_json(sys.argv[1])\n"
        "print(json.dumps(ExecutorRuntime().run(invocation).metadata))\n"
    )
    document = python(tmp_path, code).model_dump_json()
    said = subprocess.check_output([sys.executable, "-c", program, document])
    facts = json.loads(said)
    assert int(facts["peak_memory_bytes"]) > 200 << 20
    assert float(facts["cpu_user_seconds"]) + float(facts["cpu_system_seconds"]) > 0
    assert 0 < float(facts["wall_seconds"]) < 30

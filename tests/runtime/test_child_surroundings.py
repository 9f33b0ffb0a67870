# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a child gets: its standard input, its environment, its directory, and nothing of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from er_tui.runtime import ExecutorRuntime
from er_tui.runtime.runners import SubprocessRunner
from tests.runtime.invoking import (
    invocation,
    python,
    run,
    run_directory,
    shell,
    stdout,
)


def test_the_payload_is_the_standard_input(tmp_path: Path) -> None:
    payload = os.urandom(1 << 20)
    (tmp_path / "payload").write_bytes(payload)
    result = run(invocation(tmp_path, "cat", input_payload_path=str(tmp_path / "payload")))
    assert stdout(result) == payload


def test_a_relative_payload_is_that_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "payload").write_text("mine")
    monkeypatch.chdir(tmp_path)
    result = run(invocation(Path("work"), "cat", input_payload_path="payload"))
    assert stdout(result) == b"mine"
    assert result.stdout_path is not None
    assert Path(result.stdout_path).is_absolute()


@pytest.mark.parametrize("metadata", [{}, {"subprocess.stdin": "none"}])
def test_without_a_payload_a_child_that_reads_gets_the_end_at_once(
    tmp_path: Path, metadata: dict[str, str]
) -> None:
    payload = str(tmp_path / "missing") if metadata else None
    wanted = shell(tmp_path, "cat; echo end", input_payload_path=payload, metadata=metadata)
    assert stdout(run(wanted)) == b"end\n"


def test_a_child_that_opens_the_terminal_is_told_that_there_is_none(tmp_path: Path) -> None:
    code = "import os\ntry: os.open('/dev/tty', os.O_RDWR)\nexcept OSError as e: print(e.errno)"
    assert stdout(run(python(tmp_path, code))) == b"6\n"


def test_a_child_leads_its_own_session_and_group(tmp_path: Path) -> None:
    code = "import os; print(os.getpid() == os.getsid(0) == os.getpgid(0))"
    assert stdout(run(python(tmp_path, code))) == b"True\n"


def test_a_child_inherits_no_descriptor_but_its_own_three(tmp_path: Path) -> None:
    inheritable = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(inheritable, True)
    try:
        result = run(python(tmp_path, "import os; print(sorted(os.listdir('/proc/self/fd')))"))
    finally:
        os.close(inheritable)
    assert stdout(result) == b"['0', '1', '2', '3']\n"  # 3 is the listing's own


def test_the_environment_is_laid_over_that_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "ours")
    monkeypatch.setenv("BOTH", "ours")
    wanted = shell(
        tmp_path, 'echo "$OURS $BOTH $THEIRS"', environment={"BOTH": "theirs", "THEIRS": "ü"}
    )
    result = run(wanted)
    assert stdout(result) == "ours theirs ü\n".encode()
    written = json.loads((run_directory(result) / "environment.json").read_bytes())
    assert written == {"BOTH": "theirs", "THEIRS": "ü"}
    assert "BOTH" in os.environ
    assert os.environ["BOTH"] == "ours"


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, "1"),
        ({"metadata": {"subprocess.unbuffered": "false"}}, ""),
        ({"environment": {"PYTHONUNBUFFERED": "0"}}, "0"),
    ],
)
def test_an_unbuffering_runner_lets_the_invocation_have_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], seen: str
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    runtime = ExecutorRuntime(runner=SubprocessRunner(unbuffered=True))
    result = runtime.run(shell(tmp_path, 'echo "$PYTHONUNBUFFERED"', **fields))
    assert stdout(result).decode().strip() == seen


def test_the_library_changes_no_childs_buffering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    result = run(shell(tmp_path, 'echo "${PYTHONUNBUFFERED-unset}"'))
    assert stdout(result) == b"unset\n"


def test_the_working_directory_is_where_the_child_runs(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("#!/bin/sh\npwd -P\n")
    (tmp_path / "program").chmod(0o755)
    assert stdout(run(invocation(tmp_path, "./program"))) == f"{tmp_path.resolve()}\n".encode()

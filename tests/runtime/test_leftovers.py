# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a leader leaves behind: ended and told, or left alone where that was asked for."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.rxp import RuntimeResult
from tests.runtime.invoking import (
    PYTHON,
    Background,
    host_output,
    is_live,
    journal,
    kill,
    names,
    pid_in,
    run,
    shell,
    stdout,
)


def test_a_process_left_in_the_group_is_ended_and_named(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    # Until the fork has become sleep it still bears the name of the shell.
    becomes = "until grep -q sleep /proc/$!/comm; do :; done"
    result = run(shell(tmp_path, f"sleep 60 & echo $! > {pid}; {becomes}; echo done"))
    assert (result.status, result.exit_code) == ("succeeded", 0)
    left = pid_in(pid)
    assert not is_live(left)
    assert result.metadata["swept_count"] == "1"
    assert result.metadata["swept"] == f"{left} sleep 60"
    swept = next(event for event in journal(result) if isinstance(event, events.MembersSwept))
    assert swept.members == (events.Member(left, "sleep 60"),)
    assert names(journal(result)) == [
        "started",
        "spawned",
        "output",
        "exited",
        "swept",
        "finished",
    ]


def test_a_process_left_behind_that_ignores_term_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"trap '' TERM; sleep 60 & echo $! > {pid}; exit 3"
    result = run(shell(tmp_path, script))
    assert (result.status, result.exit_code) == ("failed", 3)
    assert not is_live(pid_in(pid))
    assert "survivors" not in result.metadata


def test_the_command_of_a_swept_process_is_scrubbed_of_secrets(tmp_path: Path) -> None:
    script = (
        'sh -c "sleep 60; : $API_TOKEN" & '
        'until grep -q "sleep 60; : $API_TOKEN" /proc/$!/cmdline; do :; done'
    )
    result = run(shell(tmp_path, script, environment={"API_TOKEN": "tok-12345"}))
    assert "tok-12345" not in str(result.model_dump())
    assert "***" in result.metadata["swept"]


def test_the_last_words_of_a_swept_process_are_captured(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = (
        f"(trap 'echo swept; exit' TERM; echo > {ready}; while :; do sleep 0.01; done) & "
        f"while ! [ -e {ready} ]; do :; done"
    )
    assert stdout(run(shell(tmp_path, script))) == b"swept\n"


def test_with_linger_it_is_left_alone(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 60 >/dev/null 2>&1 & echo $! > {pid}"
    result = run(shell(tmp_path, script, metadata={"subprocess.linger": "true"}))
    left = pid_in(pid)
    try:
        assert result.status == "succeeded"
        assert is_live(left)
        assert "swept" not in result.metadata
    finally:
        kill(left)


def test_linger_does_not_save_anybody_from_a_cancel(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid}; wait"
    background = Background(shell(tmp_path, script, metadata={"subprocess.linger": "true"}))
    left = pid_in(pid)
    background.control.cancel()
    assert background.result().status == "cancelled"
    assert not is_live(left)


def test_a_process_of_another_session_that_holds_the_output_delays_no_result(
    tmp_path: Path,
) -> None:
    pid = tmp_path / "pid"
    script = f"setsid sh -c 'echo $$ > {pid}; exec sleep 60' & while ! [ -s {pid} ]; do :; done"
    begun = time.monotonic()
    result = run(shell(tmp_path, f"{script}; echo done"))
    took = time.monotonic() - begun
    left = pid_in(pid)
    try:
        assert is_live(left)  # a normal exit leaves it alone
        assert result.status == "succeeded"
        assert stdout(result) == b"done\n"
        assert took < 5
    finally:
        kill(left)


def test_a_process_of_another_session_that_prints_for_ever_delays_no_result(
    tmp_path: Path,
) -> None:
    pid = tmp_path / "pid"
    script = f"setsid sh -c 'echo $$ > {pid}; exec yes' & while ! [ -s {pid} ]; do :; done"
    begun = time.monotonic()
    result = run(shell(tmp_path, script))
    left = pid_in(pid)
    try:
        assert result.status == "succeeded"
        assert time.monotonic() - begun < 5
    finally:
        kill(left)


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can give up the right to signal other users",
)
def test_a_process_that_cannot_be_ended_is_named_and_the_run_is_over_all_the_same(
    tmp_path: Path,
) -> None:
    """The child becomes another user's, in a host without the right to signal those."""
    child = (
        "import os, signal\n"
        "file = open('pid', 'w')\n"
        "os.setuid(65534)\n"
        "print(os.getpid(), file=file, flush=True)\n"
        "while True: signal.pause()"
    )
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from er_tui.runtime.process import supervise\n"
        "from tests.runtime.invoking import PYTHON, Background, invocation, pid_in\n"
        "supervise._UNKILLABLE_SECONDS = 0.3\n"
        "folder, child = Path(sys.argv[1]), sys.argv[2]\n"
        "background = Background(invocation(folder, PYTHON, '-ISc', child))\n"
        "pid_in(folder / 'pid')\n"
        "background.control.cancel(grace_seconds=0.1)\n"
        "print(background.result().model_dump_json())"
    )
    printed = host_output(code, tmp_path, child, through=("setpriv", "--bounding-set=-kill"))
    result = RuntimeResult.model_validate_json(printed)
    survivor = pid_in(tmp_path / "pid")
    assert is_live(survivor)
    kill(survivor)
    assert (result.status, result.exit_code) == ("cancelled", None)
    assert result.metadata["survivors"].startswith(f"{survivor} ")
    assert str(result.error_summary).startswith(
        f"cancelled; SIGKILL did not end {survivor} {PYTHON}"
    )

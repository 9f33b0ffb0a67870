# SPDX-License-Identifier: AGPL-3.0-or-later
"""``subprocess.pty``: a terminal of the child's own, with the same guarantees as pipes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.runtime import RunControl
from tests.runtime.invoking import (
    Background,
    invocation,
    is_live,
    journal,
    pid_in,
    run,
    run_directory,
    shell,
    stdout,
)

PTY = {"subprocess.pty": "true", "subprocess.grace_seconds": "0.2"}


def test_the_child_has_a_controlling_terminal_and_one_capture(tmp_path: Path) -> None:
    script = "tty <&1; test -t 0 && test -t 2 && echo all >/dev/tty; echo error >&2"
    result = run(shell(tmp_path, script, metadata=PTY))
    name, *rest = stdout(result).splitlines()
    assert name.startswith(b"/dev/pts/")
    assert rest == [b"all", b"error"]
    assert (result.status, result.stderr_path) == ("succeeded", None)
    assert [artifact.artifact_id for artifact in result.artifacts] == ["stdout"]
    assert not (run_directory(result) / "stderr.txt").exists()
    spawned = next(e for e in journal(result) if isinstance(e, events.ProcessSpawned))
    assert spawned.terminal
    assert b"\r" not in stdout(result)


def test_nothing_of_the_way_it_was_started_is_left_in_it(tmp_path: Path) -> None:
    piped = run(shell(tmp_path, "env; ls -l /proc/self/fd | wc -l", environment={"A": "b"}))
    typed = run(
        shell(tmp_path, "env; ls -l /proc/self/fd | wc -l", environment={"A": "b"}, metadata=PTY)
    )

    def lines(output: bytes) -> list[bytes]:
        return sorted(line for line in output.splitlines() if not line.startswith(b"ER_TUI_RUN_"))

    assert lines(stdout(typed)) == lines(stdout(piped))
    ignored = run(shell(tmp_path, "grep SigIgn /proc/self/status", metadata=PTY))
    assert stdout(ignored).split() == [b"SigIgn:", b"0" * 16]


def test_it_has_the_size_it_was_given_and_is_told_of_another(tmp_path: Path) -> None:
    control = RunControl(window=(100, 30))
    script = "trap 'stty size; exit' WINCH; stty size; echo $$ > pid; while :; do sleep 0.01; done"
    background = Background(shell(tmp_path, script, metadata=PTY), control)
    pid_in(tmp_path / "pid")
    control.resize(132, 43)
    assert stdout(background.result()) == b"30 100\n43 132\n"


def test_what_is_typed_is_read_and_only_its_length_is_journaled(tmp_path: Path) -> None:
    script = "stty -echo; echo $$ > pid; read answer; echo got $answer"
    background = Background(shell(tmp_path, script, metadata=PTY))
    pid_in(tmp_path / "pid")
    background.control.type_keys(b"sesame\r")
    result = background.result()
    assert stdout(result) == b"got sesame\n"
    assert b"sesame" not in (run_directory(result) / "events.jsonl").read_bytes()
    typed = [event for event in journal(result) if isinstance(event, events.InputSent)]
    assert [event.size for event in typed] == [7]


def test_more_input_than_anybody_reads_is_refused_and_told(tmp_path: Path) -> None:
    control = RunControl()
    background = Background(
        shell(tmp_path, "stty raw; echo $$ > pid; exec sleep 60", metadata=PTY), control
    )
    pid_in(tmp_path / "pid")
    for _ in range(5):
        control.type_keys(b"x" * 30_000)
    control.cancel()
    result = background.result()
    assert result.status == "cancelled"
    notes = [event.text for event in journal(result) if isinstance(event, events.Noted)]
    assert notes
    assert all("30000 bytes of input were not taken" in note for note in notes)


def test_a_payload_is_still_the_standard_input(tmp_path: Path) -> None:
    (tmp_path / "payload").write_text("from the file\n")
    asked = shell(
        tmp_path,
        "cat; test -t 1 && echo terminal",
        metadata=PTY,
        input_payload_path=str(tmp_path / "payload"),
    )
    assert stdout(run(asked)) == b"from the file\nterminal\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["no-such-program"], "command not found: no-such-program"),
        (["./plain"], "./plain is not executable (permission denied)"),
        (["./nonsense"], "./nonsense is no program (exec format error)"),
    ],
)
def test_what_cannot_be_started_is_rejected_as_ever(
    tmp_path: Path, command: list[str], reason: str
) -> None:
    (tmp_path / "plain").write_text("echo")
    (tmp_path / "nonsense").write_bytes(b"\x7fnonsense")
    os.chmod(tmp_path / "nonsense", 0o755)
    result = run(invocation(tmp_path, *command, metadata=PTY))
    assert result.status == "rejected"
    assert result.error_summary is not None
    assert result.error_summary.endswith(reason)


def test_a_cancel_ends_the_jobs_of_a_shell_too(tmp_path: Path) -> None:
    """A job shell gives each of its jobs a group of its own."""
    script = (
        "set -m; (trap '' TERM HUP; echo $(sh -c 'echo $PPID') > job; while :; do sleep 1; done) & "
        "sleep 60"
    )
    background = Background(shell(tmp_path, script, metadata=PTY))
    job = pid_in(tmp_path / "job")
    background.control.cancel()
    assert background.result().status == "cancelled"
    assert not is_live(job)


def test_the_last_words_before_the_exit_are_captured(tmp_path: Path) -> None:
    result = run(shell(tmp_path, "seq 20000; echo last; exit 3", metadata=PTY))
    assert stdout(result).splitlines() == [*(b"%d" % n for n in range(1, 20001)), b"last"]
    assert result.error_summary == "exited with code 3\n19997\n19998\n19999\n20000\nlast"


def test_one_that_keeps_the_terminal_open_delays_no_result(tmp_path: Path) -> None:
    script = "setsid sh -c 'echo $$ > pid; exec sleep 60' & until [ -s pid ]; do :; done"
    result = run(shell(tmp_path, script, metadata=PTY))
    left = pid_in(tmp_path / "pid")
    try:
        assert result.status == "succeeded"
        assert float(result.metadata["wall_seconds"]) < 5
    finally:
        os.kill(left, 9)


def test_the_cap_of_the_capture_holds_for_a_terminal(tmp_path: Path) -> None:
    metadata = {**PTY, "subprocess.max_capture_bytes": "1000"}
    result = run(shell(tmp_path, "yes abcdefg", metadata=metadata))
    assert (result.status, len(stdout(result))) == ("failed", 1000)


def test_what_is_written_after_the_terminal_was_closed_and_opened_again_is_kept(
    tmp_path: Path,
) -> None:
    script = "exec 0<&- 1>&- 2>&-; sleep 0.2; seq 20000 >/dev/tty"
    result = run(shell(tmp_path, script, metadata=PTY, timeout_seconds=20))
    assert (result.status, stdout(result).count(b"\n")) == ("succeeded", 20000)

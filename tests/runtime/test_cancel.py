# SPDX-License-Identifier: AGPL-3.0-or-later
"""A cancel is complete: it is done when nobody of the group is alive, and not before."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

from er_tui.journal import events
from er_tui.journal.events import Event
from er_tui.runtime import RunControl
from er_tui.runtime.process.table import read_table
from er_tui.rxp import RuntimeResult
from tests.conftest import Eventually
from tests.runtime.invoking import (
    Background,
    is_live,
    journal,
    names,
    pid_in,
    python,
    run,
    run_directory,
    shell,
    stdout,
)

DEAF = "trap '' TERM HUP INT; "
"""A shell that ignores what a cancel sends first; its children do so too."""

PROMPT = {"subprocess.grace_seconds": "0.2"}
LONG = {"subprocess.grace_seconds": "60"}


def signals(result: RuntimeResult) -> list[str]:
    return [event.signal for event in journal(result) if isinstance(event, events.SignalSent)]


def test_a_child_that_heeds_sigterm_is_cancelled_without_force(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    background = Background(shell(tmp_path, f"echo $$ > {pid}; exec sleep 60", metadata=LONG))
    child = pid_in(pid)
    background.control.cancel("enough")
    result = background.result()
    assert (result.status, result.exit_code) == ("cancelled", 143)
    assert result.error_summary == "enough"
    assert result.metadata["signal"] == "SIGTERM"
    assert not is_live(child)
    assert names(journal(result)) == [
        "started",
        "spawned",
        "cancel_requested",
        "signal_sent",
        "exited",
        "ending_completed",
        "finished",
    ]


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = DEAF + f"echo $$ > {pid}; while :; do sleep 60; done"
    background = Background(shell(tmp_path, script, metadata=PROMPT))
    child = pid_in(pid)
    background.control.cancel()
    result = background.result()
    assert (result.status, result.exit_code) == ("cancelled", 137)
    assert result.error_summary == "cancelled; SIGKILL was needed"
    assert signals(result) == ["SIGTERM", "SIGKILL"]
    killed = [e for e in journal(result) if isinstance(e, events.SignalSent)][-1]
    assert child in {member.pid for member in killed.members}
    assert any("while :" in member.command for member in killed.members)
    assert not is_live(child)


def test_a_second_cancel_kills_at_once(tmp_path: Path, eventually: Eventually) -> None:
    pid = tmp_path / "pid"
    seen: list[Event] = []
    script = DEAF + f"echo $$ > {pid}; while :; do sleep 60; done"
    control = RunControl(on_event=seen.append)
    background = Background(shell(tmp_path, script, metadata=LONG), control)
    pid_in(pid)
    background.control.cancel()
    eventually(lambda: "signal_sent" in names(seen))
    assert not background.is_over
    background.control.cancel()
    result = background.result()
    assert result.exit_code == 137
    assert signals(result) == ["SIGTERM", "SIGKILL"]
    assert names(seen).count("cancel_requested") == 1


def test_the_caller_of_a_cancel_can_shorten_the_grace_but_not_lengthen_it(tmp_path: Path) -> None:
    for metadata, grace, told in ((LONG, 0.0, 0.0), (PROMPT, 3600.0, 0.2)):
        pid = tmp_path / f"pid-{grace}"
        script = DEAF + f"echo $$ > {pid}; while :; do sleep 60; done"
        background = Background(shell(tmp_path, script, metadata=metadata))
        pid_in(pid)
        background.control.cancel(grace_seconds=grace)
        result = background.result()
        assert result.exit_code == 137
        request = next(e for e in journal(result) if isinstance(e, events.CancelRequested))
        assert request.grace_seconds == told


def test_a_cancel_before_the_start_starts_nothing(tmp_path: Path) -> None:
    control = RunControl()
    control.cancel()
    control.cancel()
    result = run(shell(tmp_path, f"touch {tmp_path / 'ran'}"), control)
    assert (result.status, result.exit_code) == ("cancelled", None)
    assert result.error_summary == "cancelled before it started"
    assert names(journal(result)) == ["started", "finished"]
    assert not (tmp_path / "ran").exists()


def test_a_cancel_that_comes_with_the_spawn_is_heeded(tmp_path: Path) -> None:
    control = RunControl(on_event=lambda e: control.cancel() if e.name == "spawned" else None)
    result = run(shell(tmp_path, "exec sleep 60"), control)
    assert (result.status, result.exit_code) == ("cancelled", 143)


def test_a_cancel_after_the_end_does_nothing(tmp_path: Path) -> None:
    control = RunControl()
    result = run(shell(tmp_path, "true"), control)
    control.cancel()
    assert result.status == "succeeded"
    assert "cancel_requested" not in names(journal(result))


def test_a_stopped_child_is_woken_to_act_on_the_cancel(
    tmp_path: Path, eventually: Eventually
) -> None:
    pid = tmp_path / "pid"
    script = f"trap 'echo bye; exit 9' TERM; echo $$ > {pid}; while :; do sleep 0.01; done"
    background = Background(shell(tmp_path, script, metadata=LONG))
    child = pid_in(pid)
    os.kill(child, signal.SIGSTOP)
    eventually(lambda: b" T " in Path(f"/proc/{child}/stat").read_bytes())
    background.control.cancel()
    result = background.result()
    assert (result.status, result.exit_code) == ("cancelled", 9)
    assert stdout(result) == b"bye\n"


def test_a_group_member_that_ignores_term_is_killed_before_the_cancel_is_done(
    tmp_path: Path, eventually: Eventually
) -> None:
    leader, member = tmp_path / "leader", tmp_path / "member"
    script = (
        f"sh -c '{DEAF} echo $$ > {member}; while :; do sleep 60; done' & echo $$ > {leader}; wait"
    ).replace("trap '' TERM", 'trap "" TERM')
    background = Background(shell(tmp_path, script, metadata={"subprocess.grace_seconds": "0.4"}))
    deaf, first = pid_in(member), pid_in(leader)
    background.control.cancel()
    eventually(lambda: not is_live(first))
    assert is_live(deaf)
    assert not background.is_over
    result = background.result()
    assert (result.status, result.exit_code) == ("cancelled", 143)
    assert result.error_summary == "cancelled; SIGKILL was needed"
    assert not is_live(deaf)
    assert "survivors" not in result.metadata


def test_a_fork_storm_is_ended_whole(tmp_path: Path, eventually: Eventually) -> None:
    code = (
        "import os, signal\n"
        "for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "for n in range(150):\n"
        "    if os.fork() == 0:\n"
        "        while True: signal.pause()\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    seen: list[Event] = []
    control = RunControl(on_event=seen.append)
    background = Background(python(tmp_path, code, metadata=PROMPT), control)
    eventually(lambda: "output" in names(seen))
    spawned = next(event for event in seen if isinstance(event, events.ProcessSpawned))
    background.control.cancel()
    result = background.result()
    assert result.status == "cancelled"
    assert [p for p in read_table().values() if p.group == spawned.process.pid and p.alive] == []


def test_what_was_printed_on_the_way_out_is_captured(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = (
        f"trap 'seq 20000; echo last; exit 0' TERM; echo $$ > {pid}; while :; do sleep 0.01; done"
    )
    background = Background(shell(tmp_path, script, metadata=LONG))
    pid_in(pid)
    background.control.cancel()
    result = background.result()
    assert result.status == "cancelled"
    assert stdout(result).splitlines() == [*(b"%d" % n for n in range(1, 20001)), b"last"]


def test_a_cancel_that_races_the_exit_gives_one_result(tmp_path: Path) -> None:
    outcomes = Counter[str]()
    for n in range(1000):
        control = RunControl()
        racer = threading.Timer(n % 100 * 0.00004, control.cancel)
        racer.start()
        result = run(shell(tmp_path, ":"), control)
        racer.join()
        outcomes[result.status] += 1
        told = names(journal(result))
        assert told.count("finished") == 1
        assert ("cancel_requested" in told) <= (result.status == "cancelled")
        assert (run_directory(result) / "result.json").exists()
    assert set(outcomes) == {"succeeded", "cancelled"}, outcomes


def test_a_deadline_ends_the_run_and_says_so_in_order(tmp_path: Path) -> None:
    begun = time.monotonic()
    result = run(shell(tmp_path, "echo begun; exec sleep 60", timeout_seconds=1))
    assert time.monotonic() - begun < 5
    assert (result.status, result.exit_code) == ("timed_out", 143)
    assert result.error_summary == "process exceeded timeout of 1 seconds"
    assert stdout(result) == b"begun\n"
    assert names(journal(result)) == [
        "started",
        "spawned",
        "output",
        "deadline_passed",
        "signal_sent",
        "exited",
        "ending_completed",
        "finished",
    ]


def test_a_child_deaf_to_the_deadline_is_killed_with_all_of_its_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = DEAF + f"sleep 60 & echo $! > {pid}; while :; do sleep 60; done"
    begun = time.monotonic()
    result = run(shell(tmp_path, script, timeout_seconds=1, metadata=PROMPT))
    assert time.monotonic() - begun < 5
    assert (result.status, result.exit_code) == ("timed_out", 137)
    assert result.error_summary == "process exceeded timeout of 1 seconds; SIGKILL was needed"
    assert signals(result) == ["SIGTERM", "SIGKILL"]
    assert not is_live(pid_in(pid))


def test_a_cancel_after_the_deadline_ends_the_grace(tmp_path: Path, eventually: Eventually) -> None:
    seen: list[Event] = []
    script = DEAF + "while :; do sleep 60; done"
    control = RunControl(on_event=seen.append)
    background = Background(shell(tmp_path, script, timeout_seconds=1, metadata=LONG), control)
    eventually(lambda: "signal_sent" in names(seen))
    control.cancel()
    result = background.result()
    assert (result.status, result.exit_code) == ("timed_out", 137)

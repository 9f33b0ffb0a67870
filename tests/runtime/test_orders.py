# SPDX-License-Identifier: AGPL-3.0-or-later
"""A live run is steered: signals, pause and resume, a later deadline."""

from __future__ import annotations

import math
import signal
import threading
import time
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.runtime.runners import ManualRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.conftest import Eventually
from tests.runtime.invoking import Background, journal, pid_in, run, shell, stdout


def state(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]


def test_a_chosen_signal_reaches_the_group_and_is_journaled(tmp_path: Path) -> None:
    script = "trap 'echo told; exit 5' USR1; echo $$ > pid; while :; do sleep 0.01; done"
    background = Background(shell(tmp_path, script))
    pid = pid_in(tmp_path / "pid")
    background.control.send_signal(signal.SIGUSR1)
    result = background.result()
    assert (result.status, result.exit_code, stdout(result)) == ("failed", 5, b"told\n")
    sent = [event for event in journal(result) if isinstance(event, events.SignalSent)]
    assert [(e.signal, e.pgid, e.by_operator) for e in sent] == [("SIGUSR1", pid, True)]


def test_a_number_that_is_no_signal_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="not a signal"):
        RunControl().send_signal(4711)


def test_a_paused_run_stands_still_until_it_is_resumed(
    tmp_path: Path, eventually: Eventually
) -> None:
    script = "sleep 60 & echo $! > member; echo $$ > pid; wait; echo over"
    background = Background(shell(tmp_path, script))
    leader, member = pid_in(tmp_path / "pid"), pid_in(tmp_path / "member")
    background.control.send_signal(signal.SIGSTOP)
    eventually(lambda: state(leader) == state(member) == b"T")
    background.control.send_signal(signal.SIGCONT)
    eventually(lambda: state(leader) == state(member) == b"S")
    background.control.cancel()
    assert background.result().status == "cancelled"


def test_a_paused_run_still_meets_its_deadline(tmp_path: Path) -> None:
    background = Background(shell(tmp_path, "echo $$ > pid; exec sleep 60", timeout_seconds=1))
    pid_in(tmp_path / "pid")
    background.control.send_signal(signal.SIGSTOP)
    result = background.result()
    assert (result.status, result.metadata["signal"]) == ("timed_out", "SIGTERM")


def test_a_signal_for_a_run_that_is_over_goes_nowhere(tmp_path: Path) -> None:
    control = RunControl()
    run(shell(tmp_path, "true"), control)
    control.send_signal(signal.SIGKILL)


def test_a_run_that_is_given_more_time_takes_it(tmp_path: Path) -> None:
    control = RunControl()
    script = "echo $$ > pid; sleep 1.5; echo done"
    background = Background(shell(tmp_path, script, timeout_seconds=1), control)
    pid_in(tmp_path / "pid")
    assert control.extend(30)
    result = background.result()
    assert (result.status, stdout(result)) == ("succeeded", b"done\n")
    moved = [event for event in journal(result) if isinstance(event, events.DeadlineMoved)]
    assert [(round(e.seconds), round(e.timeout_seconds)) for e in moved] == [(30, 31)]


def test_a_deadline_can_be_brought_nearer(tmp_path: Path) -> None:
    control = RunControl()
    script = "echo $$ > pid; exec sleep 60"
    background = Background(shell(tmp_path, script, timeout_seconds=50), control)
    pid_in(tmp_path / "pid")
    begun = time.monotonic()
    assert control.extend(-50)
    assert background.result().status == "timed_out"
    assert time.monotonic() - begun < 5


def test_there_is_nothing_to_extend_without_a_deadline_or_after_it(tmp_path: Path) -> None:
    control = RunControl()
    assert not control.extend(5)
    background = Background(shell(tmp_path, "echo $$ > pid; exec sleep 60"), control)
    pid_in(tmp_path / "pid")
    assert not control.extend(5)
    control.cancel()
    background.result()
    late = RunControl()
    run(shell(tmp_path, "exec sleep 60", timeout_seconds=1), late)
    assert not late.extend(5)
    with pytest.raises(ValueError, match="finite"):
        late.extend(math.inf)


def test_whoever_waits_on_a_control_waits_for_the_deadline_as_it_is_now(tmp_path: Path) -> None:
    """A dispatcher in ``control.wait`` is neither woken for good nor kept by the old deadline."""
    waiting = threading.Event()
    waited: list[float] = []

    def dispatcher(_asked: RuntimeInvocation, *, control: RunControl) -> RuntimeResult:
        waiting.set()
        begun = time.monotonic()
        control.wait(60)
        waited.append(time.monotonic() - begun)
        assert control.record is not None
        return control.record.result("succeeded")

    runtime = ExecutorRuntime(runners={"manual": ManualRunner(dispatcher)})
    control = RunControl()
    asked = shell(tmp_path, "true", timeout_seconds=1)
    manual = asked.model_copy(update={"runtime_kind": "manual"})
    thread = threading.Thread(target=lambda: runtime.run(manual, control=control))
    thread.start()
    assert waiting.wait(10)
    assert control.extend(0.5)
    thread.join(15)
    assert 1.4 < waited[0] < 10

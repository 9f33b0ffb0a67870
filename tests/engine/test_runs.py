# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many runs: each told from start to end, so many at once, each cancelled when that is asked."""

import os
import signal
from pathlib import Path

import pytest

from er_tui.engine.messages import Queued, RunEvent, Welcome
from er_tui.engine.queue import Job, RunQueue
from er_tui.journal.events import (
    CancelRequested,
    OutputSeen,
    ProcessExited,
    ProcessSpawned,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.journal.reading import EventTail
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.conftest import wait_until
from tests.engine.conftest import MakeTalk
from tests.engine.talk import DEAF, SLEEPER, Talk, invocation

STAMPS = """\
import os, sys, time
with open(f"{sys.argv[1]}.start", "x") as file: file.write(str(time.monotonic_ns()))
time.sleep(0.15)
with open(f"{sys.argv[1]}.end", "x") as file: file.write(str(time.monotonic_ns()))
"""
PYTHON = ("/usr/bin/env", "python3", "-c")


def most_at_once(folder: Path, names: list[str]) -> int:
    """How many of the children that stamped their start and end ever ran together."""
    steps = [(int((folder / f"{name}.start").read_text()), 1) for name in names]
    steps += [(int((folder / f"{name}.end").read_text()), -1) for name in names]
    running = most = 0
    for _at, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


def test_a_run_is_told_from_queue_to_result_in_the_order_of_its_journal(talk: Talk) -> None:
    run_id = talk.start("/bin/sh", "-c", "echo out; echo err >&2")
    result = talk.result(run_id)
    assert isinstance(talk.heard[0], Welcome)
    about = [m for m in talk.heard if isinstance(m, Queued | RunEvent) and m.run_id == run_id]
    assert isinstance(about[0], Queued)
    kinds = [type(event) for event in talk.events(run_id)]
    assert kinds[:2] == [RunStarted, ProcessSpawned]
    assert OutputSeen in kinds
    assert kinds[-1] is RunFinished
    assert kinds.index(ProcessExited) > kinds.index(ProcessSpawned)
    assert EventTail(result["metadata"]["run_directory"]).read() == talk.events(run_id)
    assert result["status"] == "succeeded"
    assert Path(result["stdout_path"]).read_text() == "out\n"
    assert Path(result["stderr_path"]).read_text() == "err\n"


def test_the_engine_says_who_it_is_and_how_many_it_runs(make_talk: MakeTalk) -> None:
    talk = make_talk(3)
    welcome = talk.first(Welcome)
    assert (welcome.pid, welcome.jobs) == (talk.client.pid, 3)


@pytest.mark.parametrize("jobs", [1, 3])
def test_never_more_than_jobs_processes_run_at_once(make_talk: MakeTalk, jobs: int) -> None:
    talk = make_talk(jobs)
    names = [str(number) for number in range(7)]
    runs = [talk.start(*PYTHON, STAMPS, name) for name in names]
    assert {talk.result(run_id)["status"] for run_id in runs} == {"succeeded"}
    assert most_at_once(talk.folder, names) == jobs


def test_queued_runs_start_in_the_order_they_were_asked_for(make_talk: MakeTalk) -> None:
    talk = make_talk(1)
    runs = [talk.start("/bin/true") for _ in range(5)]
    talk.result(runs[-1])
    started = [
        message.run_id
        for message in talk.heard
        if isinstance(message, RunEvent) and isinstance(message.event, RunStarted)
    ]
    assert started == runs


def test_a_queued_run_is_cancelled_without_waiting_for_its_turn(make_talk: MakeTalk) -> None:
    talk = make_talk(1)
    first = talk.start(*SLEEPER)
    talk.pid(first)
    second = talk.start("/bin/sh", "-c", "echo ran > trace")
    talk.first(Queued, second)
    talk.cancel(second)
    result = talk.result(second)
    assert (result["status"], result["exit_code"]) == ("cancelled", None)
    assert talk.recorded(second) == result
    assert not any(isinstance(event, RunFinished) for event in talk.events(first))
    assert not (talk.folder / "trace").exists()


def test_a_queued_run_that_is_cancelled_leaves_the_others_in_line(make_talk: MakeTalk) -> None:
    talk = make_talk(1)
    first, second, third = (talk.start(*SLEEPER), talk.start(*SLEEPER), talk.start("/bin/true"))
    talk.pid(first)
    talk.cancel(second)
    talk.result(second)
    talk.cancel(first)
    assert talk.result(third)["status"] == "succeeded"


def test_cancel_ends_the_run_and_says_who_did_it(talk: Talk) -> None:
    run_id = talk.start(*SLEEPER)
    pid = talk.pid(run_id)
    talk.cancel(run_id)
    result = talk.result(run_id)
    assert result["status"] == "cancelled"
    assert result["exit_code"] == 128 + signal.SIGTERM
    assert "operator" in result["error_summary"]
    assert talk.event(CancelRequested, run_id).reason == "cancelled by the operator"
    assert not os.path.exists(f"/proc/{pid}")


def test_a_second_cancel_kills_without_grace(talk: Talk) -> None:
    run_id = talk.start(*DEAF, metadata={"subprocess.grace_seconds": "600"})
    pid = talk.pid(run_id)
    talk.cancel(run_id)
    talk.event(SignalSent, run_id)
    talk.cancel(run_id)
    result = talk.result(run_id)
    assert (result["status"], result["exit_code"]) == ("cancelled", 128 + signal.SIGKILL)
    assert not os.path.exists(f"/proc/{pid}")


def test_cancel_of_an_unknown_or_finished_run_does_nothing(talk: Talk) -> None:
    talk.cancel("20260101T000000.000000Z-000000")
    run_id = talk.start("/bin/true")
    talk.result(run_id)
    talk.cancel(run_id)
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"
    assert talk.recorded(run_id)["status"] == "succeeded"


def test_what_cannot_start_is_a_result_too(talk: Talk) -> None:
    missing = talk.result(talk.start("no-such-program-anywhere"))
    assert (missing["status"], missing["exit_code"]) == ("rejected", None)
    assert missing["error_summary"] == "command not found: no-such-program-anywhere"


def test_python_children_are_seen_live_unless_they_opt_out(
    make_talk: MakeTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    talk = make_talk()
    script = "import os; print(os.environ.get('PYTHONUNBUFFERED'))"
    live = talk.result(talk.start(*PYTHON, script))
    buffered = talk.result(talk.start(*PYTHON, script, metadata={"subprocess.unbuffered": "false"}))
    assert Path(live["stdout_path"]).read_text() == "1\n"
    assert Path(buffered["stdout_path"]).read_text() == "None\n"


class Witness:
    """Notes what a queue tells of its jobs."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Job]] = []
        self.errors: list[Exception] = []

    def queued(self, job: Job) -> None:
        self.told.append(("queued", job))

    def began(self, job: Job) -> None:
        self.told.append(("began", job))

    def ended(self, job: Job, _result: RuntimeResult) -> None:
        self.told.append(("ended", job))

    def broken(self, job: Job, error: Exception) -> None:
        self.told.append(("broken", job))
        self.errors.append(error)

    def left(self) -> None:
        """Told by what is in the queue."""


def test_nothing_is_queued_any_more_once_all_is_ended(tmp_path: Path) -> None:
    queue = RunQueue(ExecutorRuntime(), 1, Witness())
    assert queue.end_all("the end", 0.1, 1)
    model = RuntimeInvocation.model_validate(invocation(tmp_path, ("/bin/touch", "trace")))
    with pytest.raises(ValueError, match="ending"):
        queue.put(Job(model, RunControl()))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_breaks_its_worker_is_told_and_the_lane_goes_on(tmp_path: Path) -> None:
    witness = Witness()
    queue = RunQueue(ExecutorRuntime(), 1, witness)
    model = RuntimeInvocation.model_validate(invocation(tmp_path, ("/bin/true",)))
    used = RunControl()
    ExecutorRuntime().run(model, control=used)
    ends: list[str] = []
    faulty, good = Job(model, used), Job(model, RunControl(on_event=lambda e: ends.append(e.name)))
    queue.put(faulty)
    queue.put(good)
    wait_until(lambda: "finished" in ends)
    wait_until(lambda: ("ended", good) in witness.told)
    for job, end in ((faulty, "broken"), (good, "ended")):
        assert [what for what, of in witness.told if of is job] == ["queued", "began", end]
    assert [type(error) for error in witness.errors] == [ValueError]

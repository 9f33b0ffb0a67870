# SPDX-License-Identifier: AGPL-3.0-or-later
"""However the engine or its clients end, the runs end too, and their records say so."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from er_tui.engine.messages import Queued
from er_tui.session.client import EngineGone
from tests.conftest import wait_until
from tests.engine.conftest import MakeTalk
from tests.engine.tagged import Tagged
from tests.engine.talk import DEAF, SLEEPER, RawClient, Talk

CLIENT = """\
import sys, threading
from pathlib import Path
from er_tui.journal.events import OutputSeen
from tests.engine.talk import DEAF, SLEEPER, Talk

talk = Talk(Path(sys.argv[1]), jobs=2)
runs = [talk.start(*DEAF), talk.start(*SLEEPER), talk.start(*SLEEPER)]
for run_id in runs[:2]:
    talk.pid(run_id)
print(*runs, flush=True)
threading.Event().wait()
"""
"""Holds an engine with two runs that run and one that is queued, until it is killed."""


def three_runs(talk: Talk) -> list[str]:
    """One that ignores SIGTERM, one that does not, and a queued one."""
    runs = [talk.start(*DEAF), talk.start(*SLEEPER), talk.start(*SLEEPER)]
    for run_id in runs[:2]:
        talk.pid(run_id)
    talk.first(Queued, runs[2])
    return runs


def assert_recorded_as_cancelled(
    folder: Path, runs: list[str], reason: str = "the dashboard is gone"
) -> None:
    for run_id in runs:
        directory = folder / ".executor_runtime" / "job" / run_id
        result = json.loads((directory / "result.json").read_bytes())
        assert result["status"] == "cancelled"
        last = json.loads((directory / "events.jsonl").read_bytes().splitlines()[-1])
        assert last["event"] == "finished"
        assert last["result"] == result
    reasons = [
        json.loads((folder / ".executor_runtime" / "job" / run_id / "result.json").read_bytes())[
            "error_summary"
        ]
        for run_id in runs
    ]
    assert reasons == [
        f"{reason}; SIGKILL was needed",
        reason,
        "cancelled before it started",
    ]


@pytest.fixture
def client_process(
    tmp_path: Path, tagged: Tagged, runtime_folder: Path
) -> Iterator[subprocess.Popen[str]]:
    """A process that holds an engine with three runs."""
    assert tagged.pids() == []
    assert list(runtime_folder.iterdir()) == []
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    yield process
    process.kill()
    process.communicate()


def test_the_last_client_leaving_ends_all_runs(
    make_talk: MakeTalk, tagged: Tagged, runtime_folder: Path
) -> None:
    talk = make_talk(2)
    runs = three_runs(talk)
    assert talk.client.close(2)
    tagged.wait_gone(0.5)
    assert_recorded_as_cancelled(talk.folder, runs)
    assert list(runtime_folder.iterdir()) == []


def test_the_client_killed_ends_all_runs(
    client_process: subprocess.Popen[str], tmp_path: Path, tagged: Tagged, runtime_folder: Path
) -> None:
    assert client_process.stdout is not None
    runs = client_process.stdout.readline().split()
    assert len(runs) == 3
    client_process.kill()
    client_process.wait()
    tagged.wait_gone(2)
    assert_recorded_as_cancelled(tmp_path, runs)
    assert list(runtime_folder.iterdir()) == []


def test_sigterm_to_the_engine_ends_all_runs_and_its_client_hears_of_it(
    make_talk: MakeTalk, tagged: Tagged, runtime_folder: Path
) -> None:
    talk = make_talk(2)
    runs = three_runs(talk)
    os.kill(talk.client.pid, signal.SIGTERM)
    assert [talk.result(run_id)["status"] for run_id in runs] == ["cancelled"] * 3
    assert talk.first(EngineGone).reason == "SIGTERM to the engine: every run was ended"
    tagged.wait_gone(2)
    assert_recorded_as_cancelled(talk.folder, runs, "SIGTERM to the engine")
    assert list(runtime_folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signals_meant_for_the_dashboard_do_not_end_the_engine(
    talk: Talk, number: signal.Signals
) -> None:
    first = talk.start(*SLEEPER)
    talk.pid(first)
    os.kill(talk.client.pid, number)
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"
    talk.cancel(first)
    assert talk.result(first)["status"] == "cancelled"


def test_the_engine_killed_is_told_with_its_last_words(talk: Talk) -> None:
    talk.result(talk.start("/bin/true"))
    os.kill(talk.client.pid, signal.SIGKILL)
    assert talk.first(EngineGone).reason == "killed by SIGKILL; its runs were ended"


def test_one_of_two_clients_leaving_ends_nothing(
    talk: Talk, stranger: RawClient, tagged: Tagged
) -> None:
    stranger.hello()
    run_id = talk.start(*SLEEPER)
    pid = talk.pid(run_id)
    stranger.close()
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"
    assert pid in tagged.pids()


def test_an_engine_that_nobody_needs_ends_at_once(
    make_talk: MakeTalk, tagged: Tagged, runtime_folder: Path
) -> None:
    talk = make_talk()
    assert talk.client.close(2)
    wait_until(lambda: not tagged.pids(), 1)
    assert list(runtime_folder.iterdir()) == []

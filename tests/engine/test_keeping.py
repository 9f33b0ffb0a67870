# SPDX-License-Identifier: AGPL-3.0-or-later
"""An engine that is kept: it outlives its clients, is come back to, and does not stay for ever."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from er_tui.engine.messages import Known, Leaving, Queued, Welcome, to_line
from er_tui.engine.messages import Start as StartMessage
from er_tui.journal.events import RunStarted
from er_tui.session.connection import EngineGone
from er_tui.session.engines import Engine, find_engines, stop_engines
from tests.conftest import wait_until
from tests.engine.conftest import MakeTalk
from tests.engine.tagged import Tagged
from tests.engine.talk import SLEEPER, RawClient, Talk


def the_engine() -> Engine:
    (engine,) = find_engines()
    return engine


def test_kept_it_goes_on_without_a_client_and_is_come_back_to(make_talk: MakeTalk) -> None:
    talk = make_talk(1, keep=True)
    running, queued = talk.start(*SLEEPER), talk.start(*SLEEPER)
    pid = talk.pid(running)
    talk.first(Queued, queued)
    assert talk.leave("hangup")
    assert psutil.pid_exists(pid)
    back = make_talk(engine=the_engine())
    told = {
        known.run_id: known for known in (back.first(Known, running), back.first(Known, queued))
    }
    assert told[running].directory == str(talk.folder / ".executor_runtime" / "job" / running)
    assert told[queued].directory is None
    assert told[queued].runtime_kind == "subprocess"
    back.cancel(running)
    assert back.result(running)["status"] == "cancelled"
    # All of a run that had not begun is told, from its start.
    back.pid(queued)
    assert isinstance(back.events(queued)[0], RunStarted)
    back.cancel(queued)
    assert back.result(queued)["status"] == "cancelled"
    assert back.leave("quit") is False


@pytest.mark.parametrize("how", ["hangup", "quit", "end"])
def test_not_kept_it_ends_with_its_last_client_however_that_leaves(
    make_talk: MakeTalk, tagged: Tagged, how: Leaving
) -> None:
    talk = make_talk()
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    assert talk.leave(how) is False
    tagged.wait_gone(1)
    assert talk.recorded(run_id)["status"] == "cancelled"


def test_a_client_can_have_it_kept_when_it_leaves(make_talk: MakeTalk) -> None:
    talk = make_talk()
    run_id = talk.start(*SLEEPER)
    pid = talk.pid(run_id)
    assert talk.leave("keep")
    assert psutil.pid_exists(pid)
    assert make_talk(engine=the_engine()).leave("hangup")
    assert psutil.pid_exists(pid)


def test_one_that_is_to_end_its_runs_does_so_though_it_is_kept(
    make_talk: MakeTalk, tagged: Tagged
) -> None:
    talk = make_talk(keep=True)
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    assert talk.leave("end") is False
    tagged.wait_gone(1)
    assert talk.recorded(run_id)["error_summary"] == "ended by the operator"


def test_others_are_told_why_it_ended(make_talk: MakeTalk) -> None:
    talk = make_talk()
    talk.first(Welcome)
    other = make_talk(engine=the_engine())
    other.first(Welcome)
    assert other.leave("end") is False
    assert talk.first(EngineGone).reason == "ended by the operator: every run was ended"


def test_kept_it_ends_when_it_has_had_no_run_for_a_while(
    make_talk: MakeTalk, tagged: Tagged, tmp_path: Path, runtime_folder: Path
) -> None:
    gate = tmp_path / "gate"
    talk = make_talk(keep=True, idle_seconds=0.2)
    script = f"echo here; while [ ! -e '{gate}' ]; do sleep 0.02; done"
    run_id = talk.start("/bin/sh", "-c", script)
    talk.pid(run_id)
    assert talk.leave("hangup")
    assert the_engine().standing() is not None
    gate.touch()
    tagged.wait_gone(3)
    assert talk.recorded(run_id)["status"] == "succeeded"
    wait_until(lambda: not list(runtime_folder.iterdir()))


def test_a_quit_of_the_last_client_ends_a_kept_one_that_runs_nothing(
    make_talk: MakeTalk, tagged: Tagged
) -> None:
    talk = make_talk(keep=True)
    talk.result(talk.start("/bin/true"))
    assert talk.leave("quit") is False
    tagged.wait_gone(1)


@pytest.mark.parametrize("how", ["hangup", "quit"])
def test_with_another_client_the_runs_go_on_when_the_one_that_started_it_leaves(
    make_talk: MakeTalk, how: Leaving
) -> None:
    talk = make_talk()
    run_id = talk.start(*SLEEPER)
    pid = talk.pid(run_id)
    other = make_talk(engine=the_engine())
    other.first(Known, run_id)
    wait_until(lambda: talk.client.others == 1)
    assert talk.leave(how)
    wait_until(lambda: other.client.others == 0)
    assert psutil.pid_exists(pid)
    assert other.leave("hangup") is False
    wait_until(lambda: not psutil.pid_exists(pid))


def test_all_clients_see_the_same_and_each_can_steer(make_talk: MakeTalk) -> None:
    first = make_talk()
    mine = first.start(*SLEEPER)
    first.pid(mine)
    second, third = make_talk(engine=the_engine()), make_talk(engine=the_engine())
    for client in (second, third):
        assert client.first(Known, mine).directory is not None
    wait_until(lambda: [c.client.others for c in (first, second, third)] == [2, 2, 2])
    theirs = second.start(*SLEEPER)
    second.pid(theirs)
    third.cancel(mine)
    first.cancel(theirs)
    for client in (first, second, third):
        assert client.result(mine)["status"] == "cancelled"
        assert client.result(theirs)["status"] == "cancelled"
    for client in (first, third):
        kinds = [type(m) for m in client.heard if getattr(m, "run_id", None) == theirs]
        assert kinds[:2] == [Known, Queued]
        assert client.events(theirs) == second.events(theirs)
    assert not any(isinstance(m, Known) and m.run_id == theirs for m in second.heard)


@pytest.mark.parametrize("victim", ["engine", "guard"])
def test_a_kept_one_that_is_killed_leaves_no_run(
    make_talk: MakeTalk, tagged: Tagged, runtime_folder: Path, victim: str
) -> None:
    talk = make_talk(keep=True)
    for _ in range(2):
        talk.pid(talk.start(*SLEEPER))
    assert talk.leave("hangup")
    of = the_engine().description
    os.kill(of.process.pid if victim == "engine" else of.guard, signal.SIGKILL)
    tagged.wait_gone(1)
    wait_until(lambda: not list(runtime_folder.iterdir()))


def test_a_guard_asks_again_and_ends_one_that_hangs(
    make_talk: MakeTalk, tagged: Tagged, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Path(__file__).parent / "hasty_guard.py"
    monkeypatch.setattr("er_tui.session.client.guard_command", lambda _module: hasty(guard))
    talk = make_talk(keep=True)
    talk.pid(talk.start(*SLEEPER))
    assert talk.leave("hangup")
    engine = the_engine()
    # It has answered more than once by then, and is left alone.
    asked = Path(f"/proc/{engine.description.guard}/io")
    before = asked.read_text()
    wait_until(lambda: asked.read_text() != before)
    assert engine.standing() is not None
    os.kill(engine.pid, signal.SIGSTOP)
    tagged.wait_gone(4)


def hasty(path: Path) -> list[str]:
    """A guard that asks often and does not wait long for the answer."""
    import sys

    return [sys.executable, str(path)]


def test_signals_of_a_terminal_that_goes_do_not_end_a_kept_one(make_talk: MakeTalk) -> None:
    talk = make_talk(keep=True)
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    assert talk.leave("hangup")
    of = the_engine().description
    for pid in (of.guard, of.process.pid):
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            os.kill(pid, number)
    back = make_talk(engine=the_engine())
    back.first(Known, run_id)
    back.cancel(run_id)
    assert back.result(run_id)["status"] == "cancelled"


def test_how_it_stands_is_told_to_whoever_asks_and_is_no_client(make_talk: MakeTalk) -> None:
    talk = make_talk(1)
    first, second = talk.start(*SLEEPER), talk.start(*SLEEPER)
    talk.pid(first)
    talk.first(Queued, second)
    standing = the_engine().standing()
    assert standing is not None
    assert (standing.running, standing.queued) == (1, 1)
    assert (standing.clients, standing.keep) == (1, False)
    assert talk.client.others == 0


def test_a_start_that_is_refused_is_known_to_nobody_else(talk: Talk, stranger: RawClient) -> None:
    stranger.hello()
    stranger.say(to_line(StartMessage("r1", {"command": []}, None)))
    stranger.hear()
    talk.result(talk.start("/bin/true"))
    assert not any(isinstance(message, Known) for message in talk.heard)


def test_an_engine_is_stopped_from_outside_with_honest_results(
    make_talk: MakeTalk, tagged: Tagged
) -> None:
    talk = make_talk(keep=True)
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    assert talk.leave("hangup")
    assert stop_engines(find_engines(), 10) == []
    assert find_engines() == []
    tagged.wait_gone(1)
    assert talk.recorded(run_id)["status"] == "cancelled"

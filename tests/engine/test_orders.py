# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a client may ask of a live run beyond its end, and what it is told where that cannot be."""

import pytest

from er_tui.engine.messages import Extend, Keys, Message, Refused, SendSignal, Window, to_line
from er_tui.journal.events import DeadlineMoved, InputSent, OutputSeen, SignalSent
from er_tui.journal.run_directory import new_run_id
from tests.conftest import wait_until
from tests.engine.talk import SLEEPER, RawClient, Talk

PTY = {"subprocess.pty": "true"}


def output(talk: Talk, run_id: str) -> str:
    path = talk.folder / ".executor_runtime" / "job" / run_id / "stdout.txt"
    return path.read_text() if path.exists() else ""


def test_a_signal_reaches_the_group_of_the_run(talk: Talk) -> None:
    script = "trap 'echo signalled; exit 5' USR1; echo ready; while :; do sleep 0.02; done"
    run_id = talk.start("/bin/sh", "-c", script)
    talk.pid(run_id)
    talk.client.send(SendSignal(run_id, "SIGUSR1"))
    assert talk.event(SignalSent, run_id).signal == "SIGUSR1"
    assert talk.event(SignalSent, run_id).by_operator
    assert talk.result(run_id)["exit_code"] == 5


def test_more_time_moves_the_deadline(talk: Talk) -> None:
    run_id = talk.start("/bin/sh", "-c", "echo here; sleep 1.5", timeout_seconds=1)
    talk.pid(run_id)
    talk.client.send(Extend(run_id, 60))
    assert talk.event(DeadlineMoved, run_id).seconds == 60
    assert talk.result(run_id)["status"] == "succeeded"


def test_keys_reach_the_terminal_of_the_run(talk: Talk) -> None:
    run_id = talk.start("/bin/sh", "-c", "echo here; read line; echo got $line", metadata=PTY)
    talk.pid(run_id)
    talk.client.send(Keys(run_id, "älpha\r"))
    assert talk.event(InputSent, run_id).size == len("älpha\r".encode())
    talk.result(run_id)
    assert "got älpha" in output(talk, run_id)


def test_the_size_of_the_window_reaches_runs_that_live_and_those_that_come(talk: Talk) -> None:
    script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done"
    first = talk.start("/bin/sh", "-c", script, metadata=PTY)
    talk.pid(first)
    talk.client.send(Window(101, 41))
    wait_until(lambda: "41 101" in output(talk, first))
    second = talk.start("/bin/sh", "-c", "stty size", metadata=PTY)
    talk.result(second)
    assert output(talk, second).split() == ["41", "101"]
    talk.cancel(first)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (SendSignal("?", "SIGSURPRISE"), "'SIGSURPRISE' is not a signal"),
        (Extend("?", 5.0), "it has no deadline, or that has passed"),
        (Extend("?", float("inf")), "a deadline is moved by a finite time, not inf"),
        (Extend("?", 10**400), "a deadline is moved by a finite time, not 1000"),
        (Keys("?", "\ud800"), "surrogates not allowed"),
    ],
)
def test_what_cannot_be_done_is_refused_and_the_run_goes_on(
    talk: Talk, order: SendSignal | Extend | Keys, reason: str
) -> None:
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    rest = {field: getattr(order, field) for field in order.fields if field != "run_id"}
    talk.client.send(type(order)(run_id, **rest))
    refusal = talk.first(Refused)
    assert refusal.run_id is None
    assert refusal.reason.startswith(f"run {run_id}: ")
    assert reason in refusal.reason
    talk.cancel(run_id)
    assert talk.result(run_id)["status"] == "cancelled"


NOWHERE = new_run_id()


@pytest.mark.parametrize("order", [SendSignal(NOWHERE, "SIGUSR1"), Extend(NOWHERE, 5.0)])
def test_an_order_to_a_run_that_is_not_there_is_refused(
    talk: Talk, order: SendSignal | Extend
) -> None:
    run_id = order.run_id
    # Keys that were typed while their run ended are nobody's mistake: only the order is told of.
    talk.client.send(Keys(run_id, "keys"))
    talk.client.send(order)
    assert talk.first(Refused).reason == f"run {run_id}: it is not running"


@pytest.mark.parametrize(
    "wrong",
    [
        Window(0, 24),
        Window(80, 100_000),
        Window("80", 24),  # type: ignore[arg-type]
    ],
)
def test_a_window_that_no_terminal_can_have_is_no_message(
    talk: Talk, stranger: RawClient, wrong: Message
) -> None:
    stranger.hello()
    stranger.say(to_line(wrong))
    answer = stranger.hear()
    assert isinstance(answer, Refused)
    assert "is not the size of a window" in answer.reason
    assert stranger.hear() is None
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"


@pytest.mark.parametrize("order", [SendSignal("?", 9), Extend("?", "x"), Keys("?", 5)])  # type: ignore[arg-type]
def test_an_order_with_a_value_of_another_type_is_refused(
    talk: Talk, order: SendSignal | Extend | Keys
) -> None:
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    rest = {field: getattr(order, field) for field in order.fields if field != "run_id"}
    talk.client.send(type(order)(run_id, **rest))
    assert talk.first(Refused).reason.startswith(f"run {run_id}: ")
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"
    assert any(isinstance(event, OutputSeen) for event in talk.events(run_id))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Several clients: all are told what happens, and none can harm another."""

import json
from typing import Any

import pytest

from er_tui.engine.messages import (
    LONGEST_LINE,
    PROTOCOL_VERSION,
    Cancel,
    Hello,
    Known,
    Queued,
    Refused,
    RunEvent,
    Start,
    Welcome,
    to_line,
)
from er_tui.journal.events import RunFinished
from er_tui.journal.run_directory import new_run_id
from tests.engine.talk import SLEEPER, RawClient, Talk, invocation

GARBAGE = {
    "no JSON": b"\x00\xff\x1b]0;title\x07\n",
    "a list": b"[1, 2]\n",
    "an unknown message": b'{"message": "shout"}\n',
    "an event that is none": b'{"message": "event", "run_id": "r", "event": 5}\n',
    "a null run id": b'{"message": "start", "run_id": null, "invocation": {}, "source": null}\n',
    "what the engine says": to_line(Refused(None, "no")),
    "deep nesting": b"[" * 100_000 + b"\n",
    "no end": b"x" * (LONGEST_LINE + (1 << 19)),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("greeted", [True, False], ids=["after hello", "at once"])
def test_a_client_that_sends_garbage_is_told_and_hurts_nobody(
    talk: Talk, stranger: RawClient, garbage: bytes, greeted: bool
) -> None:
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    if greeted:
        stranger.hello()
    try:
        stranger.say(garbage)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before it was all said
    *others, answer = iter(stranger.hear, None)  # until it hung up
    assert isinstance(answer, Refused)
    assert answer.run_id is None
    assert all(isinstance(other, RunEvent) for other in others)
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"
    assert not any(isinstance(event, RunFinished) for event in talk.events(run_id))


def test_another_version_of_the_protocol_is_refused_with_both_numbers(
    talk: Talk, stranger: RawClient
) -> None:
    talk.first(Welcome)
    stranger.say(to_line(Hello(PROTOCOL_VERSION + 1)))
    answer = stranger.hear()
    assert answer == Refused(None, "the engine speaks protocol 1, not 2")
    assert stranger.hear() is None


def test_who_does_not_say_hello_first_is_refused(talk: Talk, stranger: RawClient) -> None:
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    stranger.say(to_line(Cancel(run_id)) + to_line(Hello(PROTOCOL_VERSION)))
    assert stranger.hear() == Refused(None, "the first message must be hello")
    assert stranger.hear() is None
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"
    assert not any(isinstance(event, RunFinished) for event in talk.events(run_id))


def test_every_client_is_told_of_every_run(talk: Talk, stranger: RawClient) -> None:
    stranger.hello()
    run_id = talk.start("/bin/true")
    talk.result(run_id)
    told = [stranger.hear()]
    while not (isinstance(told[-1], RunEvent) and isinstance(told[-1].event, RunFinished)):
        told.append(stranger.hear())
    assert isinstance(told[0], Known)
    assert (told[0].run_id, told[0].runtime_kind, told[0].directory) == (run_id, "subprocess", None)
    assert told[1] == Queued(run_id, told[0].queued_at)
    assert [m.event for m in told if isinstance(m, RunEvent)] == talk.events(run_id)


def test_a_run_id_that_is_in_use_is_refused_without_harm_to_its_run(
    talk: Talk, stranger: RawClient
) -> None:
    run_id = talk.start(*SLEEPER)
    talk.pid(run_id)
    stranger.hello()
    document = invocation(talk.folder, ("/bin/touch", "trace"))
    stranger.say(to_line(Start(run_id, document, None)))
    answer = stranger.hear()
    assert answer == Refused(run_id, f"run {run_id} exists already")
    talk.cancel(run_id)
    assert talk.result(run_id)["status"] == "cancelled"
    assert not any(isinstance(message, Refused) for message in talk.heard)
    assert sum(isinstance(message, Queued) for message in talk.heard) == 1
    assert not (talk.folder / "trace").exists()


@pytest.mark.parametrize("run_id", ["../x", "", ".", "a/b", "x" * 101, "\x1b[2J"])
def test_a_run_id_that_is_no_plain_name_is_refused(talk: Talk, run_id: str) -> None:
    document = invocation(talk.folder, ("/bin/true",))
    talk.client.send(Start(run_id, document, None))
    assert "run_id must be" in talk.first(Refused).reason
    assert list(talk.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"command": []}, "command"),
        ({"runtime_kind": "teleport"}, "runtime_kind"),
        ({"environment": {"API_KEY": 5}}, "environment.API_KEY"),
        ({"environment": "hunter2hunter2"}, "environment"),
        ({"surprise": "hunter2hunter2"}, "surprise"),
    ],
)
def test_an_invalid_invocation_is_refused_by_field_and_without_its_values(
    talk: Talk, change: dict[str, Any], reason: str
) -> None:
    document = invocation(talk.folder, ("/bin/true",)) | change
    run_id = new_run_id()
    talk.client.send(Start(run_id, document, None))
    refusal = talk.first(Refused, run_id)
    assert refusal.reason.startswith(f"not an invocation: {reason}: ")
    assert "hunter2" not in refusal.reason
    assert list(talk.folder.iterdir()) == []
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"


@pytest.mark.parametrize("not_an_object", [5, None, "text", [1]])
def test_an_invocation_that_is_no_object_is_refused(
    talk: Talk, stranger: RawClient, not_an_object: object
) -> None:
    stranger.hello()
    start = {"message": "start", "run_id": "r1", "invocation": not_an_object, "source": None}
    stranger.say(json.dumps(start).encode() + b"\n")
    answer = stranger.hear()
    assert isinstance(answer, Refused)
    assert answer.run_id == "r1"
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"


def test_a_client_that_never_reads_stops_nobody(talk: Talk, stranger: RawClient) -> None:
    stranger.hello()
    runs = [talk.start("/bin/sh", "-c", "exit 3") for _ in range(100)]
    assert {talk.result(run_id)["exit_code"] for run_id in runs} == {3}

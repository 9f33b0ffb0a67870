# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every event of a journal is told in words."""

from __future__ import annotations

from typing import Any

import pytest

from er_tui.journal.events import (
    KINDS,
    AttemptEnded,
    CancelRequested,
    DeadlineMoved,
    DeadlinePassed,
    EndingCompleted,
    Event,
    InputSent,
    Member,
    OutputSeen,
    ProcessIdentity,
    ProcessSpawned,
    ResourcesSampled,
    SignalSent,
)
from er_tui.tui.event_words import Background, told

_ENDED: dict[str, Any] = {
    "number": 3,
    "phase": "poll",
    "code": 200,
    "status": "running",
    "size": 1,
    "connect_seconds": None,
    "tls_seconds": None,
    "wait_seconds": 0.1,
    "body_seconds": 0.1,
    "headers": {},
    "body": None,
    "note": None,
    "next_seconds": 2.0,
}
_PROCESS = ProcessIdentity(7, 1, "host", None, None)
_STARTED: dict[str, Any] = {
    "run_id": "r",
    "invocation_id": "i",
    "runtime_name": "n",
    "runtime_kind": "http",
    "directory": None,
    "timeout_seconds": 9,
    "supervisor": _PROCESS,
}
_REQUEST = {"phase": "poll", "method": "GET", "url": "http://h/runs/1?a=b", "headers": {}}

TOLD: dict[str, tuple[dict[str, Any], str]] = {
    "started": (_STARTED, "run r started, deadline after 9s"),
    "spawned": ({"process": _PROCESS}, "process 7 leads its own session and group"),
    "output": ({"marks": (("stdout", 5, 0.0),)}, "output: stdout 5 B"),
    "cancel_requested": (
        {"reason": "asked", "grace_seconds": 5.0},
        "cancel: asked; SIGKILL follows after 5s",
    ),
    "deadline_passed": (
        {"timeout_seconds": 9, "grace_seconds": 5.0},
        "deadline of 9s passed; SIGKILL follows after 5s",
    ),
    "signal_sent": ({"signal": "SIGTERM", "pgid": 7}, "SIGTERM to group 7"),
    "exited": ({"exit_code": 3, "signal": None}, "process exited with code 3"),
    "ending_completed": ({"seconds": 3.1}, "nothing of it is left, after 3.1s"),
    "deadline_moved": (
        {"seconds": 300.0, "timeout_seconds": 900.0},
        "deadline 5m00s later: 15m00s after the start",
    ),
    "resources": (
        {"cpu_percent": 12.4, "memory_bytes": 48_000_000, "processes": 3},
        "resources: 12% CPU, 48.0 MB, 3 processes",
    ),
    "input": ({"size": 12}, "input: 12 bytes typed"),
    "swept": ({"members": ()}, "swept 0 left behind: "),
    "attempt_started": ({"number": 3, **_REQUEST}, "attempt 3: poll GET /runs/1?a=b"),
    "attempt_ended": (_ENDED, "attempt 3: HTTP 200, running, next in 2.0s"),
    "noted": ({"text": "a note"}, "a note"),
    "finished": ({"result": {"status": "timed_out"}}, "timed out"),
}


def words(event: Event) -> str:
    background = Background()
    if background.take(event):
        ((_at, line),) = background.lines()
        return line
    return told(event)[1]


def sample(cpu: float, memory: int, processes: int) -> ResourcesSampled:
    return ResourcesSampled(at=0.0, cpu_percent=cpu, memory_bytes=memory, processes=processes)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_words_of_its_own(name: str) -> None:
    fields, told = TOLD[name]
    assert words(KINDS[name](at=0.0, **fields)) == told != name


def test_a_run_without_a_process_is_not_killed() -> None:
    assert words(CancelRequested(at=0.0, reason="asked", grace_seconds=0.0)) == "cancel: asked"
    deadline = DeadlinePassed(at=0.0, timeout_seconds=9, grace_seconds=0.0)
    assert words(deadline) == "deadline of 9s passed"


def test_the_note_of_an_attempt_is_told_in_full() -> None:
    note = "refused; " * 300
    fields = {**_ENDED, "code": None, "status": None, "next_seconds": None, "note": note}
    assert words(AttemptEnded(at=0.0, **fields)) == f"attempt 3: no response: {note}"


def test_a_signal_is_told_with_who_asked_and_who_got_it() -> None:
    asked = SignalSent(at=0.0, signal="SIGUSR1", pgid=7, by_operator=True)
    assert words(asked) == "SIGUSR1 to group 7, asked for by the operator"
    members, escaped = (Member(8, "sh"), Member(9, "cc -c x.c")), (Member(11, "sleep 600"),)
    kill = SignalSent(at=0.0, signal="SIGKILL", pgid=7, members=members, escaped=escaped)
    assert words(kill) == (
        "SIGKILL to group 7 (still alive: 8 sh; 9 cc -c x.c); "
        "and to 1 that had left it: 11 sleep 600"
    )


def test_who_survives_an_ending_is_named() -> None:
    ending = EndingCompleted(at=0.0, seconds=8.1, survivors=(Member(7, "dd"),))
    assert told(ending) == ("bad", "still alive after 8.1s, SIGKILL and all: 7 dd")


def test_a_terminal_and_an_earlier_deadline_are_told() -> None:
    spawned = ProcessSpawned(at=0.0, process=_PROCESS, terminal=True)
    assert words(spawned).endswith("group, on a terminal of its own")
    moved = DeadlineMoved(at=0.0, seconds=-60.0, timeout_seconds=30.0)
    assert words(moved) == "deadline 1m00s earlier: 30.0s after the start"


def test_samples_output_and_input_take_a_line_each_however_many_and_mixed() -> None:
    background = Background()
    for number in range(1, 101):
        assert background.take(sample(number, number * 1_000_000, 1 + number % 3))
        assert background.take(OutputSeen(at=1.0, marks=(("stdout", number * 10, 1.0),)))
        assert background.take(InputSent(at=2.0, size=1))
    assert [line for _at, line in background.lines()] == [
        "resources: 100% CPU (1% to 100%), 100.0 MB (1.0 MB to 100.0 MB), 2 processes (1 to 3)",
        "output: stdout 1.0 kB",
        "input: 100 bytes typed",
    ]
    background.end()
    assert background.lines() == []
    background.take(OutputSeen(at=3.0, marks=(("stdout", 1010, 3.0),)))
    background.take(sample(3.0, 5_000_000, 1))
    assert [line for _at, line in background.lines()] == [
        "output: stdout 10 B",
        "resources: 3% CPU, 5.0 MB, 1 process",
    ]

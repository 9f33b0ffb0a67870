# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client that is stopped for hours is not drowned, and knows how things are when it is back."""

import socket

from er_tui.engine.clients import Client
from er_tui.engine.messages import Message, RunEvent, from_line, to_line
from er_tui.journal.events import Noted, OutputSeen, ResourcesSampled


def output(run_id: str, size: int) -> RunEvent:
    marks = (("stdout", size, 1.0), ("stderr", size // 2, 1.0))
    return RunEvent(run_id, OutputSeen(at=float(size), marks=marks))


def used(run_id: str, memory: int) -> RunEvent:
    sample = ResourcesSampled(at=1.0, cpu_percent=1.0, memory_bytes=memory, processes=1)
    return RunEvent(run_id, sample)


def tell(client: Client, message: Message) -> None:
    client.tell([message], to_line(message))


def heard(client: Client) -> list[Message | None]:
    """All that it would hear if it read."""
    lines = b""
    while client.catch_up():
        lines += client.unsent
        client.unsent.clear()
    return [from_line(line) for line in lines.splitlines()]


def test_one_that_reads_is_told_everything() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = Client(ours)
        messages = [output("a", size) for size in range(100)]
        for message in messages:
            tell(client, message)
        assert heard(client) == messages


def test_one_that_does_not_is_told_the_last_of_what_came_too_often() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = Client(ours)
        for size in range(100_000):
            tell(client, output("a", size))
            tell(client, used("a", size))
        tell(client, output("b", 7))
        note = RunEvent("a", Noted(at=2.0, text="something else"))
        tell(client, note)
        tell(client, output("a", 100_000))
        assert len(client.unsent) < 2 << 20
        *_, last_output, last_used, noted, other, again = heard(client)
        assert isinstance(last_output, RunEvent)
        assert isinstance(last_output.event, OutputSeen)
        assert {name: size for name, size, _at in last_output.event.marks} == {
            "stdout": 99_999,
            "stderr": 49_999,
        }
        assert last_used == used("a", 99_999)
        assert noted == note
        assert other == output("b", 7)
        assert again == output("a", 100_000)
        tell(client, output("a", 100_001))
        assert heard(client) == [output("a", 100_001)]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A past run can be looked at as it stood at any moment of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from er_tui.journal.events import (
    CancelRequested,
    Event,
    Noted,
    OutputSeen,
    ProcessExited,
    ProcessIdentity,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.journal.lines import encode
from er_tui.session.log import Log
from er_tui.session.moments import Sizes
from er_tui.session.past import read_run
from er_tui.session.replay import ReplayReader
from tests.conftest import wait_until
from tests.tui.test_timeline import polls

HERE = ProcessIdentity(1, 1, "elsewhere", "boot", "ns")


def seen(*marks: tuple[str, int, float]) -> OutputSeen:
    return OutputSeen(at=marks[-1][2], marks=marks)


def a_run(folder: Path, events: list[Event], ended: float, **captures: bytes) -> Path:
    """The directory of a run that began at 100.0 and was cancelled."""
    folder.mkdir()
    started = RunStarted(
        at=100.0,
        run_id=folder.name,
        invocation_id="one",
        runtime_name="test",
        runtime_kind="subprocess",
        directory=str(folder),
        timeout_seconds=None,
        supervisor=HERE,
    )
    result = {"status": "cancelled", "error_summary": "cancelled"}
    lines = [started, *events, RunFinished(at=ended, result=result)]
    (folder / "events.jsonl").write_text("".join(f"{encode(event)}\n" for event in lines))
    for stream, data in captures.items():
        (folder / f"{stream}.txt").write_bytes(data)
    return folder


EVENTS: list[Event] = [
    seen(("stdout", 6, 101.0), ("stderr", 4, 101.5), ("stdout", 9, 102.0)),
    CancelRequested(at=110.0, reason="asked for", grace_seconds=5.0),
    SignalSent(at=110.0, signal="SIGTERM", pgid=7),
    seen(("stdout", 14, 111.0)),
    ProcessExited(at=112.0, exit_code=143, signal="SIGTERM"),
]
OUT, ERR = b"first\nseclate\n", b"err\n"


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ReplayReader]:
    folder = a_run(tmp_path / "r1", EVENTS, 112.5, stdout=OUT, stderr=ERR)
    reader = ReplayReader(folder, read_run(folder))
    settle(reader)
    yield reader
    reader.close()


def settle(reader: ReplayReader) -> None:
    wait_until(lambda: not reader.advance(live=False, seconds=0.01))


def shown(reader: ReplayReader, at: float) -> list[str]:
    reader.position = at
    log = Log(reader)
    assert log.row_count == reader.index.line_count
    return [line.raw.decode() for _number, line in log.rows(0, 100)]


def test_the_output_is_what_was_there_at_the_moment(reader: ReplayReader) -> None:
    assert (reader.begins, reader.ends) == (100.0, 112.5)
    moments = {
        100.9: [],
        101.0: ["first"],
        101.7: ["first", "err"],
        102.0: ["first", "err", "sec"],
        110.9: ["first", "err", "sec"],
        111.0: ["first", "err", "seclate"],
        500.0: ["first", "err", "seclate"],
    }
    for at, lines in [*moments.items(), *reversed(moments.items())]:
        assert shown(reader, at) == lines
    assert reader.position == 100.9
    assert reader.index.size == 0


def test_a_mark_at_the_same_moment_or_before_the_last_keeps_the_order() -> None:
    sizes = Sizes(("stdout", "stderr"))
    assert sizes.add("stdout", 5, 10.0)
    assert not sizes.add("stdout", 5, 11.0)
    assert sizes.add("stderr", 7, 9.0)
    assert not sizes.add("other", 7, 9.0)
    assert sizes.sizes(sizes.count_at(9.9)) == (0, 0)
    assert sizes.sizes(sizes.count_at(10.0)) == (5, 7)
    assert sizes.written(0.0, 10.0) == 12
    assert sizes.next_after(9.0) == 10.0
    assert sizes.next_after(10.0) is None


def test_the_state_and_the_events_are_those_of_the_moment(reader: ReplayReader) -> None:
    story = reader.story
    badges = [(story.state_at(at).status, story.state_at(at).badge) for at in (99.0, 105.0, 110.5)]
    assert badges == [("pending", "queued"), ("running", None), ("running", "cancelling")]
    assert story.state_at(113.0).status == "cancelled"
    assert [event.name for event in story.events_at(110.0, 2)] == [
        "cancel_requested",
        "signal_sent",
    ]
    assert [event.name for event in story.events_at(105.0, 5)] == ["started"]
    assert story.next_tick(100.0) == 110.0
    assert story.tick_before(112.0) == 110.0
    assert story.tick_before(100.0) is None
    assert story.tick_in(109.0, 111.0) == "signal"


def test_a_gap_is_skipped_to_just_before_what_ends_it(reader: ReplayReader) -> None:
    reader.position = 103.0
    assert reader.skip_gap(3.0) == pytest.approx(6.5)
    assert reader.position == pytest.approx(109.5)
    assert reader.skip_gap(3.0) == 0.0


def test_what_no_mark_covers_is_there_at_the_end(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "r1", EVENTS, 112.5, stdout=OUT + b"unmarked\n", stderr=ERR)
    reader = ReplayReader(folder, read_run(folder))
    settle(reader)
    assert "unmarked" not in shown(reader, 112.4)
    assert shown(reader, 112.5)[-1] == "unmarked"
    reader.close()


def test_a_truncated_or_missing_capture_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "r1", EVENTS, 112.5, stdout=OUT[:8])
    reader = ReplayReader(folder, read_run(folder))
    settle(reader)
    assert reader.damage == (
        "stdout was truncated: 6 captured bytes are lost. "
        "stderr is missing: 4 captured bytes are lost."
    )
    assert shown(reader, 112.5) == ["first", "se"]
    reader.close()


def test_a_large_run_can_be_looked_at_while_it_is_read_and_at_any_moment(tmp_path: Path) -> None:
    size, marks = 1 << 26, 20_000
    events: list[Event] = [
        seen(("stdout", size * n // marks, 100 + n / 10)) for n in range(1, marks + 1)
    ]
    events += [Noted(at=100 + marks / 10 + event.at, text="x") for event in polls(15_000)]
    folder = a_run(tmp_path / "r1", events, 100 + marks / 10 + 15_000, stdout=b"")
    line = b"x" * 99 + b"\n"
    with (folder / "stdout.txt").open("wb") as file:
        for _ in range(size // (1 << 20) + 1):
            file.write(line * ((1 << 20) // 100))
        file.truncate(size)
    run = read_run(folder)
    reader = ReplayReader(folder, run)
    steps = first = 0
    while not reader.done:
        reader.advance(live=False, seconds=0.005)
        steps += 1
        if not first and shown(reader, 100.2):
            first = steps
    assert 0 < first < steps, "the beginning is there before all is read"
    for n in range(200):
        at = 100 + (n * 7919 % 200) * (reader.ends - 100) / 200
        reader.position = at
        assert reader.story.state_at(at).status
        assert len(reader.story.events_at(at, 6)) <= 6
        assert len(reader.index.lines(reader.index.line_count - 40, 40)) <= 40
    reader.close()


def test_hostile_journals_and_captures_do_no_harm(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "r1", [seen(("stdout", 5, 101.0))], 102.0)
    os.mkfifo(folder / "stdout.txt")
    (folder / "stderr.txt").symlink_to("/etc/passwd")
    reader = ReplayReader(folder, read_run(folder))
    settle(reader)
    assert shown(reader, 102.0) == []
    assert reader.damage is not None
    reader.close()


def test_an_empty_directory_is_an_empty_run(tmp_path: Path) -> None:
    folder = tmp_path / "r1"
    folder.mkdir()
    state: Any = read_run(folder)
    reader = ReplayReader(folder, state)
    settle(reader)
    assert shown(reader, 5.0) == []
    assert reader.story.events_at(5.0, 5) == []
    reader.close()

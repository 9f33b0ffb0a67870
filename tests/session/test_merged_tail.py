# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tail of all runs shows what each writes, whatever the others do, and stays small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from er_tui.session.library import Library
from er_tui.session.merged_tail import MOST_LINES, MOST_SHOWN, MergedTail
from er_tui.session.session import Session
from er_tui.session.state import RunState
from tests.conftest import wait_until


class Runs:
    """Runs whose captures the test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = Session(Library([folder]))

    def add(self, name: str, **fields: object) -> None:
        directory = self.folder / name
        directory.mkdir()
        run = RunState(name, 0.0, "running", str(directory))
        self.session.runs[name] = replace(run, **fields)  # type: ignore[arg-type]
        self.session._live[name] = None

    def write(self, name: str, data: bytes, stream: str = "stdout") -> None:
        path = self.folder / name / f"{stream}.txt"
        with path.open("ab") as file:
            file.write(data)
        sizes = {f"{stream}_bytes": path.stat().st_size}
        self.session.runs[name] = replace(self.session.runs[name], **sizes)  # type: ignore[arg-type]

    def end(self, name: str) -> None:
        self.session.runs[name] = replace(self.session.runs[name], status="succeeded")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@pytest.fixture
def tail(runs: Runs) -> Iterator[MergedTail]:
    tail = MergedTail(runs.session)
    yield tail
    tail.close()


def settle(tail: MergedTail) -> None:
    wait_until(lambda: not tail.step(0.01) and not tail.behind)


def told(tail: MergedTail) -> list[tuple[str, str, bytes]]:
    return [(line.run_id, line.kind, line.raw) for _, line in tail.lines]


def test_runs_join_write_and_end(runs: Runs, tail: MergedTail) -> None:
    runs.add("a")
    runs.add("b")
    runs.write("a", b"one\ntw")
    runs.write("b", b"wrong\n", "stderr")
    settle(tail)
    runs.write("a", b"o\nunfinished")
    settle(tail)
    runs.end("a")
    settle(tail)
    assert told(tail) == [
        ("a", "begun", b""),
        ("b", "begun", b""),
        ("a", "stdout", b"one"),
        ("b", "stderr", b"wrong"),
        ("a", "stdout", b"two"),
        ("a", "stdout", b"unfinished"),
        ("a", "ended", b""),
    ]
    assert tail.run_count == 1


def test_a_flood_is_shown_as_far_as_it_can_be_and_starves_nobody(
    runs: Runs, tail: MergedTail
) -> None:
    runs.add("flood")
    runs.add("quiet")
    runs.write("flood", b"much too much\n" * 200_000)
    runs.write("quiet", b"heard\n")
    tail.step(1.0)
    assert ("quiet", "stdout", b"heard") in told(tail)
    settle(tail)
    runs.end("flood")
    settle(tail)
    skipped = [line for _, line in tail.lines if line.kind == "skipped"]
    shown = [line for _, line in tail.lines if line.raw == b"much too much"]
    assert len(shown) > 1000
    assert tail.skipped == sum(line.left_out for line in skipped)
    # All but the line in whose middle it went on is shown or told.
    assert 0 <= 2_800_000 - tail.skipped - 14 * len(shown) < 14


def test_what_is_kept_is_bounded(runs: Runs, tail: MergedTail) -> None:
    runs.add("a")
    for _ in range(40):
        runs.write("a", b"line\n" * 1000)
        settle(tail)
    assert MOST_LINES <= len(tail.lines) <= MOST_LINES * 1.2
    assert tail.count == 40_001
    runs.write("a", b"x" * 100_000 + b"\n" + b"\r".join([b"p" * 50] * 500) + b"\r\n")
    settle(tail)
    long, progress = [line for _, line in tail.lines[-2:]]
    assert (len(long.raw), long.left_out) == (MOST_SHOWN, 100_000 - MOST_SHOWN)
    assert (progress.raw.strip(), progress.left_out) == (b"p" * 50, 0)


def test_who_writes_much_takes_no_lines_from_who_writes_little(
    runs: Runs, tail: MergedTail
) -> None:
    for name in ("flood", "other", "quiet"):
        runs.add(name)
    for n in range(100):
        runs.write("quiet", b"said %d\n" % n)
        runs.write("flood", b"much too much\n" * 1000)
        runs.write("other", b"much too\n" * 100)
        settle(tail)
    lines = [line for _, line in tail.lines]
    assert len(lines) <= MOST_LINES * 1.2
    said = [line.raw for line in lines if line.run_id == "quiet"]
    assert said == [b"", *(b"said %d" % n for n in range(100))]
    assert sum(line.run_id == "other" for line in lines) > 4000
    assert [number for number, _ in tail.lines] == sorted(number for number, _ in tail.lines)


def test_of_a_run_that_was_live_before_the_end_is_shown(runs: Runs) -> None:
    runs.add("a")
    runs.write("a", b"".join(b"line %d\n" % n for n in range(10_000)))
    tail = MergedTail(runs.session)
    settle(tail)
    lines = [line.raw for _, line in tail.lines]
    assert 100 < len(lines) < 1000
    assert lines == [b"line %d" % n for n in range(10_000 - len(lines), 10_000)]
    tail.close()


def test_a_capture_that_is_lost_or_planted_is_no_matter(runs: Runs, tail: MergedTail) -> None:
    runs.add("a", stdout_bytes=100)
    runs.add("b", stdout_bytes=100)
    (runs.folder / "b" / "stdout.txt").symlink_to("/etc/passwd")
    settle(tail)
    runs.end("a")
    runs.end("b")
    settle(tail)
    assert {kind for _, kind, _ in told(tail)} == {"begun", "ended"}

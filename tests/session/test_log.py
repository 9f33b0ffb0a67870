# SPDX-License-Identifier: AGPL-3.0-or-later
"""A log on a screen: rows are what is shown, lines what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from er_tui.session.capture_reader import CaptureReader
from er_tui.session.log import Filter, Log
from er_tui.session.log_pieces import plain_rows, raw_log, raw_rows, whole_piece
from er_tui.text.line_index import Line, LineIndex
from er_tui.text.pattern import Pattern
from tests.conftest import wait_until


class OneFile:
    """Reads one file to its present end."""

    damage: str | None = None
    started_at: float | None = None

    def __init__(self, path: Path) -> None:
        self.paths: Mapping[str, Path] = {"stdout": path}
        self.index = LineIndex(self.paths)

    def advance(self, *, live: bool, seconds: float) -> bool:
        del live, seconds
        self.index.extend("stdout", self.paths["stdout"].stat().st_size)
        return False

    def time_of(self, line: Line) -> None:
        del line

    def close(self) -> None:
        self.index.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "stdout.txt"
    path.write_text("".join(f"line {n}{' hit' if n % 10 == 0 else ''}\n" for n in range(100)))
    return path


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    log = Log(OneFile(path))
    settle(log)
    yield log
    log.close()


def settle(log: Log) -> None:
    wait_until(lambda: not log.advance(live=False, seconds=0.01))


def shown(log: Log) -> list[int]:
    return [number for number, _line in log.rows(0, 1000)]


def test_without_a_filter_rows_are_lines(log: Log) -> None:
    assert log.row_count == log.line_count == 100
    assert [(n, line.raw) for n, line in log.rows(98, 5)] == [(98, b"line 98"), (99, b"line 99")]
    assert (log.line_at(99), log.line_at(100), log.row_of(42)) == (99, None, 42)
    log.find(Pattern("hit"))
    settle(log)
    assert log.row_count == 100


def test_matches_are_gone_through_in_a_circle(log: Log) -> None:
    assert log.next_match(0, 1) is None
    log.find(Pattern("hit"))
    settle(log)
    assert [log.next_match(line, 1) for line in (-1, 0, 5, 90)] == [0, 10, 10, 0]
    assert [log.next_match(line, -1) for line in (95, 10, 0)] == [90, 0, 90]
    log.find(Pattern("nothing of the kind"))
    settle(log)
    assert (log.next_match(5, 1), log.next_match(5, -1)) == (None, None)


def test_a_filter_shows_matches_their_contrary_and_context(log: Log) -> None:
    log.find(Pattern("hit"))
    log.show_only(Filter())
    settle(log)
    assert shown(log) == list(range(0, 100, 10))
    assert (log.line_at(3), log.row_of(30), log.row_of(31)) == (30, 3, 4)
    log.show_only(Filter(context=1))
    assert shown(log) == sorted(
        n for n in range(100) if any(abs(n - m) <= 1 for m in range(0, 100, 10))
    )
    assert [line.raw for _, line in log.rows(0, 3)] == [b"line 0 hit", b"line 1", b"line 9"]
    log.show_only(Filter(inverse=True))
    assert shown(log) == [n for n in range(100) if n % 10]
    log.show_only(None)
    assert log.row_count == 100


def test_what_comes_later_is_filtered_too(log: Log, path: Path) -> None:
    log.find(Pattern("hit"))
    log.show_only(Filter(inverse=True))
    settle(log)
    with path.open("a") as file:
        file.write("more\nanother hit\nlast\n")
    settle(log)
    assert shown(log)[-2:] == [100, 102]
    log.show_only(Filter())
    assert shown(log)[-1] == 101


def test_another_search_takes_the_place_of_the_one_before(log: Log) -> None:
    log.find(Pattern("hit"))
    log.show_only(Filter())
    settle(log)
    log.find(Pattern("7$", regex=True))
    settle(log)
    assert shown(log) == list(range(7, 100, 10))
    log.find(None)
    assert log.row_count == 100


def test_a_search_goes_on_in_what_is_left_of_a_truncated_capture(tmp_path: Path) -> None:
    capture = tmp_path / "stdout.txt"
    capture.write_text("a hit\nanother hit\n")
    log = Log(CaptureReader(tmp_path, ("stdout",)))
    try:
        log.find(Pattern("hit"))
        log.show_only(Filter())
        settle(log)
        assert shown(log) == [0, 1]
        capture.write_text("x\nnew hit\n")
        settle(log)
        assert [line.raw for _, line in log.rows(0, 9)] == [b"new hit"]
        assert log.reader.damage == "stdout was truncated: 8 bytes that were shown are lost."
    finally:
        log.close()


def test_rows_are_taken_raw_or_as_safe_text(tmp_path: Path) -> None:
    long = "é\x1b[31m" * 50_000
    (tmp_path / "stdout.txt").write_text(f"a\x1b[1mb\n{long}\nlast")
    log = Log(CaptureReader(tmp_path, ("stdout",)))
    try:
        settle(log)
        whole = (tmp_path / "stdout.txt").read_bytes()
        assert b"".join(raw_log(log)) == whole
        assert b"".join(raw_rows(log, range(3))) == whole + b"\n"
        assert "".join(plain_rows(log, range(3))) == "ab\n" + "é" * 50_000 + "\nlast\n"
    finally:
        log.close()


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"plain", 5),
        ("é".encode(), 2),
        (b"ab\xc3", 2),
        (b"ab\x1b[3", 2),
        (b"ab\x1b[31m", 7),
        (b"\x1b[3", 3),
    ],
)
def test_a_piece_ends_where_no_character_or_sequence_is_cut(data: bytes, whole: int) -> None:
    assert whole_piece(data) == whole

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A search through all captures finds what is in them, newest run first, and is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from er_tui.session.search_all import MOST_OF_A_RUN, FoundLine, MoreLines, SearchAll
from er_tui.session.state import RunState
from er_tui.text.pattern import Pattern
from tests.conftest import wait_until


def run(folder: Path, name: str, out: bytes = b"", err: bytes = b"") -> RunState:
    directory = folder / name
    directory.mkdir()
    (directory / "stdout.txt").write_bytes(out)
    (directory / "stderr.txt").write_bytes(err)
    return RunState(name, 0.0, "succeeded", str(directory))


@contextmanager
def searched(pattern: Pattern, runs: list[RunState]) -> Iterator[SearchAll]:
    search = SearchAll(pattern, runs)

    def through() -> bool:
        search.step(0.01)
        return not search.busy

    try:
        wait_until(through, 30)
        assert search.failure is None
        yield search
    finally:
        search.close()


def found(pattern: Pattern, runs: list[RunState]) -> list[tuple[str, str, int, str]]:
    with searched(pattern, runs) as search:
        return [tuple(line) for line in search.found if isinstance(line, FoundLine)]  # type: ignore[misc]


def test_lines_are_found_in_the_order_of_the_runs_with_their_numbers(tmp_path: Path) -> None:
    runs = [
        run(tmp_path, "new", b"a\nfirst hit\nb\n\x1b[31mh\x1b[0mit\nlast hit", b"no\nHIT\n"),
        RunState("queued", 0.0),
        run(tmp_path, "old", b"hit\n"),
    ]
    assert found(Pattern("hit"), runs) == [
        ("new", "stdout", 1, "first hit"),
        ("new", "stdout", 3, "hit"),
        ("new", "stdout", 4, "last hit"),
        ("new", "stderr", 1, "HIT"),
        ("old", "stdout", 0, "hit"),
    ]
    assert found(Pattern("^h.t$", regex=True, ignore_case=False), runs) == [
        ("new", "stdout", 3, "hit"),
        ("old", "stdout", 0, "hit"),
    ]


def test_numbers_are_right_beyond_the_first_stretch(tmp_path: Path) -> None:
    lines = [b"line %d %s" % (n, b"x" * (n % 200)) for n in range(120_000)]
    wanted = [70_001, 99_999, 119_999]
    for n in wanted:
        lines[n] += b" needle"
    runs = [run(tmp_path, "a", b"\n".join(lines) + b"\n")]
    assert [line[2] for line in found(Pattern("needle"), runs)] == wanted


@pytest.mark.parametrize("place", [0, 5_000_000, 11_999_990])
@pytest.mark.parametrize("end", [b"\nlast\n", b""])
def test_a_line_of_many_stretches_is_found_once(tmp_path: Path, place: int, end: bytes) -> None:
    long = bytearray(b"x" * 12_000_000)
    long[place : place + 6] = b"needle"
    runs = [run(tmp_path, "a", b"first\n" + bytes(long) + end, b"needle\n")]
    lines = found(Pattern("needle"), runs)
    assert [line[1:3] for line in lines] == [("stdout", 1), ("stderr", 0)]
    assert "needle" in lines[0][3]
    assert len(lines[0][3]) < 500


def test_of_a_run_so_many_lines_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    runs = [run(tmp_path, "much", b"hit\n" * 3_000_000, b"hit\n"), run(tmp_path, "b", b"hit\n")]
    with searched(Pattern("hit"), runs) as search:
        assert search.counts == {"much": 3_000_001, "b": 1}
        assert search.count == 3_000_002
        assert len(search.found) == MOST_OF_A_RUN + 2
        assert search.found[MOST_OF_A_RUN] == MoreLines("much", 3_000_001 - MOST_OF_A_RUN)
        assert search.found[-1] == FoundLine("b", "stdout", 0, "hit")


def test_text_is_cut_between_characters_around_the_match(tmp_path: Path) -> None:
    line = "é" * 300 + "needle" + "ü" * 500
    ((*_, text),) = found(Pattern("needle"), [run(tmp_path, "a", line.encode() + b"\n")])
    assert "needle" in text
    assert set(text) == set("…éneedlü")


def test_many_runs_are_searched_and_what_is_no_file_is_counted(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"{n:04}", b"a hit\n") for n in range(2000)]
    Path(f"{runs[0].directory}/stdout.txt").unlink()
    Path(f"{runs[0].directory}/stdout.txt").symlink_to("/etc/passwd")
    Path(f"{runs[1].directory}/stdout.txt").unlink()
    with searched(Pattern("hit"), runs) as search:
        assert search.count == 1998
        assert [line.run_id for line in search.found] == [r.run_id for r in runs[2:]]
        assert search.unreadable == 1
        assert search.runs_begun == 2000


def test_a_search_ends_when_it_is_closed(tmp_path: Path) -> None:
    runs = [run(tmp_path, "a", b"a hit\n" * 5_000_000)]
    search = SearchAll(Pattern("hit"), runs)
    search.step(0.01)
    processes = [worker._process for worker in search._workers]
    assert processes
    search.close()
    assert not search.busy
    assert all(process.returncode is not None for process in processes)

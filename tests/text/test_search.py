# SPDX-License-Identifier: AGPL-3.0-or-later
"""The search finds the lines that match as they are read, however they are cut and coloured."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.text.line_index import LineIndex
from er_tui.text.pattern import Pattern, PatternError, required_text
from er_tui.text.plain import plain_lines
from er_tui.text.search import Search
from er_tui.text.search_worker import matching_lines
from tests.conftest import wait_until


def index_of(folder: Path, **streams: bytes) -> tuple[LineIndex, dict[str, Path]]:
    paths = {name: folder / f"{name}.txt" for name in streams}
    for name, data in streams.items():
        paths[name].write_bytes(data)
    index = LineIndex(paths)
    for name, data in streams.items():
        while index.extend(name, len(data)) < len(data):
            pass
    return index, paths


def found(search: Search) -> list[int]:
    """The lines that match, once the search is through."""

    def through() -> bool:
        search.step()
        return not search.busy

    wait_until(through)
    assert search.failure is None
    matches = search.matches
    return [line for n in range(len(matches)) if (line := matches.select(n)) is not None]


def search_of(folder: Path, pattern: Pattern, **streams: bytes) -> list[int]:
    index, paths = index_of(folder, **streams)
    search = Search(pattern, index, paths)
    try:
        return found(search)
    finally:
        search.close()
        index.close()


def test_plain_text_and_expressions_find_their_lines(tmp_path: Path) -> None:
    data = b"one\nTwo three\nfour\n\nthree\nlast, unfinished three"
    assert search_of(tmp_path, Pattern("three"), stdout=data) == [1, 4]
    assert search_of(tmp_path, Pattern("TWO", ignore_case=False), stdout=data) == []
    assert search_of(tmp_path, Pattern("t.*e$", regex=True), stdout=data) == [1, 4]
    assert search_of(tmp_path, Pattern("t.", regex=False), stdout=data) == []
    assert search_of(tmp_path, Pattern("^$", regex=True), stdout=data) == [3]
    assert search_of(tmp_path, Pattern(r"e\s+t", regex=True), stdout=data) == []


def test_what_a_terminal_obeys_is_not_in_the_way(tmp_path: Path) -> None:
    data = (
        b"\x1b[32mgr\x1b[1;33mee\x1b[0mn\n"
        b"\x1b]0;green title\x07red\n"
        b"\x1b]8;;http://green\x1b\\link\x1b]8;;\x1b\\ gr\x1b[Keen\n"
        b"green 1%\rgreen 2%\rdone\n"
        b"red\rgreen\r\n"
        b"gr\x1b[unfinished\xffeen\n"
    )
    assert search_of(tmp_path, Pattern("green"), stdout=data) == [0, 2, 4]
    assert search_of(tmp_path, Pattern("^g[r]e+n$", regex=True), stdout=data) == [0, 4]


def test_lines_of_both_streams_have_the_numbers_they_are_shown_with(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("stdout", "stderr")}
    paths["stdout"].write_bytes(b"a hit\nbegun ... hit\nnone\n")
    paths["stderr"].write_bytes(b"error\nhit\n")
    index = LineIndex(paths)
    # "begun ... " came first, then both lines of stderr, then the rest.
    for stream, upto in (("stdout", 12), ("stderr", 10), ("stdout", 25)):
        index.extend(stream, upto)
    shown = [line.raw for line in index.lines(0, 10)]
    assert shown == [b"a hit", b"error", b"hit", b"begun ... hit", b"none"]
    search = Search(Pattern("hit"), index, paths)
    assert found(search) == [0, 2, 3]
    search.close()


def test_a_search_goes_on_as_the_capture_grows(tmp_path: Path) -> None:
    index, paths = index_of(tmp_path, stdout=b"hit\nno\nh")
    search = Search(Pattern("hit"), index, paths)
    assert found(search) == [0]
    with paths["stdout"].open("ab") as file:
        file.write(b"it again\nno\nhit\n")
    index.extend("stdout", paths["stdout"].stat().st_size)
    assert found(search) == [0, 2, 4]
    search.close()


def test_many_stretches_are_put_together_in_order(tmp_path: Path) -> None:
    lines = [b"line %d %s" % (n, b"x" * (n * 7919 % 300)) for n in range(100_000)]
    data = b"\n".join(lines) + b"\n"
    expected = [n for n, line in enumerate(lines) if re.search(rb"7\d*7 x{100}", line)]
    assert len(expected) > 100
    assert search_of(tmp_path, Pattern(r"7\d*7 x{100}", regex=True), stdout=data) == expected


@pytest.mark.parametrize("place", [0, 5_000_000, 11_999_990])
def test_a_line_of_many_stretches_is_found_by_what_is_anywhere_in_it(
    tmp_path: Path, place: int
) -> None:
    long = bytearray(b"x" * 12_000_000)
    long[place : place + 6] = b"needle"
    data = b"first\n" + bytes(long) + b"\nlast\n"
    assert search_of(tmp_path, Pattern("needle"), stdout=data) == [1]


def test_a_search_that_is_closed_leaves_no_process(tmp_path: Path) -> None:
    index, paths = index_of(tmp_path, stdout=b"x\n" * 5_000_000)
    search = Search(Pattern("x"), index, paths)
    search.step()
    assert search.busy
    pids = [worker._process.pid for worker in search._workers]
    assert pids
    search.close()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_a_search_whose_process_is_killed_says_so(tmp_path: Path) -> None:
    index, paths = index_of(tmp_path, stdout=b"x\n" * 5_000_000)
    search = Search(Pattern("x"), index, paths)
    search.step()
    search._workers[0]._process.kill()

    def failed() -> bool:
        search.step()
        return search.failure is not None

    wait_until(failed)
    assert not search.busy


def test_a_file_that_went_away_is_no_reason_to_fail(tmp_path: Path) -> None:
    index, paths = index_of(tmp_path, stdout=b"hit\n")
    paths["stdout"].unlink()
    search = Search(Pattern("hit"), index, paths)
    assert found(search) == []
    search.close()


@pytest.mark.parametrize("text", ["a(", "[b", "*", r"\1", "(?=x)"])
def test_what_is_no_expression_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(PatternError, match="not a regular expression: "):
        Pattern(text, regex=True)


def test_matches_are_found_in_a_line_as_it_is_shown() -> None:
    assert Pattern("é+", regex=True).spans("caféé é") == [(3, 5), (6, 7)]
    assert Pattern("x*", regex=True).spans("axxb") == [(1, 3)]


REGEXES = st.text(st.sampled_from("ab1 .*+?|()[]^\\{},-$"), max_size=12)


@given(REGEXES)
def test_the_required_text_is_in_whatever_matches(regex: str) -> None:
    try:
        pattern = Pattern(regex, regex=True, ignore_case=False)
    except PatternError:
        return
    text = required_text(regex)
    for line in ("", "a", "b", "ab", "ba", "aab1 b", "1 a", "a1", "^$", "a.b", "(a)", "b,-a", "]"):
        if pattern.compiled.search(line.encode()):
            assert text in line, (regex, text, line)


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        ("needle [0-9]+ found", "needle "),
        ("ab+c", "ab"),
        ("abc?d", "ab"),
        (r"a\.b\d", "a.b"),
        ("(abc|x)de", "de"),
        ("ab|cd", ""),
        ("[]a]xy", "xy"),
        ("[[:alpha:]]xy", "xy"),
        ("ab{2}cd", "cd"),
    ],
)
def test_the_longest_evident_text_is_taken(regex: str, text: str) -> None:
    assert required_text(regex) == text


PIECES = st.lists(
    st.sampled_from(
        [
            b"needle",
            b"nee",
            b"dle",
            b"\x1b[1m",
            b"\x1b[0;31m",
            b"\x1b]0;t\x07",
            b"\x1b",
            b"x",
            b"\n",
            b"\r",
            b"\r\n",
            b" 42",
            b"\xff",
            "é".encode(),
            b"\x1b[",
            b"\x1bP",
        ]
    ),
    max_size=30,
)


@given(PIECES)
def test_the_short_way_finds_what_the_long_way_does(pieces: list[bytes]) -> None:
    from er_tui.text.search_worker import _by_hint

    data = b"".join(pieces)
    pattern = Pattern("needle( 42)?", regex=True)
    assert _by_hint(pattern, data) == matching_lines(pattern, plain_lines(data))
    assert plain_lines(data).count(b"\n") == data.count(b"\n")

# SPDX-License-Identifier: AGPL-3.0-or-later
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from er_tui.text.line_index import Line, LineIndex
from er_tui.text.line_source import MAX_SHOWN

STREAMS = ("stdout", "stderr")
PARTS = st.one_of(
    st.builds(bytes.__mul__, st.text("ab\n", max_size=8).map(str.encode), st.integers(1, 200)),
    st.integers(1, 150_000).map(lambda length: b"x" * length),
)
WRITES = st.lists(st.tuples(st.sampled_from(STREAMS), PARTS, st.integers(1, 20)), max_size=12)
"""What is written to which stream, and in about how many steps it is indexed."""


@pytest.fixture
def stdout(tmp_path: Path) -> Path:
    return tmp_path / "stdout.txt"


@pytest.fixture
def index(stdout: Path) -> Iterator[LineIndex]:
    with closing(LineIndex({"stdout": stdout})) as opened:
        yield opened


def index_all(index: LineIndex, path: Path, stream: str = "stdout") -> None:
    size = path.stat().st_size
    while index.extend(stream, size) < size:
        pass


def shown(index: LineIndex) -> list[bytes]:
    return [line.raw for line in index.lines(0, index.line_count)]


def line_of(stream: str, start: int, whole: bytes) -> Line:
    return Line(stream, start, len(whole), whole[:MAX_SHOWN], max(len(whole) - MAX_SHOWN, 0))


def merged(writes: list[tuple[str, bytes, int]]) -> list[Line]:
    """The lines of the writes, each where its newline was written, unfinished ones at the end."""
    lines = []
    written = dict.fromkeys(STREAMS, 0)
    begun = dict.fromkeys(STREAMS, b"")
    for stream, data, _ in writes:
        *finished, rest = (begun[stream] + data).split(b"\n")
        for whole in finished:
            lines.append(line_of(stream, written[stream], whole))
            written[stream] += len(whole) + 1
        begun[stream] = rest
    return lines + [line_of(name, written[name], begun[name]) for name in STREAMS if begun[name]]


@settings(deadline=None)
@given(WRITES, st.data())
def test_two_streams_however_written_and_indexed_show_every_line_in_order(
    writes: list[tuple[str, bytes, int]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        paths = {name: Path(folder, name) for name in STREAMS}
        with closing(LineIndex(paths)) as index:
            for stream, part, steps in writes:
                with paths[stream].open("ab") as file:
                    file.write(part)
                budget = len(part) // steps + 1
                before = index.indexed(stream)
                size = paths[stream].stat().st_size
                while index.indexed(stream) < size:
                    assert index.extend(stream, size, budget) <= before + budget
                    before = index.indexed(stream)
            expected = merged(writes)
            assert index.line_count == len(expected)
            assert index.size == sum(len(part) for _, part, _ in writes)
            assert index.lines(0, index.line_count) == expected
            first = data.draw(st.integers(0, len(expected) + 2))
            count = data.draw(st.integers(0, 100))
            assert index.lines(first, count) == expected[first : first + count]


def test_each_stream_holds_exactly_the_lines_of_its_file(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in STREAMS}
    paths["stdout"].write_bytes(b"one\ntwo\nthr")
    paths["stderr"].write_bytes(b"uno\n\ndos")
    with closing(LineIndex(paths)) as index:
        for stream, upto in [("stdout", 5), ("stderr", 2), ("stdout", 11), ("stderr", 8)]:
            assert index.extend(stream, upto) == upto
        told = [(line.stream, line.raw) for line in index.lines(0, 9)]
    assert told == [
        ("stdout", b"one"),
        ("stdout", b"two"),
        ("stderr", b"uno"),
        ("stderr", b""),
        ("stdout", b"thr"),
        ("stderr", b"dos"),
    ]


def test_a_file_that_comes_later_and_grows_is_shown_as_it_grows(
    stdout: Path, index: LineIndex
) -> None:
    assert index.extend("stdout", 100) == 0
    assert (index.line_count, index.lines(0, 5), index.damage) == (0, [], None)
    with stdout.open("wb", buffering=0) as file:
        for part, lines in [
            (b"a", [b"a"]),
            (b"b\n", [b"ab"]),
            (b"\nc", [b"ab", b"", b"c"]),
            (b"\r\n", [b"ab", b"", b"c\r"]),
        ]:
            file.write(part)
            index_all(index, stdout)
            assert shown(index) == lines
    index.check()
    assert index.damage is None


def test_indexing_goes_neither_past_its_mark_nor_over_its_budget(
    stdout: Path, index: LineIndex
) -> None:
    stdout.write_bytes(b"line\n" * 1000)
    assert index.extend("stdout", 12) == 12
    assert shown(index) == [b"line", b"line", b"li"]
    assert index.extend("stdout", 5000, budget=100) == 112
    assert index.extend("stdout", 50) == 112
    assert index.extend("stdout", 9999) == 5000
    assert index.line_count == 1000


def test_windows_outside_the_lines_are_empty(stdout: Path, index: LineIndex) -> None:
    stdout.write_bytes(b"a\nb\nc")
    index_all(index, stdout)
    assert index.lines(3, 10) == []
    assert index.lines(50, 10) == []
    assert index.lines(0, 0) == []
    assert index.lines(1, -1) == []
    assert [line.raw for line in index.lines(-1, 2)] == [b"a"]


def test_a_window_reads_each_piece_once(
    stdout: Path, index: LineIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout.write_bytes(b"x" * 89 + b"\n" + (b"y" * 89 + b"\n") * 20_000)
    index_all(index, stdout)
    reads: list[int] = []
    pread = os.pread

    def counted(fd: int, length: int, offset: int) -> bytes:
        reads.append(length)
        return pread(fd, length, offset)

    monkeypatch.setattr(os, "pread", counted)
    assert len(index.lines(1000, 50)) == 50
    assert len(reads) <= 3  # two pieces, and the line that lies in both
    assert sum(reads) <= 2 * (64 << 10) + 90


def test_a_line_of_64_mib_is_shown_without_reading_it(
    stdout: Path, index: LineIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = 64 << 20
    with stdout.open("wb") as file:
        file.write(b"head")
        file.truncate(long)
        file.seek(long)
        file.write(b"\nnext\n")
    index_all(index, stdout)
    reads: list[int] = []
    pread = os.pread

    def counted(fd: int, length: int, offset: int) -> bytes:
        reads.append(length)
        return pread(fd, length, offset)

    monkeypatch.setattr(os, "pread", counted)
    line, following = index.lines(0, 10)
    assert sum(reads) <= 64 << 10
    assert (line.start, line.length, line.cut) == (0, long, long - MAX_SHOWN)
    assert line.raw.startswith(b"head\0")
    assert following == Line("stdout", long + 1, 4, b"next", 0)


@pytest.mark.parametrize("ending", [b"", b"\r", b"\n", b"\r\n"])
def test_a_long_progress_bar_shows_its_last_states(
    stdout: Path, index: LineIndex, ending: bytes
) -> None:
    states = b"".join(b"%d%% of it\r" % state for state in range(10_000))
    stdout.write_bytes(states + b"all of it" + ending)
    index_all(index, stdout)
    (line,) = index.lines(0, 1)
    assert line.raw == b"9999% of it\rall of it" + ending.rstrip(b"\n")
    assert (
        line.length == line.cut + len(line.raw) == len(states + b"all of it" + ending.rstrip(b"\n"))
    )


def test_a_long_line_of_another_system_shows_its_head(stdout: Path, index: LineIndex) -> None:
    stdout.write_bytes(b"head" + b"x" * 50_000 + b"\r\n")
    index_all(index, stdout)
    assert shown(index)[0].startswith(b"headx")


def test_a_truncated_file_is_told_and_its_lost_lines_are_empty(
    stdout: Path, index: LineIndex
) -> None:
    stdout.write_bytes(b"line\n" * 100_000 + b"rest")
    index_all(index, stdout)
    os.truncate(stdout, 7)
    raws = shown(index)
    assert len(raws) == index.line_count == 100_001
    assert raws[0] == b"line"
    assert set(raws[1:]) == {b""}
    assert len(index.lines(99_000, 50)) == 50
    index.check()
    assert index.damage == "stdout was truncated: 499997 bytes that were shown are lost."


def test_a_deleted_file_is_told_and_still_shown(stdout: Path, index: LineIndex) -> None:
    stdout.write_bytes(b"line\n")
    index_all(index, stdout)
    stdout.unlink()
    index.check()
    assert index.damage == "stdout was deleted."
    assert shown(index) == [b"line"]


def test_a_replaced_file_is_told_and_the_first_one_still_shown(
    stdout: Path, index: LineIndex
) -> None:
    stdout.write_bytes(b"line\n")
    index_all(index, stdout)
    stdout.with_suffix(".new").write_bytes(b"other\n")
    stdout.with_suffix(".new").rename(stdout)
    index.check()
    assert index.damage == "stdout was replaced by another file."
    assert shown(index) == [b"line"]


def test_a_planted_link_or_pipe_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret\n")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    paths = {"stdout": tmp_path / "link", "stderr": tmp_path / "pipe"}
    with closing(LineIndex(paths)) as index:
        assert index.extend("stdout", 100) == 0
        assert index.extend("stderr", 100) == 0
        assert index.line_count == 0
        assert index.damage is not None
        assert "stdout cannot be read" in index.damage
        assert "stderr cannot be read: it is no regular file." in index.damage


def test_a_closed_index_holds_no_file_open(stdout: Path, index: LineIndex) -> None:
    def held() -> int:
        return len(os.listdir("/proc/self/fd"))

    stdout.write_bytes(b"line\n")
    before = held()
    index_all(index, stdout)
    assert held() == before + 1
    index.close()
    assert held() == before

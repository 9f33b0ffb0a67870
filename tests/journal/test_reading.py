# SPDX-License-Identifier: AGPL-3.0-or-later
"""A journal is read as it grows: each event once, a torn line when it is whole."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from er_tui.journal.events import Noted
from er_tui.journal.lines import encode
from er_tui.journal.reading import EventTail, glance, is_run_directory
from er_tui.journal.run_directory import EVENTS_FILE


def note(text: str) -> Noted:
    return Noted(at=1.0, text=text)


def line(text: str) -> bytes:
    return encode(note(text)).encode() + b"\n"


def append(folder: Path, data: bytes) -> None:
    with open(folder / EVENTS_FILE, "ab") as file:
        file.write(data)


def test_each_event_is_read_once_as_it_is_written(tmp_path: Path) -> None:
    tail = EventTail(tmp_path)
    assert tail.read() == []
    append(tmp_path, line("a") + line("b"))
    assert tail.read() == [note("a"), note("b")]
    assert tail.read() == []
    append(tmp_path, line("c"))
    assert tail.read() == [note("c")]


def test_a_torn_last_line_is_left_until_it_is_whole(tmp_path: Path) -> None:
    tail = EventTail(tmp_path)
    whole = line("torn")
    for end in range(1, len(whole)):
        append(tmp_path, whole[end - 1 : end])
        assert tail.read() == []
    append(tmp_path, whole[-1:])
    assert tail.read() == [note("torn")]


def test_a_journal_longer_than_one_read_is_read_whole(tmp_path: Path) -> None:
    texts = [str(n) * 1000 for n in range(3000)]
    append(tmp_path, b"".join(map(line, texts)))
    assert EventTail(tmp_path).read() == [note(text) for text in texts]


@pytest.mark.parametrize(
    "junk",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b'{"v":1}'],
)
def test_a_line_that_is_no_event_is_skipped(tmp_path: Path, junk: bytes) -> None:
    append(tmp_path, line("a") + junk + b"\n" + line("b"))
    assert EventTail(tmp_path).read() == [note("a"), note("b")]


def test_a_journal_that_was_truncated_or_removed_gives_no_events(tmp_path: Path) -> None:
    tail = EventTail(tmp_path)
    append(tmp_path, line("a"))
    tail.read()
    os.truncate(tmp_path / EVENTS_FILE, 0)
    assert tail.read() == []
    (tmp_path / EVENTS_FILE).unlink()
    assert tail.read() == []


def test_a_named_pipe_or_a_folder_or_a_symlink_in_its_place_neither_hangs_nor_raises(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(line("a"))
    for name in ("pipe", "folder", "link"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe" / EVENTS_FILE)
    (tmp_path / "folder" / EVENTS_FILE).mkdir()
    (tmp_path / "link" / EVENTS_FILE).symlink_to(elsewhere)
    for name in ("pipe", "folder", "link"):
        assert EventTail(tmp_path / name).read() == []


def test_a_run_directory_is_told_by_its_journal() -> None:
    assert is_run_directory({EVENTS_FILE, "stdout.txt"})
    assert not is_run_directory({"result.json", "invocation.json"})


@pytest.mark.parametrize("most", [1, 7, 64, 1 << 20])
def test_a_long_journal_can_be_read_a_little_at_a_time(tmp_path: Path, most: int) -> None:
    texts = [str(number) * (1 + number % 90) for number in range(200)]
    append(tmp_path, b"".join(map(line, texts)) + b"not an event\n" * 20 + line("the last")[:-1])
    tail = EventTail(tmp_path)
    some = tail.read(most)
    while tail.more:
        some += tail.read(most)
    assert some == [note(text) for text in texts]
    append(tmp_path, b"\n")
    assert tail.read(most) == [note("the last")]


def test_a_line_of_any_length_costs_what_reading_it_does(tmp_path: Path) -> None:
    append(tmp_path, b"{" + b"x" * 30_000_000 + b"\n" + line("after"))
    begun = time.thread_time()
    assert glance(EventTail(tmp_path)) == [note("after")]
    assert time.thread_time() - begun < 2.0  # 8 s where every piece is put together anew


def test_a_line_without_an_end_is_not_kept_in_mind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("er_tui.journal.reading._LONGEST_LINE", 3_000_000)
    tail = EventTail(tmp_path)
    append(tmp_path, b"x" * 9_000_000)
    assert tail.read() == []
    assert tail.place > 6_000_000
    append(tmp_path, b"\n" + line("after"))
    assert tail.read() == [note("after")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_no_journal(tmp_path: Path) -> None:
    os.mknod(tmp_path / EVENTS_FILE, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # zeros, endless
    assert EventTail(tmp_path).read() == []

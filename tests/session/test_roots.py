# SPDX-License-Identifier: AGPL-3.0-or-later
"""The index of the folders that runs were recorded in: private, whole, and never in the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from er_tui.session import roots
from er_tui.session.roots import known, remember


@pytest.fixture
def index(state_home: Path) -> Path:
    return state_home / "er-tui" / "roots"


def test_what_was_remembered_is_known_with_the_folder_for_runs_that_have_no_other(
    state_home: Path, tmp_path: Path
) -> None:
    own = str(state_home / "er-tui" / "runs")
    assert known() == [own]
    bases = [str(tmp_path / "a b\n\x1b[2J"), str(tmp_path / "caf\udce9")]
    remember(bases)
    remember(bases)
    assert known() == sorted([*bases, own])


def test_it_is_private(index: Path, tmp_path: Path) -> None:
    remember([str(tmp_path)])
    (entry,) = index.iterdir()
    assert entry.stat().st_mode & 0o777 == 0o600
    assert index.stat().st_mode & 0o777 == 0o700
    assert index.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_known_is_not_written_again(index: Path, tmp_path: Path) -> None:
    remember([str(tmp_path)])
    roots._remember.cache_clear()  # another process
    (entry,) = index.iterdir()
    before = entry.stat()
    remember([str(tmp_path)])
    assert entry.stat() == before


def test_processes_that_remember_at_once_lose_nothing(index: Path) -> None:
    script = (
        "import sys; from er_tui.session.roots import remember\n"
        "for n in range(40): remember([f'/own/{sys.argv[1]}/{n}', f'/shared/{n}'])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(n)]) for n in range(4)]
    assert [process.wait(20) for process in processes] == [0] * 4
    expected = {f"/own/{p}/{n}" for p in range(4) for n in range(40)}
    expected |= {f"/shared/{n}" for n in range(40)}
    assert expected <= set(known())
    assert len(known()) == len(expected) + 1
    assert not [name for name in os.listdir(index) if name.startswith(".")]


def test_a_state_folder_that_cannot_be_written_stops_nobody(
    state_home: Path, tmp_path: Path
) -> None:
    (state_home / "er-tui").write_text("a file")
    remember([str(tmp_path)])
    assert known() == [str(state_home / "er-tui" / "runs")]


def test_what_is_no_whole_entry_is_none(index: Path, tmp_path: Path) -> None:
    remember([str(tmp_path)])
    (entry,) = index.iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])
    (index / "notes").write_text("/etc")
    (index / ("0" * 64)).mkdir()
    os.mkfifo(index / ("1" * 64))
    (index / ("2" * 64)).symlink_to("/etc/passwd")
    assert str(tmp_path) not in known()
    assert len(known()) == 1


def test_of_many_those_that_are_gone_and_unused_are_forgotten(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "_MANY", 6)
    there = tmp_path / "there"
    there.mkdir()
    remember([str(there), "/gone/1", "/gone/2", "/gone/but/fresh"])
    for entry in index.iterdir():
        if entry.read_text() != "/gone/but/fresh":
            os.utime(entry, (1, 1))
    remember(["/five"])
    assert "/gone/1" in known()
    remember(["/six"])
    assert {"/gone/1", "/gone/2"}.isdisjoint(known())
    assert {str(there), "/gone/but/fresh", "/five", "/six"} <= set(known())


def test_one_that_is_in_use_counts_as_used(index: Path) -> None:
    remember(["/used"])
    (entry,) = index.iterdir()
    os.utime(entry, (1, 1))
    roots._remember.cache_clear()
    remember(["/used"])
    assert entry.stat().st_mtime > 1_000_000

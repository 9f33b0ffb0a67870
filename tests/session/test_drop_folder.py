# SPDX-License-Identifier: AGPL-3.0-or-later
"""A drop folder: each content is run once, whole, and never what a run wrote."""

import hashlib
import json
from pathlib import Path

import pytest

from er_tui.journal.events import Source
from er_tui.journal.run_directory import RESULT_FILE
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.rxp import read_invocation
from er_tui.session import drop_folder
from er_tui.session.drop_folder import DropFolder
from er_tui.session.library import Entry, load
from tests.session.conftest import Write


@pytest.fixture
def drop(folder: Path) -> DropFolder:
    return DropFolder([folder])


def read(path: Path) -> Entry:
    return load(path, path.parent).entry


def test_a_content_is_run_once_under_whatever_name(drop: DropFolder, write: Write) -> None:
    path = write("a", "echo one")
    assert drop.take(read(path)) == "run"
    assert drop.take(read(path)) == "known"
    assert drop.take(read(path.rename(path.with_name("b.json")))) == "known"
    assert drop.take(read(write("a", "echo two"))) == "run"
    assert drop.take(read(write("a", "echo one"))) == "known"


def test_what_was_there_at_the_start_is_not_new(drop: DropFolder, write: Write) -> None:
    path = write("a")
    drop.know([read(path)])
    assert drop.take(read(path)) == "known"
    assert drop.take(read(write("a", "echo changed"))) == "run"


def test_what_was_started_in_place_of_what_was_decided_on_is_not_started_again(
    drop: DropFolder, write: Write
) -> None:
    assert drop.take(read(write("a", "echo one"))) == "run"
    later = read(write("a", "echo two"))
    drop.started(later)
    assert drop.take(later) == "known"


def test_a_file_that_is_being_written_is_run_once_it_is_whole_and_not_called_bad(
    drop: DropFolder, write: Write
) -> None:
    path = write("a")
    whole = path.read_bytes()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert drop.take(read(path)) == "bad"
    assert drop.settled_faults() == []
    path.write_bytes(whole)
    assert drop.take(read(path)) == "run"
    assert drop.settled_faults(all_of_them=True) == []


def test_a_bad_file_is_told_once_for_each_content_when_it_has_settled(
    drop: DropFolder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "bad.json"

    def told(text: str) -> list[str]:
        path.write_text(text)
        drop.take(read(path))
        return [str(entry.error) for entry in drop.settled_faults()]

    assert told("{") == []  # it may get better yet
    monkeypatch.setattr(drop_folder, "_SETTLE_SECONDS", 0.0)
    (first,) = told("{")
    assert "bad.json:1:2: is not JSON" in first
    assert told("{") == []
    (second,) = told("")
    assert "is empty" in second
    drop.take(read(path))
    path.unlink()
    assert drop.settled_faults(all_of_them=True) == []


def test_what_lies_where_runs_write_is_never_run(
    drop: DropFolder, folder: Path, write: Write
) -> None:
    out = folder / "out"
    assert drop.take(read(write("a", artifact_directory=str(out)))) == "run"
    assert drop.take(read(write("out/made"))) == "written"
    assert drop.take(read(write("out/deep/made", "echo deep"))) == "written"
    (folder / "link").symlink_to(out)
    assert drop.take(read(write("link/linked", "echo linked"))) == "written"
    moved = (out / "made.json").rename(folder / "moved.json")
    assert drop.take(read(moved)) == "run"


def test_a_folder_that_was_named_is_a_drop_folder_though_runs_write_there_too(
    drop: DropFolder, folder: Path, write: Write
) -> None:
    assert drop.take(read(write("a", artifact_directory=str(folder)))) == "run"
    assert drop.take(read(write("b", artifact_directory=str(folder.parent)))) == "run"
    assert drop.take(read(write("c", "echo c"))) == "run"


def test_a_content_that_was_run_by_another_process_is_known_from_its_directory(
    folder: Path, write: Write
) -> None:
    path = write("a", "echo one")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    control = RunControl(source=Source(str(path), sha256))
    result = ExecutorRuntime().run(read_invocation(path), control=control)
    directory = Path(result.metadata["run_directory"])
    assert json.loads((directory / RESULT_FILE).read_text())["status"] == "succeeded"
    assert DropFolder([folder]).take(read(path)) == "known"
    assert DropFolder([folder]).take(read(write("a", "echo two"))) == "run"


@pytest.mark.parametrize("planted", ["", "nonsense\n", '{"event": "started"}\n', None])
def test_a_directory_that_tells_nothing_keeps_nothing_from_being_run(
    folder: Path, write: Write, planted: str | None
) -> None:
    directory = folder / ".executor_runtime" / "a" / "20260101T000000.000000Z-abcdef"
    directory.mkdir(parents=True)
    if planted is None:
        (directory / "events.jsonl").symlink_to("/dev/zero")
    else:
        (directory / "events.jsonl").write_text(planted)
    assert DropFolder([folder]).take(read(write("a"))) == "run"

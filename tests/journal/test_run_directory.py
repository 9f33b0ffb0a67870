# SPDX-License-Identifier: AGPL-3.0-or-later
"""The run directory: private, in its place or told elsewhere, never over anything that exists."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from er_tui.journal.events import Noted
from er_tui.journal.reading import EventTail
from er_tui.journal.run_directory import (
    EVENTS_FILE,
    Placement,
    RunDirectory,
    invocation_id_problem,
    is_run_id,
    make_run_directory,
    new_run_id,
)
from er_tui.rxp import RuntimeInvocation


def invocation(working_directory: object, **fields: object) -> RuntimeInvocation:
    document = {
        "invocation_id": "job",
        "runtime_name": "local",
        "runtime_kind": "manual",
        "working_directory": str(working_directory),
        "command": ["step"],
        **fields,
    }
    return RuntimeInvocation.model_validate(document)


def made(placement: Placement) -> Path:
    """Where the run directory was made; it is closed."""
    assert placement.directory is not None
    placement.directory.close()
    return Path(placement.directory.path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def entries(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_without_an_artifact_directory_it_is_in_the_hidden_folder(tmp_path: Path) -> None:
    path = made(make_run_directory(invocation(tmp_path), "run-1"))
    assert path == tmp_path / ".executor_runtime" / "job" / "run-1"
    assert (tmp_path / ".executor_runtime" / ".gitignore").read_text() == "*\n"


def test_with_an_artifact_directory_it_is_there_and_git_is_told_nothing(tmp_path: Path) -> None:
    explicit = tmp_path / "a" / "b"
    path = made(make_run_directory(invocation("/", artifact_directory=str(explicit)), "run-1"))
    assert path == explicit / "job" / "run-1"
    assert entries(tmp_path) == {
        "a",
        "a/b",
        "a/b/job",
        "a/b/job/run-1",
        f"a/b/job/run-1/{EVENTS_FILE}",
    }


def test_folders_it_makes_are_0700_and_files_0600(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = made(make_run_directory(invocation(tmp_path), "run-1"))
    finally:
        os.umask(old)
    hidden = tmp_path / ".executor_runtime"
    assert {mode(folder) for folder in (hidden, hidden / "job", path)} == {0o700}
    assert {mode(file) for file in (hidden / ".gitignore", path / EVENTS_FILE)} == {0o600}


def test_folders_that_exist_keep_their_modes_and_get_no_gitignore(tmp_path: Path) -> None:
    hidden = tmp_path / ".executor_runtime"
    (hidden / "job").mkdir(parents=True)
    hidden.chmod(0o755)
    (hidden / "job").chmod(0o775)
    made(make_run_directory(invocation(tmp_path), "run-1"))
    assert mode(hidden) == 0o755
    assert mode(hidden / "job") == 0o775
    assert not (hidden / ".gitignore").exists()


def test_a_second_run_stands_beside_the_first(tmp_path: Path) -> None:
    first = made(make_run_directory(invocation(tmp_path), "run-1"))
    (first / "stdout.txt").write_text("kept")
    second = made(make_run_directory(invocation(tmp_path), "run-2"))
    assert second.parent == first.parent
    assert (first / "stdout.txt").read_text() == "kept"


def test_a_run_directory_that_exists_is_never_used_again(tmp_path: Path, state_home: Path) -> None:
    first = made(make_run_directory(invocation(tmp_path), "run-1"))
    before = (first / EVENTS_FILE).stat()
    again = make_run_directory(invocation(tmp_path), "run-1")
    assert made(again) == state_home / "er-tui" / "runs" / "job" / "run-1"
    assert again.note is not None
    assert "File exists" in again.note
    assert (first / EVENTS_FILE).stat() == before
    third = make_run_directory(invocation(tmp_path), "run-1")
    assert third.directory is None
    assert third.refusal is not None


def test_relative_paths_are_those_of_this_process_and_recorded_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path)
    assert made(make_run_directory(invocation("work"), "run-1")) == (
        tmp_path / "work" / ".executor_runtime" / "job" / "run-1"
    )
    explicit = invocation("work", artifact_directory="out")
    assert made(make_run_directory(explicit, "run-1")) == tmp_path / "out" / "job" / "run-1"


def test_a_working_directory_that_is_missing_is_not_made_and_the_record_goes_elsewhere(
    tmp_path: Path, state_home: Path
) -> None:
    placement = make_run_directory(invocation(tmp_path / "missing"), "run-1")
    assert made(placement) == state_home / "er-tui" / "runs" / "job" / "run-1"
    assert placement.refusal is None
    assert entries(tmp_path) == set()


def test_an_artifact_directory_that_cannot_be_made_refuses_the_run_but_records_it(
    tmp_path: Path, state_home: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    explicit = str(tmp_path / "file" / "out")
    placement = make_run_directory(invocation(tmp_path, artifact_directory=explicit), "run-1")
    assert made(placement).is_relative_to(state_home)
    assert placement.refusal == f"run directory cannot be made in {explicit}: Not a directory"


def test_nowhere_to_record_is_told_and_nothing_raised(
    tmp_path: Path, state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state_home / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(state_home / "file"))
    placement = make_run_directory(invocation(tmp_path / "missing"), "run-1")
    assert placement.directory is None
    assert placement.refusal is not None
    assert "nor in the state folder" in placement.refusal


@pytest.mark.parametrize("planted", [".executor_runtime", ".executor_runtime/job"])
def test_a_planted_symlink_is_refused_and_nothing_written_through_it(
    tmp_path: Path, state_home: Path, planted: str
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "target").mkdir()
    link = tmp_path / "work" / planted
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "target")
    for explicit in (None, ""):
        wanted = invocation(tmp_path / "work", artifact_directory=explicit)
        placement = make_run_directory(wanted, new_run_id())
        assert placement.refusal == f"{link} is a symbolic link; not followed"
        assert made(placement).is_relative_to(state_home)
    assert entries(tmp_path / "target") == set()


def test_a_symlink_planted_for_the_invocation_in_an_artifact_directory_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "out" / "job").symlink_to(tmp_path / "target")
    explicit = invocation(tmp_path, artifact_directory=str(tmp_path / "out"))
    placement = make_run_directory(explicit, "run-1")
    made(placement)
    assert placement.refusal is not None
    assert entries(tmp_path / "target") == set()


def test_an_artifact_directory_that_is_a_symlink_is_the_choice_of_who_wrote_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "target")
    explicit = invocation(tmp_path, artifact_directory=str(tmp_path / "out"))
    placement = make_run_directory(explicit, "run-1")
    made(placement)
    assert placement.refusal is None
    assert (tmp_path / "target" / "job" / "run-1").is_dir()


def test_a_capture_planted_as_a_symlink_is_not_written_through(tmp_path: Path) -> None:
    placement = make_run_directory(invocation(tmp_path), "run-1")
    path = made(placement)
    (tmp_path / "precious").write_text("mine")
    (path / "stdout.txt").symlink_to(tmp_path / "precious")
    assert placement.directory is not None
    with pytest.raises(FileExistsError):
        placement.directory.create_file("stdout.txt")
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize(
    "bad", ["../x", "/x", "a/b", ".", "..", "a\0b", "a\x1b[31m", "a\nb", "a\x85b", "x" * 300]
)
def test_an_id_that_is_no_plain_path_segment_makes_nothing_anywhere(
    tmp_path: Path, state_home: Path, bad: str
) -> None:
    placement = make_run_directory(invocation(tmp_path, invocation_id=bad), "run-1")
    assert placement.directory is None
    assert placement.refusal is not None
    assert placement.refusal.startswith("invocation_id must")
    assert entries(tmp_path) == entries(state_home) == set()
    assert not (tmp_path.parent / "x").exists()


@pytest.mark.parametrize("good", ["build-017", "...", "a b", "ü" * 100, "~", "-rf", "a\\b"])
def test_any_other_id_names_its_folder(tmp_path: Path, good: str) -> None:
    assert invocation_id_problem(good) is None
    path = made(make_run_directory(invocation(tmp_path, invocation_id=good), "run-1"))
    assert path.parent == tmp_path / ".executor_runtime" / good


def test_run_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_run_id() for _ in range(1000)]
    moments = [run_id.rpartition("-")[0] for run_id in ids]
    assert moments == sorted(moments)
    assert len(set(ids)) == len(ids)
    assert all(is_run_id(run_id) for run_id in ids)


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b", "-x", "x\n", "x" * 101, "ü", "a b"])
def test_a_run_id_is_one_short_plain_segment(bad: str) -> None:
    assert not is_run_id(bad)


def test_a_line_torn_by_a_full_disk_does_not_swallow_the_next(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    directory = RunDirectory(str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        directory.append(Noted(at=1.0, text="before"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (80, hard))
        with pytest.raises(OSError, match="File too large"):
            directory.append(Noted(at=1.0, text="torn" * 100))
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        directory.append(Noted(at=1.0, text="after"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        directory.close()
    read = EventTail(tmp_path).read()
    assert read == [Noted(at=1.0, text="before"), Noted(at=1.0, text="after")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are always Unicode")
def test_a_place_that_a_result_could_not_name_is_not_used(
    tmp_path: Path, state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "caf\udce9"
    odd.mkdir()
    monkeypatch.chdir(odd)
    placement = make_run_directory(invocation("."), "run-1")
    assert made(placement).is_relative_to(state_home)
    assert placement.note is not None
    assert placement.note.endswith("the path is not valid UTF-8")
    assert "caf\\udce9" in placement.note
    assert entries(odd) == set()

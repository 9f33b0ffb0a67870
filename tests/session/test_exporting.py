# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run goes into one archive: all of it, nothing else, and no secret that er-tui wrote."""

import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from er_tui.session import exporting
from er_tui.session.exporting import export
from er_tui.session.finding import Kept
from tests.session.kept_runs import everything_in, run_of, written

SECRET = "s3cr3t-value-91"


def members(path: Path) -> dict[str, bytes]:
    """What an archive holds, unpacked by somebody else's means."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as zipped:
            assert zipped.testzip() is None
            assert {i.external_attr >> 16 for i in zipped.infolist()} == {0o100600}
            return {name: zipped.read(name) for name in zipped.namelist()}
    with tarfile.open(path) as tar:
        found = {}
        for member in tar:
            assert member.isreg()
            assert (member.mode, member.uid, member.uname) == (0o600, 0, "")
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
        return found


def packed(run: Kept, path: Path, artifacts: bool = False) -> dict[str, bytes]:
    export(run, path, replace=False, artifacts=artifacts)
    prefix = f"{run.invocation_id}/{run.run_id}/"
    found = members(path)
    assert all(name.startswith(prefix) for name in found)
    return {name.removeprefix(prefix): data for name, data in found.items()}


@pytest.mark.parametrize("name", ["run.tar.gz", "run.tgz", "run.zip"])
def test_all_of_the_run_directory_is_in_it(tmp_path: Path, name: str) -> None:
    run = run_of(tmp_path, "echo out; echo err >&2")
    directory = Path(run.directory)
    (directory / "polls").mkdir()
    (directory / "polls" / "0001.json").write_text('{"status": "running"}')
    (directory / "empty").mkdir()
    found = packed(run, tmp_path / name)
    files = {p for p in everything_in(directory) if (directory / p).is_file()}
    assert found == {path: (directory / path).read_bytes() for path in files}
    assert found["stdout.txt"] == b"out\n"
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["run.tar.gz", "run.zip"])
def test_no_masked_value_is_in_it(tmp_path: Path, name: str) -> None:
    run = run_of(
        tmp_path,
        "true",
        command=["/bin/sh", "-c", "exit 3", "--api-key", SECRET, f"--token={SECRET}"],
        environment={"API_KEY": SECRET, "PLAIN": "seen"},
        metadata={"note": f"https://me:{SECRET}@host/x?token={SECRET}"},
    )
    found = packed(run, tmp_path / name)
    assert not [name for name, data in found.items() if SECRET.encode() in data]
    assert b"seen" in found["environment.json"]
    assert json.loads(found["invocation.json"])["environment"]["API_KEY"] == "***"


def test_the_same_run_gives_the_same_archive(tmp_path: Path) -> None:
    run = written(tmp_path / "base")
    for name in ("a.tar.gz", "b.tar.gz"):
        export(run, tmp_path / name, replace=False, artifacts=False)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


@pytest.mark.parametrize("name", ["run.tar.gz", "run.zip"])
def test_links_and_pipes_are_left_out_and_told(tmp_path: Path, name: str) -> None:
    run = written(tmp_path / "base")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text(SECRET)
    Path(run.directory, "link").symlink_to(tmp_path / "private" / "key")
    Path(run.directory, "folder").symlink_to(tmp_path / "private")
    os.mkfifo(f"{run.directory}/pipe")
    done = export(run, tmp_path / name, replace=False, artifacts=True)
    assert [path for path, _why in done.left_out] == ["folder", "link", "pipe"]
    assert len(members(tmp_path / name)) == done.files == 3


def test_a_file_name_of_any_bytes_is_packed(tmp_path: Path) -> None:
    run = written(tmp_path / "base", invocation_id="j\u00f6b")
    Path(run.directory, "caf\udce9\n\x1b").write_text("x")
    for name in ("run.tar.gz", "run.zip"):
        assert packed(run, tmp_path / name)["caf\\udce9\n\x1b"] == b"x"


def test_what_is_there_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    run = written(tmp_path / "base")
    path = tmp_path / "run.zip"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        export(run, path, replace=False, artifacts=False)
    assert path.read_text() == "mine"
    export(run, path, replace=True, artifacts=False)
    assert len(members(path)) == 3
    assert {p.name for p in tmp_path.iterdir()} == {"base", "run.zip"}


def test_an_export_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = written(tmp_path / "base")

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "_add", full)
    with pytest.raises(OSError, match="No space left"):
        export(run, tmp_path / "run.zip", replace=False, artifacts=False)
    assert {p.name for p in tmp_path.iterdir()} == {"base"}


def test_an_archive_is_not_packed_into_itself(tmp_path: Path) -> None:
    run = written(tmp_path / "base")
    with pytest.raises(OSError, match="would lie in the run directory"):
        export(run, Path(run.directory, "run.zip"), replace=False, artifacts=False)
    assert len(everything_in(run.directory)) == 3


@pytest.mark.parametrize("name", ["run.tar.gz", "run.zip"])
def test_a_capture_that_grows_is_packed_as_far_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = written(tmp_path / "base", status=None)
    fstat = os.fstat

    def grows(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        with open(f"{run.directory}/stdout.txt", "ab") as file:
            file.write(b"more\n")
        return status

    monkeypatch.setattr(os, "fstat", grows)
    found = packed(run, tmp_path / name)
    monkeypatch.undo()
    assert found["stdout.txt"].startswith(b"out\n")
    assert len(found["stdout.txt"]) < os.stat(f"{run.directory}/stdout.txt").st_size


def with_artifacts(run: Kept, *paths: str) -> None:
    """The run says that it left these."""
    journal = Path(run.directory, "events.jsonl")
    *lines, last = journal.read_text().splitlines()
    finished = json.loads(last)
    finished["result"]["artifacts"] = [
        *({"artifact_id": path, "path": path} for path in paths),
        None,
        {"path": 7},
    ]
    journal.write_text("\n".join([*lines, json.dumps(finished), ""]))


def test_artifacts_from_outside_go_along_when_wanted_and_only_from_the_runs_own_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, private = tmp_path / "work", tmp_path / "private"
    for folder in (work, private):
        folder.mkdir()
        (folder / "report.html").write_text(folder.name)
    (work / "large.bin").write_bytes(b"0" * 5000)
    (work / "link").symlink_to(private / "report.html")
    (work / "through").symlink_to(private)
    run = run_of(work)
    names = ("report.html", "large.bin", "link", "through/report.html", "../private/report.html")
    paths = [f"{work}/{name}" for name in names]
    with_artifacts(run, *paths, "relative", f"{work}/missing", f"{run.directory}/stdout.txt")
    monkeypatch.setattr(exporting, "MOST_OUTSIDE", 4096)

    done = export(run, tmp_path / "without.zip", replace=False, artifacts=False)
    assert [path for path, _why in done.left_out] == [*paths, "relative", f"{work}/missing"]
    done = export(run, tmp_path / "with.zip", replace=False, artifacts=True)
    outside = {n: d for n, d in members(tmp_path / "with.zip").items() if "/outside/" in n}
    assert outside == {f"job/{run.run_id}/outside/report.html": b"work"}
    left = dict(done.left_out)
    assert "0 MiB" in left[paths[1]]
    assert {left[path] for path in paths[2:]} == {"it lies outside the folders of the invocation"}

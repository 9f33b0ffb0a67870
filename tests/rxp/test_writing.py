# SPDX-License-Identifier: AGPL-3.0-or-later
"""A result file is whole or absent, private, and never written through a symlink."""

import errno
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given

from er_tui.rxp import RuntimeResult, result_json, write_result
from tests.rxp import documents


@pytest.fixture
def umask() -> None:
    """The mode of what is made is asserted as under the usual umask."""
    old = os.umask(0o022)
    os.umask(old)
    if old & 0o700:
        pytest.skip("the umask takes rights of the owner")


def modes(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@given(documents.results)
def test_a_result_is_utf8_indented_and_ends_in_a_newline(result: RuntimeResult) -> None:
    written = result_json(result)
    assert (
        written == (json.dumps(result.model_dump(), indent=2, ensure_ascii=False) + "\n").encode()
    )
    assert RuntimeResult.model_validate_json(written) == result


def test_a_path_that_is_not_utf8_is_kept() -> None:
    path = os.fsdecode(b"/srv/\xff/stdout.txt")
    written = result_json(documents.result(stdout_path=path, error_summary="é"))
    document = json.loads(written)
    assert document["stdout_path"] == path
    assert "é".encode() in written
    documents.validator("runtime_result").validate(document)


def test_the_file_holds_the_result_and_its_path_is_returned(tmp_path: Path) -> None:
    result = documents.result(exit_code=0)
    path = tmp_path / "result.json"
    assert write_result(str(path), result) == path
    assert path.read_bytes() == result_json(result)
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_relative_path_without_a_folder_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write_result("result.json", documents.result()) == Path("result.json")
    write_result("a/b/result.json", documents.result())
    assert (tmp_path / "a/b/result.json").exists()


@pytest.mark.usefixtures("umask")
def test_the_file_and_the_folders_made_for_it_are_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = write_result(tmp_path / "a" / "b" / "result.json", documents.result())
    assert modes(path) == 0o600
    assert modes(path.parent) == modes(path.parent.parent) == 0o700
    assert modes(tmp_path) == 0o755


@pytest.mark.usefixtures("umask")
def test_an_open_file_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    path.chmod(0o666)
    write_result(path, documents.result())
    assert modes(path) == 0o600


def test_a_symlink_is_replaced_and_its_target_untouched(tmp_path: Path) -> None:
    target, path = tmp_path / "precious", tmp_path / "result.json"
    target.write_text("precious")
    path.symlink_to(target)
    write_result(path, documents.result())
    assert target.read_text() == "precious"
    assert not path.is_symlink()


def test_a_reader_never_sees_half_a_result(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    results = [documents.result(error_summary=letter * 200_000) for letter in "ab"]
    whole = {result_json(result) for result in results}
    write_result(path, results[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        seen.add(path.read_bytes())
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(300):
            write_result(path, results[turn % 2])
    finally:
        done.set()
        reader.join()
    assert seen <= whole


def test_writers_at_once_do_not_hinder_each_other(tmp_path: Path) -> None:
    path = tmp_path / "new" / "result.json"
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(50):
                write_result(path, documents.result())
        except OSError as exc:
            failures.append(exc)

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert os.listdir(path.parent) == ["result.json"]


@pytest.mark.parametrize("step", ["write", "close", "replace"])
def test_a_failure_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    close = os.close

    def fail(*arguments: object) -> None:
        if step == "close":
            close(arguments[0])  # type: ignore[arg-type]  # stands in for os.close
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space left on device"):
            write_result(path, documents.result())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    path = write_result(tmp_path / "result.json", documents.result())
    assert path.read_bytes() == result_json(documents.result())


def test_a_folder_in_the_way_is_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_result(tmp_path / "result.json", documents.result())
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_file_in_place_of_a_folder_is_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        write_result(tmp_path / "file" / "result.json", documents.result())


@pytest.mark.parametrize("name", ["a\0b", "a\0b/result.json", "\ud800/result.json", "\ud800"])
def test_a_path_that_can_be_none_is_an_oserror(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="Errno 22"):
        write_result(tmp_path / name, documents.result())
    assert os.listdir(tmp_path) == []

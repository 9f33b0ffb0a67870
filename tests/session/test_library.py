# SPDX-License-Identifier: AGPL-3.0-or-later
"""The invocation files of a folder are found, whatever else lies in it."""

import json
import os
import time
from pathlib import Path

import pytest

from er_tui.journal.run_directory import make_run_directory
from er_tui.rxp import read_invocation
from er_tui.session.library import Entry, Library, load
from tests.session.conftest import Write


def names(entries: list[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def reasons(entries: list[Entry]) -> dict[str, str]:
    return {entry.name: entry.error.reason for entry in entries if entry.error is not None}


def test_files_are_listed_by_name_folder_after_folder(folder: Path, write: Write) -> None:
    for name in ("b", "a", "deploy/stage", "deploy/live", "c"):
        write(name)
    entries = list(Library([folder]).scan())
    assert names(entries) == ["a", "b", "c", "deploy/live", "deploy/stage"]
    assert all(entry.invocation is not None and entry.error is None for entry in entries)
    assert entries[0].key == str(folder / "a.json")


def test_a_bad_file_is_a_row_with_line_and_reason_and_hides_no_good_one(
    folder: Path, write: Write
) -> None:
    write("good")
    (folder / "bad.json").write_text('{\n  "invocation_id": "bad",\n  oops\n}\n')
    bad, good = Library([folder]).scan()
    assert bad.invocation is None
    assert bad.error is not None
    assert (bad.error.line, bad.error.column) == (3, 3)
    assert str(bad.error).startswith(f"{folder}/bad.json:3:3: is not JSON")
    assert good.invocation is not None


def test_what_is_no_candidate_is_not_looked_at(folder: Path, write: Write) -> None:
    write("good")
    for name in (".hidden.json", "notes.txt", "good.json~", "good.json.bak", "GOOD.JSON"):
        (folder / name).write_text("{")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.json").write_text("{")
    assert names(list(Library([folder]).scan())) == ["good"]


def test_json_that_is_something_else_is_counted_and_not_listed(folder: Path, write: Write) -> None:
    write("good")
    for kind in ("runtime_result", "artifact_descriptor", "sbom"):
        (folder / f"{kind}.json").write_text(json.dumps({"contract_kind": kind}))
    (folder / "package.json").write_text('{"name": "left-pad"}')
    library = Library([folder])
    assert names(list(library.scan())) == ["good"]
    assert library.others == {
        str(folder / f"{name}.json")
        for name in ("runtime_result", "artifact_descriptor", "sbom", "package")
    }


def test_what_claims_to_be_an_invocation_is_listed_however_wrong(folder: Path) -> None:
    (folder / "list.json").write_text("[]")
    (folder / "kind.json").write_text('{"contract_kind": "runtime_invocation"}')
    (folder / "odd.json").write_text('{"contract_kind": 5}')
    (folder / "id.json").write_text('{"invocation_id": "x"}')
    entries = list(Library([folder]).scan())
    assert sorted(reasons(entries)) == ["id", "kind", "list", "odd"]


@pytest.mark.parametrize("artifacts", [None, "artifacts", "."])
def test_what_runs_wrote_is_never_taken_for_invocations(
    folder: Path, write: Write, artifacts: str | None
) -> None:
    directory = None if artifacts is None else str(folder / artifacts)
    path = write("good", artifact_directory=directory)
    for number in range(3):
        placement = make_run_directory(read_invocation(path), f"run-{number}")
        assert placement.directory is not None
        document = json.loads(path.read_bytes())
        placement.directory.write_document("invocation.json", document)
        placement.directory.close()
    library = Library([folder])
    assert names(list(library.scan())) == ["good"]
    assert library.others == set()


def test_a_file_named_as_a_root_is_always_listed(folder: Path, write: Write) -> None:
    result = folder / "result.json"
    result.write_text('{"contract_kind": "runtime_result"}')
    plain = write("good").rename(folder / "no-suffix")
    entries = list(Library([plain, result, folder / "missing.json", Path("/dev/null")]).scan())
    assert names(entries) == ["no-suffix", "result", "missing", "null"]
    assert entries[0].invocation is not None
    assert reasons(entries)["null"] == "is not a regular file"
    assert "No such file" in reasons(entries)["missing"]


def test_roots_that_overlap_list_a_file_once(folder: Path, write: Write) -> None:
    inner = write("deploy/live")
    write("a")
    roots = [inner, folder, folder / "deploy", inner, folder]
    entries = list(Library(roots).scan())
    assert sorted(entry.key for entry in entries) == [str(folder / "a.json"), str(inner)]


def test_relative_roots_stay_where_they_were(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write("a")
    monkeypatch.chdir(folder)
    library = Library([Path()])
    monkeypatch.chdir(tmp_path)
    assert [entry.path for entry in library.scan()] == [path]


def test_a_changed_file_is_read_again(folder: Path, write: Write) -> None:
    path = write("a", "echo one")
    library = Library([folder])
    list(library.scan())
    write("a", "echo two")
    entry = library.reload(path)
    assert entry is not None
    assert entry.invocation is not None
    assert entry.invocation.command[-1] == "echo two"
    path.write_text("{")
    broken = library.reload(path)
    assert broken is not None
    assert broken.error is not None
    path.unlink()
    assert library.reload(path) is None


def test_a_file_that_becomes_something_else_moves_to_the_others_and_back(
    folder: Path, write: Write
) -> None:
    path = write("a")
    library = Library([folder])
    list(library.scan())
    path.write_text('{"contract_kind": "runtime_result"}')
    assert library.reload(path) is None
    assert library.others == {str(path)}
    write("a")
    assert library.reload(path) is not None
    assert library.others == set()


def test_a_reload_lists_nothing_that_a_scan_leaves_out(folder: Path, write: Write) -> None:
    write("a")
    library = Library([folder])
    list(library.scan())
    outside = folder.parent / "x.json"
    for path in (folder / ".x.json", folder / "x.txt", outside):
        path.write_text("{")
        assert library.reload(path) is None
    (folder / "dir.json").mkdir()
    assert library.reload(folder / "dir.json") is None


def test_a_folder_that_appears_is_scanned_under_its_root(folder: Path, write: Write) -> None:
    library = Library([folder])
    assert list(library.scan()) == []
    added = write("new/deep/a")
    assert names(list(library.rescan(folder / "new"))) == ["new/deep/a"]
    assert library.folders[added.parent] == folder
    assert library.reload(added) is not None


@pytest.mark.parametrize("hidden", [".executor_runtime", "new/.git", "new/.git/deep"])
def test_a_hidden_folder_that_appears_is_left_alone(
    folder: Path, write: Write, hidden: str
) -> None:
    library = Library([folder])
    list(library.scan())
    write(f"{hidden}/a")
    assert list(library.rescan(folder / hidden)) == []
    assert folder / hidden not in library.folders


def test_a_folder_outside_of_every_root_is_not_scanned(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.json").write_text("{")
    assert list(Library([folder]).rescan(tmp_path / "elsewhere")) == []


def test_five_thousand_files_of_which_some_are_hostile(folder: Path, write: Write) -> None:
    good = write("0000").read_bytes()
    for number in range(5000):
        data = b'{\n "invocation_id": "x",\n' if number % 50 == 7 else good
        (folder / f"{number:04d}.json").write_bytes(data)
    os.mkfifo(folder / "fifo.json")
    with open(folder / "huge.json", "wb") as file:
        file.truncate(2 << 30)
    library = Library([folder])
    start = time.monotonic()
    entries = list(library.scan())
    assert time.monotonic() - start < 5
    assert sum(entry.invocation is not None for entry in entries) == 4900
    bad = reasons(entries)
    assert len(bad) == 102
    assert bad["fifo"] == "is not a regular file"
    assert "too large" in bad["huge"]
    assert all(e.error.line == 3 for e in entries if e.error and e.name not in ("fifo", "huge"))


def test_links_that_lead_nowhere_or_in_circles_are_told(folder: Path, write: Write) -> None:
    path = write("a")
    (folder / "dangling.json").symlink_to(folder / "gone.json")
    (folder / "ring.json").symlink_to(folder / "gnir.json")
    (folder / "gnir.json").symlink_to(folder / "ring.json")
    (folder / "link.json").symlink_to(path)
    entries = list(Library([folder]).scan())
    assert names(entries) == ["a", "dangling", "gnir", "link", "ring"]
    bad = reasons(entries)
    assert "No such file" in bad["dangling"]
    assert "symbolic links" in bad["ring"]
    assert "symbolic links" in bad["gnir"]


def test_folders_that_link_in_circles_are_looked_into_once(folder: Path, write: Write) -> None:
    write("x/a")
    write("y/b")
    (folder / "x" / "up").symlink_to(folder)
    (folder / "x" / "across").symlink_to(folder / "y")
    (folder / "y" / "back").symlink_to(folder / "x")
    entries = list(Library([folder]).scan())
    assert len(entries) == 2
    assert {os.path.basename(entry.path) for entry in entries} == {"a.json", "b.json"}


def test_names_and_bytes_that_are_no_text_are_rows_like_others(folder: Path, write: Write) -> None:
    good = write("a").read_bytes()
    with open(os.fsencode(folder) + b"/\xff\xfe.json", "wb") as file:
        file.write(good)
    (folder / "bom.json").write_bytes(b"\xef\xbb\xbf" + good)
    (folder / "latin.json").write_bytes(good.replace(b"test", b"t\xe9st"))
    (folder / "empty.json").write_bytes(b"")
    (folder / "x.json").mkdir()
    (folder / "x.json" / "inner.json").write_bytes(good)
    entries = list(Library([folder]).scan())
    assert {e.name for e in entries if e.invocation} == {"a", "\udcff\udcfe", "x.json/inner"}
    bad = reasons(entries)
    assert "byte order mark" in bad["bom"]
    assert "not UTF-8" in bad["latin"]
    assert bad["empty"] == "is empty"


def test_a_folder_that_cannot_be_read_is_a_row(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every folder")
    locked = folder / "locked"
    locked.mkdir(mode=0)
    (entry,) = Library([folder]).scan()
    assert reasons([entry]) == {"locked": "folder cannot be read: Permission denied"}


def test_a_file_is_loaded_with_the_bytes_it_was_judged_by(folder: Path, write: Write) -> None:
    path = write("a")
    document = load(path, folder)
    assert document.data == path.read_bytes()
    assert document.entry.name == "a"


def test_a_tree_deeper_than_the_stack_hides_nothing(folder: Path, write: Write) -> None:
    write("zz-good")
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=inner)
        deeper = os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(inner)
    assert [entry.name for entry in Library([folder]).scan()] == ["zz-good"]
    # Taken down from above: what removes trees is not made for one this deep either.
    while (folder / "d").exists():
        (folder / "d").rename(folder / "top")
        if (folder / "top" / "d").exists():
            (folder / "top" / "d").rename(folder / "d")
        (folder / "top").rmdir()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs are found by where they are and by what they are called; what is no run is not."""

import json
import time
from pathlib import Path

import pytest

from er_tui.journal.run_directory import new_run_id
from er_tui.session.finding import (
    Kept,
    NotFound,
    find_run,
    find_runs,
    places_of,
    run_at,
)
from tests.session.kept_runs import run_of, written


def test_runs_are_found_newest_first_and_each_once(tmp_path: Path) -> None:
    runs = [written(tmp_path, invocation_id=name) for name in ("a", "b", "a")]
    (tmp_path / "same").symlink_to(tmp_path)
    places = [(str(tmp_path), None), (str(tmp_path), "a"), (str(tmp_path / "same"), None)]
    assert find_runs(places) == runs[::-1]
    assert find_runs([(str(tmp_path), "b")]) == [runs[1]]
    assert find_runs([(str(tmp_path / "none"), None)]) == []


def test_what_is_no_run_directory_is_not_found(tmp_path: Path) -> None:
    good = written(tmp_path)
    folder = tmp_path / "job"
    (folder / new_run_id()).mkdir()  # without a journal
    (folder / "not a run id").mkdir()
    (folder / "not a run id" / "events.jsonl").touch()
    (folder / new_run_id()).write_text("")
    (folder / new_run_id()).symlink_to(good.directory)
    (tmp_path / "linked").symlink_to(folder)
    assert find_runs([(str(tmp_path), None), (str(tmp_path), "linked")]) == [good]


def test_a_planted_link_in_place_of_the_hidden_folder_is_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere")
    (tmp_path / ".executor_runtime").symlink_to(tmp_path / "elsewhere")
    assert find_runs([(str(tmp_path / ".executor_runtime"), None)]) == []


def test_a_path_stands_for_the_runs_that_belong_to_it(tmp_path: Path) -> None:
    folder, captures = tmp_path / "invocations", tmp_path / "captures"
    folder.mkdir()
    run = run_of(folder, artifact_directory=str(captures))
    other = run_of(folder, invocation_id="other")
    invocation = json.loads((Path(run.directory) / "invocation.json").read_text())
    (folder / "job.json").write_text(json.dumps(invocation))

    def found(path: Path) -> set[Kept]:
        return set(find_runs(places_of(path)))

    assert found(folder) == {run, other}
    assert found(folder / "job.json") == {run}
    assert found(folder / ".executor_runtime") == {other}
    assert found(captures) == found(captures / "job") == {run}
    assert run_at(run.directory) == run
    assert run_at(captures) is None


def test_a_run_is_named_by_its_id_or_a_part_of_it(tmp_path: Path) -> None:
    runs = [
        written(tmp_path, f"20260101T00000{n}.000000Z-{end}", invocation_id=name)
        for n, (name, end) in enumerate([("build", "aaaaa1"), ("build", "aaaaa2"), ("lint", "b1")])
    ][::-1]
    lint, second, first = runs
    assert find_run(first.run_id, runs) == (first, 1)
    assert find_run("aaaaa1", runs) == (first, 1)
    assert find_run("build", runs) == (second, 2)
    assert find_run("li", runs) == (lint, 1)
    assert find_run("-b", runs) == (lint, 1)


def test_ambiguity_names_the_candidates(tmp_path: Path) -> None:
    runs = [
        written(tmp_path / base, invocation_id=name)
        for base, name in [("x", "build-1"), ("x", "build-1"), ("y", "build-2"), ("y", "lint")]
    ]
    newest_first = runs[::-1]
    with pytest.raises(NotFound) as ambiguous:
        find_run("build", newest_first)
    assert str(ambiguous.value) == (
        f"'build' is ambiguous: {runs[2].run_id} of build-2 in {tmp_path}/y, "
        f"2 runs of build-1 in {tmp_path}/x"
    )
    with pytest.raises(NotFound, match="no run is called 'deploy', and none has that in its id"):
        find_run("deploy", newest_first)
    many = find_runs([(str(tmp_path / "x"), None)]) + [
        written(tmp_path / "z", invocation_id=f"job-{n}") for n in range(9)
    ]
    with pytest.raises(NotFound, match=r"in .*/z, and 4 more$"):
        find_run("job", many)


def test_the_same_id_in_two_folders_is_not_taken_for_one(tmp_path: Path) -> None:
    runs = [written(tmp_path / base, invocation_id="build") for base in ("x", "y")]
    with pytest.raises(NotFound, match="ambiguous"):
        find_run("build", runs)


def test_an_exact_id_is_not_ambiguous_with_longer_ones(tmp_path: Path) -> None:
    short, long = (written(tmp_path, invocation_id=name) for name in ("build", "build-2"))
    assert find_run("build", [long, short]) == (short, 1)


def test_two_thousand_runs_are_found_at_once(tmp_path: Path) -> None:
    for number in range(2000):
        directory = tmp_path / "job" / f"20260101T{number:06d}.000000Z-aaaaaa"
        directory.mkdir(parents=True)
        (directory / "events.jsonl").touch()
    start = time.monotonic()
    assert len(find_runs([(str(tmp_path), None)])) == 2000
    assert time.monotonic() - start < 1

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run directories that are copied, moved, taken away and brought back, or claimed by several."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from er_tui.journal.events import ResourcesSampled
from er_tui.journal.identity import own_identity
from er_tui.journal.lines import encode
from er_tui.journal.run_directory import new_run_id
from er_tui.session.library import Library
from er_tui.session.listing import Changes
from er_tui.session.session import Session
from er_tui.session.store import Store
from tests.conftest import wait_until
from tests.session.conftest import Write
from tests.session.kept_runs import written


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Session]:
    """A session that monitors the folder."""
    session = Session(Library([tmp_path]))
    session.store, session.monitors = Store(), True
    yield session
    session.store.close()


def shown(session: Session) -> dict[str, list[str]]:
    """The ids of the runs that have been read, by the last part of their entry's path."""
    return {
        Path(key).name: [run.run_id for run in session.runs_of(key) if not run.unread]
        for key in session.entries
    }


def until_shown(session: Session, wanted: dict[str, list[str]]) -> None:
    def look() -> bool:
        session.drain()
        for run in session.runs.values():
            session.look_at(run, row_only=True)
        return shown(session) == wanted

    wait_until(look)


def listed(session: Session) -> None:
    for entry in session.library.scan():
        session.add(entry)
    session.survey()


def test_a_run_that_is_moved_to_another_folder_is_listed_there(
    watching: Session, tmp_path: Path
) -> None:
    moved, stays = (written(tmp_path, invocation_id="z").run_id for _ in range(2))
    listed(watching)
    until_shown(watching, {"z": [moved, stays]})
    (tmp_path / "a").mkdir()
    (tmp_path / "z" / moved).rename(tmp_path / "a" / moved)
    until_shown(watching, {"z": [stays], "a": [moved]})
    shutil.rmtree(tmp_path / "z")
    until_shown(watching, {"a": [moved]})


def test_a_copied_run_is_listed_once_and_not_lost_with_its_copy(
    watching: Session, tmp_path: Path
) -> None:
    run = written(tmp_path, invocation_id="original")
    shutil.copytree(tmp_path / "original", tmp_path / "backup")
    listed(watching)
    until_shown(watching, {"original": [run.run_id]})
    shutil.rmtree(tmp_path / "backup")
    late = written(tmp_path, invocation_id="original").run_id
    until_shown(watching, {"original": [run.run_id, late]})
    shutil.copytree(run.directory, tmp_path / "saved" / run.run_id)
    shutil.rmtree(tmp_path / "original")
    until_shown(watching, {"saved": [run.run_id]})


def test_what_comes_back_or_to_its_file_is_read_again(
    watching: Session, write: Write, folder: Path, tmp_path: Path
) -> None:
    base = folder / "captures"
    ids = [written(base).run_id for _ in range(3)]
    listed(watching)
    until_shown(watching, {"job": ids})
    (base / "job" / ids[0]).rename(tmp_path / "aside")
    until_shown(watching, {"job": ids[1:]})
    (tmp_path / "aside").rename(base / "job" / ids[0])
    until_shown(watching, {"job": ids})
    path = write("job", artifact_directory=str(base))
    listed(watching)
    until_shown(watching, {"job.json": ids})
    path.unlink()
    watching.remove(path)
    until_shown(watching, {"job": ids})


def test_of_files_with_one_id_each_has_its_runs_whenever_it_is_read(
    watching: Session, write: Write, folder: Path
) -> None:
    base = folder / "captures"
    paths = [
        write(name, invocation_id="job", artifact_directory=str(base)) for name in ("one", "two")
    ]
    run = written(base)
    journal = Path(run.directory, "events.jsonl")
    first, *rest = journal.read_text().splitlines()
    started = {**json.loads(first), "source": {"path": str(paths[1]), "sha256": "x"}}
    journal.write_text("\n".join([json.dumps(started), *rest, ""]))
    for path, wanted in zip(
        paths,
        ({"one.json": [run.run_id]}, {"one.json": [], "two.json": [run.run_id]}),
        strict=True,
    ):
        entry = watching.library.reload(path) or next(
            entry for entry in watching.library.scan() if entry.path == path
        )
        watching.add(entry)
        until_shown(watching, wanted)


def test_the_newest_of_runs_that_a_program_named_is_the_one_made_last(
    watching: Session, tmp_path: Path
) -> None:
    for number, name in enumerate(("build-9", "zz", "build-10")):
        run = written(tmp_path, name, status="failed" if name == "build-10" else "succeeded")
        os.utime(run.directory, (0, 1_600_000_000 + number))
    listed(watching)
    until_shown(watching, {"job": ["build-9", "zz", "build-10"]})
    late = written(tmp_path).run_id
    until_shown(watching, {"job": ["build-9", "zz", "build-10", late]})


def test_a_run_that_was_over_before_it_was_seen_is_told_as_finished(
    watching: Session, tmp_path: Path
) -> None:
    old = written(tmp_path, at=time.time() - 60, status="failed").run_id
    listed(watching)
    finished: list[str] = []

    def drained() -> Changes:
        changes = watching.drain()
        finished.extend(changes.finished)
        return changes

    wait_until(lambda: drained() and shown(watching) == {"job": [old]})
    late = written(tmp_path, new_run_id(), at=time.time(), status="failed").run_id
    wait_until(lambda: drained() and shown(watching) == {"job": [old, late]})
    assert finished == [late]


def test_a_stalled_run_stays_so_while_only_its_use_is_told(
    watching: Session, tmp_path: Path
) -> None:
    run = written(tmp_path, who=own_identity(), status=None, at=time.time() - 60)
    watching.stall_seconds = 30
    listed(watching)
    badges: list[str | None] = []

    def badge() -> str | None:
        watching.drain()
        known = watching.runs.get(run.run_id)
        if known is not None and not known.unread:
            badges.append(known.badge)
        return known.badge if known is not None else None

    wait_until(lambda: badge() == "stalled")
    del badges[:]
    sample = ResourcesSampled(at=time.time(), cpu_percent=1.0, memory_bytes=7, processes=1)
    with open(f"{run.directory}/events.jsonl", "a") as journal:
        journal.write(encode(sample) + "\n")
    wait_until(lambda: badge() and watching.runs[run.run_id].resources)
    assert set(badges) == {"stalled"}


def test_without_a_file_runs_are_listed_only_where_that_is_wanted(
    watching: Session, write: Write, folder: Path
) -> None:
    base = folder / "captures"
    runs = {name: written(base, invocation_id=name).run_id for name in ("job", "other")}
    path = write("job", artifact_directory=str(base))
    (entry,) = watching.library.scan()
    watching.add(entry)
    until_shown(watching, {"job.json": [runs["job"]]})
    write("job", invocation_id="other", artifact_directory=str(base))
    (edited,) = watching.library.scan()
    watching.add(edited)
    until_shown(watching, {"job.json": [runs["other"]]})
    path.unlink()
    watching.remove(path)
    kept = written(base, invocation_id="seen").run_id
    assert watching.store is not None
    watching.store.survey(str(base), "seen")
    until_shown(watching, {"seen": [kept]})
    watching.survey()
    until_shown(watching, {"seen": [kept], **{name: [run] for name, run in runs.items()}})

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ran before, and what others run, is known from the directories alone."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from er_tui.journal.closing import CannotClose, close_lost
from er_tui.journal.identity import own_identity
from er_tui.journal.run_directory import new_run_id
from er_tui.session.library import Library
from er_tui.session.past import read_run
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.session.store import Store
from tests.conftest import wait_until
from tests.session.conftest import Write, listed
from tests.session.kept_runs import written
from tests.session.others import begun_run, library_user, newest_run, run_here


@pytest.fixture
def watching(folder: Path) -> Iterator[Session]:
    """A session without an engine that is told of what is on the disk."""
    session = Session(Library([folder]))
    session.store = Store()
    yield session
    session.store.close()


def until(session: Session, so: Callable[[], object]) -> None:
    def look() -> object:
        session.drain()
        return so()

    wait_until(look)


def latest(session: Session, key: str) -> RunState:
    run = session.latest(key)
    assert run is not None
    return run


def test_past_runs_are_listed_oldest_first_and_the_newest_is_read(
    watching: Session, write: Write
) -> None:
    path = write("job", "echo out; echo no >&2; exit 3")
    runs = [run_here(path) for _ in range(3)]
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key) == 3 and not latest(watching, key).unread)
    assert [run.run_id for run in watching.runs_of(key)] == [run.name for run in runs]
    run = latest(watching, key)
    assert (run.status, run.stdout_bytes, run.stderr_bytes) == ("failed", 4, 3)
    assert run.directory == str(runs[-1])
    assert run.result == json.loads((runs[-1] / "result.json").read_text())
    assert not watching.live_count
    assert watching.runs_of(key)[0].unread
    watching.look_at(watching.runs_of(key)[0], row_only=True)
    until(watching, lambda: watching.runs_of(key)[0].status == "failed")


def test_a_run_of_another_process_is_followed_from_its_start_to_its_end(
    watching: Session, write: Write, folder: Path
) -> None:
    path = write("job", "echo begun; while [ ! -e go ]; do sleep 0.02; done; echo done")
    (key,) = listed(watching)
    with library_user(path) as process:
        until(watching, lambda: (r := watching.latest(key)) and r.stdout_bytes == 6)
        run = latest(watching, key)
        assert run.live
        assert run.foreign
        assert watching.live_count == 1
        assert watching.steered_count == 0
        (folder / "go").touch()
        assert process.wait(20) == 0
    until(watching, lambda: latest(watching, key).status == "succeeded")
    assert latest(watching, key).stdout_bytes == 11
    assert watching.live_count == 0


def test_nothing_is_running_with_no_process_behind_it(watching: Session, write: Write) -> None:
    path = write("job", "echo said; exec sleep 60")
    (key,) = listed(watching)
    with library_user(path):
        until(watching, lambda: (r := watching.latest(key)) and r.stdout_bytes)
    # killed with -9: it left no result
    until(watching, lambda: latest(watching, key).badge == "lost")
    run = latest(watching, key)
    assert run.error_summary == "the process that ran it is gone, and left no result"
    assert run.stdout_bytes == 5
    assert read_run(newest_run(path)).badge == "lost"


def test_a_lost_run_gets_an_honest_result_once(write: Write) -> None:
    path = write("job", "echo said; exec sleep 60")
    with library_user(path):
        directory = begun_run(path)
        wait_until(lambda: read_run(directory).stdout_bytes)
        alive = read_run(directory)
        assert alive.started is not None
        with pytest.raises(CannotClose, match="still lives"):
            close_lost(directory, alive.started, 0.0)
    run = read_run(directory)
    assert run.started is not None
    assert run.heard_at is not None
    close_lost(directory, run.started, run.heard_at)
    result = json.loads((directory / "result.json").read_text())
    assert result["status"] == "failed"
    assert "lost" in result["error_summary"]
    assert result["stdout_path"] == str(directory / "stdout.txt")
    with pytest.raises(CannotClose, match="has a result"):
        close_lost(directory, run.started, run.heard_at)
    assert read_run(directory).result == result
    assert [p.name for p in directory.iterdir() if p.name.startswith(".")] == []


def test_a_run_that_was_closed_ends_when_it_was_last_heard_of(tmp_path: Path) -> None:
    long_ago = time.time() - 3 * 86_400
    lost = written(tmp_path, status=None, at=long_ago)
    run = read_run(lost.directory)
    assert run.started is not None
    close_lost(lost.directory, run.started, long_ago + 5)
    closed = read_run(lost.directory)
    assert closed.seconds(time.time()) == pytest.approx(5)
    assert closed.result is not None
    assert closed.result["metadata"]["closed_at"] > closed.result["finished_at"]


@pytest.mark.parametrize(
    "strange", [{"runtime_kind": "banana"}, {"invocation_id": "\ud800"}, {"at": -2.5e11}]
)
def test_a_run_whose_journal_fits_no_result_is_not_closed(
    tmp_path: Path, strange: dict[str, object]
) -> None:
    lost = written(tmp_path, status=None)
    journal = Path(lost.directory, "events.jsonl")
    journal.write_text(json.dumps({**json.loads(journal.read_text()), **strange}) + "\n")
    run = read_run(lost.directory)
    assert run.started is not None
    with pytest.raises(CannotClose, match="that no result can have"):
        close_lost(lost.directory, run.started, run.started.at)
    assert sorted(os.listdir(lost.directory)) == ["events.jsonl", "stdout.txt"]


def test_a_run_of_another_host_is_unknown_not_lost(write: Write) -> None:
    path = write("job", "exec sleep 60")
    with library_user(path):
        directory = begun_run(path)
        wait_until(lambda: read_run(directory).pid)
    journal = directory / "events.jsonl"
    host = os.uname().nodename
    journal.write_text(journal.read_text().replace(f'"host":"{host}"', '"host":"elsewhere-7"'))
    run = read_run(directory)
    assert (run.status, run.badge, run.live) == ("running", "unknown", True)
    # and one of this host before it was started anew is lost
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    journal.write_text(journal.read_text().replace('"host":"elsewhere-7"', f'"host":"{host}"'))
    journal.write_text(journal.read_text().replace(boot, "0" * len(boot)))
    assert read_run(directory).badge == "lost"


def test_a_result_without_its_event_counts(write: Write) -> None:
    """The process died between the two."""
    directory = run_here(write("job", "exit 4"))
    journal = directory / "events.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"event":"finished"' not in line))
    run = read_run(directory)
    assert (run.status, run.badge, run.live) == ("failed", None, False)


def test_a_result_ends_a_run_of_a_process_that_lives_on(tmp_path: Path) -> None:
    """Its last event is missing: the disk was full, or it is too long for a glance."""
    run = written(tmp_path, who=own_identity())
    journal = Path(run.directory, "events.jsonl")
    begin, end = journal.read_text().splitlines(keepends=True)
    journal.write_text(begin)
    assert read_run(run.directory).status == "succeeded"
    journal.write_text(end)
    assert (read_run(run.directory).status, read_run(run.directory).unread) == ("succeeded", False)


@pytest.mark.parametrize("torn", ["", "{", '{"v":1,"event":"started"', "\x00\xff\n", "[]\n{}\n"])
def test_whatever_a_journal_holds_its_run_is_listed(
    watching: Session, write: Write, torn: str
) -> None:
    directory = run_here(write("job"))
    (directory / "events.jsonl").write_text(torn)
    (directory / "result.json").unlink()
    (key,) = listed(watching)
    until(watching, lambda: (r := watching.latest(key)) and not r.unread)
    assert latest(watching, key).badge == "lost"


def test_directories_that_are_no_runs_are_none(watching: Session, write: Write) -> None:
    path = write("job")
    good = run_here(path)
    (good.parent / new_run_id()).mkdir()
    (good.parent / "0notes").mkdir()
    (good.parent / new_run_id()).symlink_to(good)
    (good.parent / new_run_id()).write_text("x")
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key))
    late = run_here(path)
    until(watching, lambda: watching.run_count(key) == 2)
    assert [run.run_id for run in watching.runs_of(key)] == [good.name, late.name]


def test_captures_may_be_kept_behind_a_link(
    watching: Session, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "big-disk").mkdir()
    (tmp_path / "kept").symlink_to("big-disk")
    run_here(write("job", artifact_directory=str(tmp_path / "kept")))
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key) == 1)


def test_runs_that_are_removed_are_listed_no_more(watching: Session, write: Write) -> None:
    path = write("job")
    first, second = run_here(path), run_here(path)
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key) == 2)
    shutil.rmtree(second)
    until(watching, lambda: watching.run_count(key) == 1)
    assert latest(watching, key).run_id == first.name
    shutil.rmtree(first.parent)
    until(watching, lambda: watching.run_count(key) == 0)
    assert watching.latest(key) is None


def test_a_file_that_is_deleted_takes_only_what_others_ran_off_the_list(
    watching: Session, write: Write
) -> None:
    path = write("job")
    run_here(path)
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key))
    path.unlink()
    watching.remove(path)
    assert key not in watching.entries
    assert not watching.runs
    write("job")
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key) == 1)


def test_a_silent_run_is_called_stalled_until_it_speaks(
    watching: Session, write: Write, folder: Path
) -> None:
    path = write("job", "echo a; while [ ! -e go ]; do sleep 0.02; done; echo b; exec sleep 60")
    (key,) = listed(watching)
    watching.stall_seconds = 0.3
    with library_user(path):
        until(watching, lambda: (r := watching.latest(key)) and r.badge == "stalled")
        assert watching.tally.standings["stalled"] == 1
        watching.stall_seconds = 30
        (folder / "go").touch()
        until(watching, lambda: latest(watching, key).badge is None)


def test_runs_of_an_invocation_without_a_file_are_listed_where_that_is_wanted(
    watching: Session, write: Write, folder: Path
) -> None:
    directory = run_here(write("job", "echo x"))
    (folder / "job.json").unlink()
    assert watching.store is not None
    watching.store.survey(str(folder / ".executor_runtime"))
    until(watching, lambda: watching.entries)
    (key,) = watching.entries
    entry = watching.entries[key]
    assert (entry.name, entry.kept) == ("job", True)
    assert entry.invocation is not None
    assert entry.invocation.invocation_id == "job"
    until(watching, lambda: not latest(watching, key).unread)
    assert latest(watching, key).run_id == directory.name
    # its file comes back
    path = write("job")
    listed(watching)
    until(watching, lambda: list(watching.entries) == [str(path)])
    assert watching.run_count(str(path)) == 1


def test_of_many_runs_only_the_newest_is_read(watching: Session, write: Write) -> None:
    directory = run_here(write("job"))
    for number in range(300):
        shutil.copytree(directory, directory.parent / f"20200101T{number:06d}.000000Z-aaaaaa")
    (key,) = listed(watching)
    until(watching, lambda: watching.run_count(key) == 301)
    until(watching, lambda: not latest(watching, key).unread)
    assert sum(not run.unread for run in watching.runs.values()) == 1
    assert time.time() - latest(watching, key).queued_at < 600

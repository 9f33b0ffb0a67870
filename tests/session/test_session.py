# SPDX-License-Identifier: AGPL-3.0-or-later
"""A session runs what the files hold now, and what it shows follows the disk and the engine."""

import hashlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from er_tui.session.client import EngineClient
from er_tui.session.listing import Changes
from er_tui.session.session import Session
from er_tui.session.state import RunState
from tests.conftest import wait_until
from tests.engine.tagged import Tagged
from tests.session.conftest import Write, listed


def drained(session: Session, until: Callable[[], object]) -> list[Changes]:
    """Drain until that is so; what changed on the way."""
    changes: list[Changes] = []

    def look() -> object:
        changes.append(session.drain())
        return until()

    wait_until(look)
    return changes


def started(session: Session, key: str) -> str:
    """Start a run and wait for its output; its id."""
    run = session.start(key)
    assert run is not None
    drained(session, lambda: session.runs[run.run_id].stdout_bytes)
    return run.run_id


def ended(session: Session, run_id: str) -> RunState:
    drained(session, lambda: not session.runs[run_id].live)
    return session.runs[run_id]


def output(run: RunState) -> str:
    assert run.directory is not None
    return (Path(run.directory) / "stdout.txt").read_text()


def test_a_run_is_followed_from_queue_to_result(session: Session, write: Write) -> None:
    key = str(write("a", "echo hello"))
    listed(session)
    run = session.start(key)
    assert run is not None
    assert (run.badge, run.live) == ("queued", True)
    changes = drained(session, lambda: not session.runs[run.run_id].live)
    done = session.runs[run.run_id]
    assert (done.status, done.badge) == ("succeeded", None)
    assert output(done) == "hello\n"
    assert [run_id for change in changes for run_id in change.finished] == [run.run_id]
    assert frozenset().union(*(change.keys for change in changes)) == {key}
    assert session.jobs == 2
    assert session.key_of(run.run_id) == key


def test_a_start_reads_the_file_again_and_names_its_bytes(session: Session, write: Write) -> None:
    path = write("a", "echo before")
    (key,) = listed(session)
    write("a", "echo after")
    run_id = started(session, key)
    done = ended(session, run_id)
    assert output(done) == "after\n"
    assert done.directory is not None
    first = json.loads((Path(done.directory) / "events.jsonl").read_bytes().splitlines()[0])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert first["source"] == {"path": str(path), "sha256": digest}
    assert session.entries[key].name == "a"


def test_a_file_edited_while_its_run_is_live_changes_the_list_and_not_the_run(
    session: Session, write: Write
) -> None:
    path = write("a", "echo one; read line < fifo; echo $line", timeout_seconds=50)
    os.mkfifo(path.parent / "fifo")
    (key,) = listed(session)
    run_id = started(session, key)
    write("a", "echo two")
    entry = session.library.reload(path)
    assert entry is not None
    session.add(entry)
    (path.parent / "fifo").write_text("still the first\n")
    assert output(ended(session, run_id)) == "one\nstill the first\n"
    assert session.entries[key].invocation is not None
    second = started(session, key)
    assert output(ended(session, second)) == "two\n"


def test_a_file_broken_while_its_run_is_live_shows_why_and_starts_nothing(
    session: Session, write: Write
) -> None:
    path = write("a", "echo one; exec sleep 600")
    (key,) = listed(session)
    run_id = started(session, key)
    path.write_text("{\n,")
    assert session.start(key) is None
    error = session.entries[key].error
    assert error is not None
    assert error.line == 2
    assert session.runs[run_id].live
    session.cancel(run_id)
    assert ended(session, run_id).status == "cancelled"


def test_a_file_deleted_while_its_run_is_live_stays_as_evidence(
    session: Session, write: Write
) -> None:
    path, other = write("a", "echo one; exec sleep 600"), write("b")
    key, other_key = listed(session)
    run_id = started(session, key)
    path.unlink()
    other.unlink()
    assert session.library.reload(path) is None
    assert session.remove(path) == {key}
    assert session.remove(other) == {other_key}
    assert list(session.entries) == [key]
    assert session.entries[key].gone
    assert session.runs[run_id].live
    assert session.start(key) is None
    session.cancel(run_id)
    assert ended(session, run_id).status == "cancelled"


def test_a_file_that_comes_back_can_be_run_again(session: Session, write: Write) -> None:
    path = write("a", "echo one")
    (key,) = listed(session)
    ended(session, started(session, key))
    path.unlink()
    session.remove(path)
    write("a", "echo two")
    entry = session.library.reload(path)
    assert entry is not None
    session.add(entry)
    assert output(ended(session, started(session, key))) == "two\n"
    assert len(session.runs_of(key)) == 2


def test_a_folder_that_goes_takes_its_entries_along(session: Session, write: Write) -> None:
    write("deploy/live")
    write("deploy/deep/stage")
    kept = write("deploy-not")
    listed(session)
    gone = session.remove(kept.parent / "deploy", folder=True)
    assert len(gone) == 2
    assert list(session.entries) == [str(kept)]


def test_a_rerun_keeps_the_earlier_runs_and_what_they_wrote(session: Session, write: Write) -> None:
    key = str(write("a", "echo $$"))
    listed(session)
    runs = [ended(session, started(session, key)) for _ in range(3)]
    assert [run.run_id for run in session.runs_of(key)] == [run.run_id for run in runs]
    assert len({run.directory for run in runs}) == 3
    assert len({output(run) for run in runs}) == 3
    latest = session.latest(key)
    assert latest is not None
    assert latest.run_id == runs[-1].run_id


def test_run_all_starts_what_can_run_and_has_no_live_run(session: Session, write: Write) -> None:
    live, idle = str(write("a", "echo; exec sleep 600")), str(write("b"))
    bad = write("c")
    listed(session)
    run_id = started(session, live)
    bad.write_text("{")
    assert session.start_all([live, idle, str(bad)]) == 1
    assert len(session.live_runs()) == 2
    session.cancel(run_id)
    drained(session, lambda: not session.live_runs())


def test_a_second_cancel_kills_what_ignores_the_first(session: Session, write: Write) -> None:
    fields = {"metadata": {"subprocess.grace_seconds": "600"}}
    write("a", "trap '' TERM; echo deaf; while :; do sleep 0.05; done", **fields)
    (key,) = listed(session)
    run_id = started(session, key)
    session.cancel(run_id)
    drained(session, lambda: session.runs[run_id].badge == "cancelling")
    assert session.runs[run_id].kill_at is not None
    session.cancel(run_id)
    assert ended(session, run_id).status == "cancelled"


def test_an_engine_that_is_killed_loses_its_runs_and_that_is_said(
    session: Session, write: Write, tagged: Tagged
) -> None:
    write("a", "echo; exec sleep 600")
    write("b", "echo done")
    live, done = listed(session)
    ended(session, started(session, done))
    run_id = started(session, live)
    engine = session.engine
    assert isinstance(engine, EngineClient)
    os.kill(engine.pid, signal.SIGKILL)
    changes = drained(session, lambda: not session.live_runs())
    lost = session.runs[run_id]
    assert (lost.badge, lost.status) == ("lost", "running")
    assert lost.error_summary is not None
    assert lost.error_summary.startswith("the engine ended unexpectedly")
    assert [run.badge for run in session.runs_of(done)] == [None]
    notices = [notice for change in changes for notice in change.notices]
    assert notices == [lost.error_summary]
    assert changes[-1].finished == (run_id,)
    assert session.start(done) is None
    tagged.wait_gone(3)


def test_of_very_many_a_few_are_started_at_a_time_and_all_in_the_end(
    session: Session, write: Write
) -> None:
    for number in range(300):
        write(f"n{number:03}")
    keys = listed(session)
    at_once = session.start_all(keys)
    assert 0 < at_once < len(keys)
    drained(session, lambda: len(session.runs) == len(keys))
    session.start_all(keys[:100])
    drained(session, lambda: not session.live_count)


def test_what_is_still_to_be_started_can_be_called_off(session: Session, write: Write) -> None:
    for number in range(300):
        write(f"n{number:03}")
    keys = listed(session)
    at_once = session.start_all(keys)
    session.start_no_more()
    session.drain()
    assert len(session.runs) == at_once

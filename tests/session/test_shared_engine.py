# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs that another client started on our engine are listed, followed and steered as ours."""

import os
import time
from pathlib import Path

import pytest

from er_tui.engine.messages import Cancel, Known, RunEvent
from er_tui.journal.events import ProcessIdentity, RunFinished, RunStarted, Source
from er_tui.journal.run_directory import new_run_id
from er_tui.session.library import Library
from er_tui.session.session import Session
from er_tui.session.store import Store
from tests.conftest import wait_until
from tests.session.conftest import Write, listed
from tests.session.others import begun_run, library_user
from tests.session.overheard import Overheard


@pytest.fixture
def engine() -> Overheard:
    return Overheard()


@pytest.fixture
def shared(folder: Path, engine: Overheard) -> Session:
    session = Session(Library([folder]))
    session.engine = engine
    return session


def known(path: Path, directory: Path | None = None, kind: str = "subprocess") -> Known:
    run_id = new_run_id() if directory is None else directory.name
    where = None if directory is None else str(directory)
    return Known(run_id, Source(str(path), "0" * 64), kind, time.time(), where)


def test_a_run_that_waits_is_followed_from_its_first_event(
    shared: Session, engine: Overheard, write: Write
) -> None:
    path = write("job")
    listed(shared)
    message = known(path)
    engine.inbox.append(message)
    shared.drain()
    run = shared.latest(str(path))
    assert run is not None
    assert (run.badge, run.foreign) == ("queued", False)
    assert shared.steered_runs() == [run]
    who = ProcessIdentity(1, 1, "h", None, None)
    begun = RunStarted(
        at=5.0,
        run_id=run.run_id,
        invocation_id="job",
        runtime_name="t",
        runtime_kind="subprocess",
        directory="/d",
        timeout_seconds=None,
        supervisor=who,
    )
    engine.inbox.append(RunEvent(run.run_id, begun))
    shared.drain()
    assert shared.runs[run.run_id].status == "running"
    shared.cancel(run.run_id)
    assert engine.told == [Cancel(run.run_id)]
    engine.inbox.append(RunEvent(run.run_id, RunFinished(at=6.0, result={"status": "cancelled"})))
    shared.drain()
    assert (shared.live_count, shared.steered_count) == (0, 0)


def test_one_that_goes_on_already_is_told_by_its_directory_and_steered_too(
    shared: Session, engine: Overheard, write: Write
) -> None:
    path = write("job", "echo said; exec sleep 60")
    shared.store = Store()
    try:
        with library_user(path):
            directory = begun_run(path)
            engine.inbox.append(known(path, directory))
            shared.drain()  # before its file is read
            assert not shared.runs
            listed(shared)

            def live() -> bool:
                shared.drain()
                run = shared.latest(str(path))
                return run is not None and run.stdout_bytes == 5

            wait_until(live)
            (run,) = shared.steered_runs()
            assert (run.run_id, run.foreign, run.live) == (directory.name, False, True)
            # what the engine says of it besides is known already
            engine.inbox.append(
                RunEvent(run.run_id, RunFinished(at=1.0, result={"status": "failed"}))
            )
            shared.drain()
            assert shared.runs[run.run_id].live
            shared.cancel(run.run_id)
            assert engine.told == [Cancel(run.run_id)]

        def lost() -> bool:
            shared.drain()
            return shared.runs[run.run_id].lost is not None

        wait_until(lost)
        assert shared.steered_count == 0
    finally:
        shared.store.close()


def test_a_run_of_a_file_that_is_not_listed_waits_for_it(
    shared: Session, engine: Overheard, folder: Path, write: Write
) -> None:
    engine.inbox.append(known(folder / "later.json", kind="http"))
    shared.drain()
    assert not shared.runs
    path = write("later")
    listed(shared)
    run = shared.latest(str(path))
    assert run is not None
    assert shared.waits(run.run_id)
    assert os.fspath(path) == shared.key_of(run.run_id)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a session says to its engine, and when; and what it makes of what the engine says."""

from pathlib import Path

from er_tui.engine.messages import (
    Extend,
    Keys,
    LowSpace,
    RunEvent,
    SendSignal,
    Window,
    from_line,
    to_line,
)
from er_tui.journal.events import ProcessIdentity, RunFinished, RunStarted, SignalSent
from er_tui.session.client import EngineGone
from er_tui.session.library import Library
from er_tui.session.listing import Changes
from er_tui.session.session import Session
from tests.session.conftest import Write, listed
from tests.session.overheard import Overheard


def overheard(folder: Path) -> tuple[Session, Overheard, str]:
    """A session, its engine, and a run that has begun."""
    session, engine = Session(Library([folder])), Overheard()
    session.engine = engine
    (key,) = listed(session)
    run = session.start(key)
    assert run is not None
    engine.told.clear()
    return session, engine, run.run_id


def test_orders_are_sent_while_the_run_is_live_and_not_after(folder: Path, write: Write) -> None:
    write("a")
    session, engine, run_id = overheard(folder)
    session.send_signal(run_id, "SIGUSR1")
    session.extend(run_id, 60.0)
    session.type_keys(run_id, "yes\r")
    orders = [SendSignal(run_id, "SIGUSR1"), Extend(run_id, 60.0), Keys(run_id, "yes\r")]
    assert engine.told == orders
    engine.inbox.append(RunEvent(run_id, RunFinished(at=1.0, result={"status": "failed"})))
    session.drain()
    session.send_signal(run_id, "SIGUSR1")
    session.extend(run_id, 60.0)
    session.type_keys(run_id, "yes\r")
    session.cancel(run_id)
    assert engine.told == orders


def test_what_is_pasted_may_be_of_any_length(folder: Path, write: Write) -> None:
    write("a")
    session, engine, run_id = overheard(folder)
    text = "".join(map(str, range(100_000)))
    session.type_keys(run_id, text)
    parts = [message.text for message in engine.told if isinstance(message, Keys)]
    assert len(parts) > 1
    assert "".join(parts) == text
    assert all(from_line(to_line(message)) == message for message in engine.told)


def test_the_size_of_the_window_is_told_when_it_changes(folder: Path, write: Write) -> None:
    write("a")
    session, engine, _run_id = overheard(folder)
    for size in ((80, 24), (80, 24), (100, 30), (80, 24)):
        session.resize(*size)
    assert engine.told == [Window(80, 24), Window(100, 30), Window(80, 24)]


def test_a_full_disk_is_known_until_it_has_room_again(folder: Path, write: Write) -> None:
    write("a")
    session, engine, _run_id = overheard(folder)
    engine.inbox.extend([LowSpace("/a", 300), LowSpace("/b", 200), LowSpace("/a", 100)])
    assert session.drain() == Changes(space=True)
    assert session.low_space == {"/a": 100, "/b": 200}
    assert session.drain() == Changes()
    engine.inbox.extend([LowSpace("/a", None), LowSpace("/never", None)])
    assert session.drain() == Changes(space=True)
    assert session.low_space == {"/b": 200}
    engine.inbox.append(EngineGone(""))
    session.drain()
    assert session.low_space == {}


def test_a_paused_run_is_another_state_to_the_screen(folder: Path, write: Write) -> None:
    write("a")
    session, engine, run_id = overheard(folder)
    stop = SignalSent(at=2.0, signal="SIGSTOP", pgid=1, by_operator=True)
    started = RunStarted(
        at=1.0,
        run_id=run_id,
        invocation_id="a",
        runtime_name="n",
        runtime_kind="subprocess",
        directory=None,
        timeout_seconds=None,
        supervisor=ProcessIdentity(1, 1, "h", None, None),
    )
    engine.inbox.extend([RunEvent(run_id, started), RunEvent(run_id, stop)])
    assert session.drain().states
    assert session.runs[run_id].badge == "paused"
    engine.inbox.append(RunEvent(run_id, stop))
    assert not session.drain().states


def test_a_session_without_an_engine_lists_and_starts_nothing(folder: Path, write: Write) -> None:
    write("a")
    session = Session(Library([folder]))
    (key,) = listed(session)
    assert session.start(key) is None
    assert session.drain() == Changes()
    assert session.latest(key) is None

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Detached, hung up or killed: the engine goes on, and a dashboard comes back to its runs."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from er_tui.session.engines import Engine, find_engines, stop_engines
from tests.conftest import wait_until
from tests.engine.tagged import Tagged
from tests.session.conftest import Write
from tests.terminal.conftest import Open
from tests.terminal.scripts import FAMILY, until_exists
from tests.terminal.terminal import Terminal
from tests.terminal.test_a_day import assert_restored, statuses

COUNTING = "i=0; while :; do echo word $((i += 1)); sleep 0.05; done"


@pytest.fixture
def open_terminal(open_terminal: Open) -> Iterator[Open]:
    """Engines that a test kept end with it, too."""
    yield open_terminal
    assert stop_engines(find_engines(), 10) == []


def the_engine() -> Engine:
    (engine,) = find_engines()
    return engine


def hang_up(terminal: Terminal) -> None:
    terminal.hang_up()
    assert terminal.wait_end(4) == 128 + signal.SIGHUP


def kill(terminal: Terminal) -> None:
    terminal.signal(signal.SIGKILL)
    assert terminal.wait_end() == -signal.SIGKILL
    terminal.wait_for("er-tui is gone; its engine goes on: er-tui attach")
    terminal.wait_until(lambda: terminal.attributes() == terminal.attributes_before)
    assert_restored(terminal)


@pytest.mark.parametrize("end", [hang_up, kill])
def test_kept_runs_survive_their_terminal_and_are_come_back_to(
    open_terminal: Open, folder: Path, write: Write, end: Callable[[Terminal], None]
) -> None:
    write("counting", COUNTING)
    terminal = open_terminal(folder, "--run", "--on-hangup", "keep")
    terminal.wait_for("1 running", "  word 2")
    end(terminal)
    engine = the_engine()
    # Nothing of the terminal is held: who waits for its end (sshd) need not wait.
    for pid in (engine.pid, engine.description.guard):
        held = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        assert not [name for name in held if name.startswith(("/dev/pts", "/dev/tty"))]
    back = open_terminal("attach")
    back.wait_for("1 running", "  word 1", "  word 3")
    back.press("c")
    back.wait_for("⊘ counting", "1 cancelled", "cancelled by the operator")
    assert statuses(folder) == ["cancelled"]
    back.press("q")
    assert back.wait_end(4) == 0
    assert find_engines() == []


def test_the_detach_key_leaves_the_runs_and_says_how_to_come_back(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("patient", f"echo first words; {until_exists(gate)}; echo last words")
    terminal = open_terminal(folder, "--run")
    terminal.wait_for("1 running", "first words")
    terminal.press("D")
    assert terminal.wait_end(4) == 0
    assert_restored(terminal)
    pid = the_engine().pid
    assert f"er-tui: engine {pid} goes on; er-tui attach comes back to it".encode() in terminal.seen
    back = open_terminal("attach", str(pid))
    back.wait_for("1 running", "first words")
    gate.touch()
    back.wait_for("1 succeeded", "first words", "last words")
    back.press("D")
    assert back.wait_end(4) == 0


def test_what_asks_whether_to_quit_offers_to_detach(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    write("family", FAMILY)
    terminal = open_terminal(folder, "--run")
    terminal.wait_for("1 running", "family of")
    terminal.press("q")
    terminal.wait_for("1 run is live.", "Stay  n", "Detach  d", "End them and quit  y")
    terminal.press("d")
    assert terminal.wait_end(4) == 0
    standing = the_engine().standing()
    assert standing is not None
    assert (standing.running, standing.clients) == (1, 0)


def test_several_dashboards_see_the_same_and_one_that_leaves_ends_nothing(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("counting", COUNTING)
    write("family", FAMILY)
    first = open_terminal(folder, "--jobs", "2")
    first.wait_for("2 not run", "jobs 0/2")
    second = open_terminal("attach", "invocations")
    second.wait_for("2 not run", "jobs 0/2")
    first.press("r")
    for terminal in (first, second):
        terminal.wait_for("● counting", "1 running", "  word 3")
    second.press("j", "r")
    for terminal in (first, second):
        terminal.wait_for("● family", "2 running")
    second.signal(signal.SIGKILL)
    second.wait_end()
    second.wait_for("er-tui is gone")
    assert_restored(second)
    third = open_terminal("attach")
    third.wait_for("2 running")
    first.signal(signal.SIGTERM)
    assert first.wait_end(4) == 128 + signal.SIGTERM
    third.press("q")
    third.wait_for("2 runs are live.")
    third.press("y")
    assert third.wait_end(4) == 0
    assert statuses(folder) == ["cancelled", "cancelled"]
    tagged.wait_gone(1)


def test_an_engine_that_is_stopped_says_so_to_its_dashboards(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    write("family", FAMILY)
    terminal = open_terminal(folder, "--run", "--on-hangup", "keep")
    terminal.wait_for("1 running", "family of")
    back = open_terminal("attach")
    back.wait_for("1 running")
    assert stop_engines(find_engines(), 10) == []
    for dashboard in (terminal, back):
        dashboard.wait_for("no engine", "⊘ family", "cancelled · SIGTERM to the engine")
        dashboard.press("q")
    assert back.wait_end(4) == 0
    assert terminal.wait_end(4) == 1  # it was told to --run, and that did not succeed


def test_nothing_is_left_when_a_kept_engine_is_killed_after_its_dashboard(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("family", FAMILY)
    terminal = open_terminal(folder, "--run", "--on-hangup", "keep")
    terminal.wait_for("1 running", "family of")
    kill(terminal)
    os.kill(the_engine().pid, signal.SIGKILL)
    tagged.wait_gone(1)
    wait_until(lambda: find_engines() == [])

# SPDX-License-Identifier: AGPL-3.0-or-later
"""However the dashboard ends, its runs end, their results say so, and the terminal is usable."""

import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.engine.tagged import Tagged
from tests.session.conftest import Write
from tests.terminal.conftest import Open
from tests.terminal.scripts import DEAF_FAMILY, FAMILY, until_exists
from tests.terminal.terminal import Terminal
from tests.terminal.test_a_day import assert_modes_restored, assert_restored, statuses

CRASH = """
from er_tui.cli import main
from er_tui.tui.screens.main import MainScreen

def crash(screen):
    entry = screen.selection.entry()
    raise RuntimeError("a fault of ours \\x1b]0;title\\x07")

MainScreen.action_mark = crash
main()
"""
"""er-tui, but that marking fails."""


@pytest.fixture
def busy(open_terminal: Open, folder: Path, write: Write) -> Terminal:
    """A dashboard with two live runs, one of them deaf to SIGTERM."""
    write("deaf", DEAF_FAMILY, metadata={"subprocess.grace_seconds": "60"})
    write("family", FAMILY)
    terminal = open_terminal(folder, "--run", "--jobs", "2")
    terminal.wait_for("deaf family of", "family of", "2 running")
    return terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_runs_and_restores_the_terminal(
    busy: Terminal, folder: Path, tagged: Tagged, number: signal.Signals
) -> None:
    busy.signal(number)
    assert busy.wait_end(4) == 128 + number
    assert_restored(busy)
    assert tagged.alive() == []
    assert statuses(folder) == ["cancelled", "cancelled"]


def test_a_closed_terminal_ends_the_runs(busy: Terminal, folder: Path, tagged: Tagged) -> None:
    busy.hang_up()
    assert busy.wait_end(4) == 128 + signal.SIGHUP
    assert tagged.alive() == []
    assert statuses(folder) == ["cancelled", "cancelled"]


def test_a_stop_and_a_continue_from_outside_change_nothing(busy: Terminal, folder: Path) -> None:
    busy.signal(signal.SIGSTOP)
    busy.signal(signal.SIGCONT)
    busy.press("c")
    busy.wait_for("1 cancelling")
    busy.press("c")
    busy.wait_for("⊘ deaf", "1 running · 1 cancelled")
    busy.press("q")
    busy.wait_for("1 run is live")
    busy.press("y")
    assert busy.wait_end(4) == 1
    assert_restored(busy)
    assert statuses(folder) == ["cancelled", "cancelled"]


def test_a_killed_dashboard_leaves_no_run_behind(
    busy: Terminal, folder: Path, tagged: Tagged
) -> None:
    os.kill(busy.pid, signal.SIGKILL)
    assert busy.wait_end() == -signal.SIGKILL
    tagged.wait_gone(3)
    assert statuses(folder) == ["cancelled", "cancelled"]


def test_a_crash_restores_the_terminal_ends_the_runs_and_gives_no_secret_away(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("deaf", DEAF_FAMILY, environment={"API_KEY": "hunter2-hunter2"})
    terminal = open_terminal(folder, python=("-c", CRASH))
    terminal.wait_for("1 not run", "jobs 0/")
    terminal.press("r")
    terminal.wait_for("deaf family of")
    terminal.press(" ")
    assert terminal.wait_end(4) == 1
    assert_restored(terminal)
    assert b"RuntimeError: a fault of ours " in terminal.seen
    assert b"\x1b]0;title" not in terminal.seen
    assert b"hunter2" not in terminal.seen
    assert tagged.alive() == []
    assert statuses(folder) == ["cancelled"]


def test_a_signal_while_it_asks_whether_to_quit_is_obeyed(busy: Terminal, tagged: Tagged) -> None:
    busy.press("q")
    busy.wait_for("2 runs are live")
    busy.signal(signal.SIGTERM)
    assert busy.wait_end(4) == 128 + signal.SIGTERM
    assert_restored(busy)
    assert tagged.alive() == []


BASH = (
    "import os; os.environ['PS1'] = 'shell> '; "
    "os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"
)
"""A shell with job control."""


def test_a_stopped_dashboard_gives_the_shell_its_terminal_and_its_runs_go_on(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    gate = folder / "gate"
    write("patient", f"echo first words; {until_exists(gate)}; echo last words")
    write("limited", FAMILY, timeout_seconds=2, metadata={"subprocess.grace_seconds": "0.1"})
    shell = open_terminal(python=("-c", BASH))
    shell.wait_for("shell>")
    at_the_prompt = shell.attributes()
    command = [sys.executable, "-m", "er_tui", str(folder), "--run", "--jobs", "2"]
    shell.press(shlex.join(command) + "\r")
    shell.wait_for("2 running", "jobs 2/2", "● limited")
    shell.press("\x1a")
    shell.wait_for("Stopped")
    shell.wait_until(lambda: shell.attributes() == at_the_prompt)
    shell.press("echo usable $((40 + 2)); tty -s && echo on a $TERM\r")
    shell.wait_for("usable 42", "on a xterm-256color")
    # The deadline passes, and a run ends, while nobody watches.
    wait_until(lambda: statuses(folder) == ["timed_out"])
    gate.touch()
    wait_until(lambda: sorted(statuses(folder)) == ["succeeded", "timed_out"])
    shell.press("fg\r")
    shell.wait_for("1 succeeded", "1 timed out", "jobs 0/2")
    shell.press("q")
    shell.wait_until(lambda: shell.attributes() == at_the_prompt)
    shell.press("echo left with $?\r")
    shell.wait_for("left with 1")
    assert_modes_restored(shell)
    shell.press("exit\r")
    shell.wait_end()
    tagged.wait_gone(1)


def test_without_a_shell_to_bring_it_back_nothing_stops_it(busy: Terminal) -> None:
    busy.signal(signal.SIGTSTP)
    busy.press("\x1a")
    busy.press("q")
    busy.wait_for("2 runs are live")
    busy.press("y")
    assert busy.wait_end(4) == 1
    assert_restored(busy)


def test_a_terminal_that_nobody_reads_delays_the_end_by_a_second_at_most(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("flood", "while :; do echo $(( i += 1 )) of a flood that goes on and on; done")
    terminal = open_terminal(folder, "--run", columns=300, rows=90)
    terminal.wait_for("1 running", "of a flood")
    # Nothing is read from here on; what is drawn twenty times a second soon fills the terminal.
    wait_until(terminal.is_full)
    begun_at = time.monotonic()
    terminal.signal(signal.SIGTERM)
    wait_until(terminal.has_ended, 2)
    assert time.monotonic() - begun_at < 2
    assert terminal.wait_end() == 128 + signal.SIGTERM
    assert statuses(folder) == ["cancelled"]
    tagged.wait_gone(2)

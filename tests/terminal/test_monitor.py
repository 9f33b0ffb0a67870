# SPDX-License-Identifier: AGPL-3.0-or-later
"""A monitor in one terminal shows what a program does that knows nothing of it."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.session.conftest import Write
from tests.session.others import library_user
from tests.terminal.conftest import Open
from tests.terminal.scripts import until_exists
from tests.terminal.test_a_day import assert_restored, statuses


def test_a_program_that_runs_invocations_in_threads_is_seen_live(
    open_terminal: Open, tmp_path: Path, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    programs = []
    for name, script in (
        ("patient", f"echo first; {until_exists(gate)}; echo last"),
        ("failing", f"{until_exists(gate)}; echo woe >&2; exit 3"),
    ):
        programs.append(write(name, script).rename(tmp_path / f"{name}.json"))
    terminal = open_terminal("--monitor", "--bell", folder)
    terminal.wait_for("monitor, read-only")
    with library_user(*programs) as program:
        terminal.wait_for("● patient", "● failing", "2 running")
        terminal.press("/", "patient\r")
        terminal.wait_for("╭─ patient", "first")
        before = len(terminal.seen)
        gate.touch()
        terminal.wait_for("last", "1 succeeded", "1 failed", "✗ failing failed: ")
        assert b"\a" in terminal.seen[before:]
        assert program.wait(10) == 0
    terminal.press("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)


def test_a_monitor_that_is_ended_by_a_signal_leaves_the_terminal_usable(
    open_terminal: Open, folder: Path
) -> None:
    terminal = open_terminal("--monitor", folder)
    terminal.wait_for("monitor, read-only")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_end() == 128 + signal.SIGTERM
    assert_restored(terminal)


def test_a_monitor_that_is_killed_leaves_the_terminal_usable(
    open_terminal: Open, folder: Path
) -> None:
    terminal = open_terminal("--monitor", folder)
    terminal.wait_for("monitor, read-only")
    terminal.signal(signal.SIGKILL)
    assert terminal.wait_end() == -signal.SIGKILL
    terminal.wait_until(lambda: terminal.attributes() == terminal.attributes_before)
    terminal.wait_until(lambda: b"\x1b[?1049l" in terminal.seen)
    assert_restored(terminal)


def test_two_dashboards_and_a_headless_run_over_one_folder_see_each_other(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("a", f"echo mine; {until_exists(gate)}")
    write("b", f"echo other; {until_exists(gate)}")
    one, two = open_terminal(folder), open_terminal(folder)
    for terminal in (one, two):
        terminal.wait_for("2 not run", "jobs 0/")
    one.press("r")  # a
    two.press("j", "r")  # b
    for terminal in (one, two):
        terminal.wait_for("● a", "● b", "2 running", "mine", "other")
    one.press("j", "c")  # not its to end
    headless = subprocess.Popen(
        [sys.executable, "-m", "er_tui", "--headless", "--jobs", "2", folder],
        stderr=subprocess.DEVNULL,
    )
    for terminal in (one, two):
        terminal.wait_for("a ×2", "b ×2", "2 running")
    gate.touch()
    assert headless.wait(20) == 0
    for terminal in (one, two):
        terminal.wait_for("✓ a ×2", "✓ b ×2", "2 succeeded")
        terminal.press("q")
        assert terminal.wait_end() == 0
    assert statuses(folder) == ["succeeded"] * 4

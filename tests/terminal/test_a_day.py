# SPDX-License-Identifier: AGPL-3.0-or-later
"""From start to quit in a real terminal: what runs is seen, ended whole, and left tidy."""

import json
import subprocess
import sys
from pathlib import Path

from tests.engine.tagged import Tagged
from tests.session.conftest import Write
from tests.terminal.conftest import Open
from tests.terminal.scripts import DEAF_FAMILY, FAMILY, until_exists
from tests.terminal.terminal import Terminal

RESTORED = ("\x1b[?1049l", "\x1b[?1000l", "\x1b[?1003l", "\x1b[?1006l", "\x1b[?25h")
"""The main screen again, no mouse reports, the cursor."""


def assert_modes_restored(terminal: Terminal) -> None:
    terminal.take_rest()  # the last words are what restores
    seen = terminal.seen.decode(errors="replace")
    for sequence in RESTORED:
        assert seen.rfind(sequence) > seen.rfind(sequence[:-1] + "hl".replace(sequence[-1], ""))


def assert_restored(terminal: Terminal) -> None:
    assert_modes_restored(terminal)
    assert terminal.attributes() == terminal.attributes_before


def statuses(folder: Path) -> list[str]:
    """Of the results that runs left, in no order."""
    results = folder.glob(".executor_runtime/*/*/result.json")
    return [json.loads(path.read_text())["status"] for path in results]


def test_a_run_is_seen_live_and_cancelled_whole_and_the_terminal_is_left_as_it_was(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("family", FAMILY)
    write("quick", "echo done at once")
    terminal = open_terminal(folder, "--jobs", "2")
    terminal.wait_for("2 not run", "jobs 0/2")
    terminal.press("R")
    terminal.wait_for("1 running · 1 succeeded", "family of ", "● family", "✓ quick", "jobs 1/2")
    terminal.press("c")
    terminal.wait_for("⊘ family", "cancelled", "1 cancelled")
    # The dashboard, its guard and its engine: nothing of the runs.
    assert len(tagged.pids()) == 3
    terminal.press("q")
    assert terminal.wait_end() == 0
    assert_restored(terminal)
    assert tagged.alive() == []
    assert sorted(statuses(folder)) == ["cancelled", "succeeded"]


def test_output_is_on_the_screen_before_the_run_ends(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("patient", f"echo first words; {until_exists(gate)}; echo last words")
    terminal = open_terminal(folder, "--run")
    terminal.wait_for("first words", "● running")
    assert "last words" not in terminal.text
    gate.touch()
    terminal.wait_for("last words", "✓ succeeded")
    terminal.press("q")
    assert terminal.wait_end() == 0


def test_with_run_the_exit_code_says_that_something_failed(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    write("bad", "echo no such host >&2; exit 3")
    write("good")
    terminal = open_terminal(folder, "--run")
    terminal.wait_for("1 succeeded · 1 failed", "failed · no such host")
    terminal.press("q")
    assert terminal.wait_end() == 1
    assert_restored(terminal)


def test_quitting_asks_while_runs_are_live_and_ends_the_deaf_ones_too(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("deaf", DEAF_FAMILY, metadata={"subprocess.grace_seconds": "60"})
    terminal = open_terminal(folder, "--run")
    terminal.wait_for("deaf family of")
    terminal.press("q")
    terminal.wait_for("Quit?", "1 run is live")
    terminal.press("n")
    terminal.wait_until(lambda: "Quit?" not in terminal.text)
    terminal.wait_for("● running")
    terminal.press("\x11")
    terminal.wait_for("Quit?")
    terminal.press("\x11", "\x11")
    terminal.press("y")
    assert terminal.wait_end(4) == 1
    assert_restored(terminal)
    assert tagged.alive() == []
    assert statuses(folder) == ["cancelled"]


def test_every_key_goes_to_the_dashboard_though_a_run_would_read_it(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    write(
        "nosy",
        "read key && echo STOLEN; (read key </dev/tty) 2>/dev/null && echo STOLEN; "
        "echo nothing to read; while :; do read key </dev/tty && echo STOLEN; sleep 0.05; done "
        "2>/dev/null",
    )
    terminal = open_terminal(folder, "--run")
    terminal.wait_for("nothing to read")
    for _ in range(10):
        terminal.press("?")
        terminal.wait_for("esc closes")
        terminal.press("q")
        terminal.wait_until(lambda: "esc closes" not in terminal.text)
    assert "STOLEN" not in terminal.text
    terminal.press("c")
    terminal.wait_for("⊘ cancelled")
    terminal.press("q")
    assert terminal.wait_end() == 1


def test_without_a_terminal_it_says_so_and_exits_2(folder: Path, write: Write) -> None:
    write("one")
    done = subprocess.run(
        [sys.executable, "-m", "er_tui", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert "the dashboard needs a terminal; use --headless without one" in done.stderr
    assert done.stdout == ""


def test_bytes_that_are_no_keys_end_nothing(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    write("one", "echo words")
    terminal = open_terminal(folder)
    terminal.wait_for("1 not run", "jobs 0/2")
    terminal.press(b"\xe9", b"\xff\xfe", "r")
    terminal.wait_for("1 succeeded", "words")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A terminal of any size, changed in the midst of a flood of output."""

from pathlib import Path

from tests.session.conftest import Write
from tests.terminal.conftest import Open


def test_any_size_is_survived_during_a_flood_and_the_screen_is_right_again(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    write("flood", "echo; exec yes 'a line of the flood'", timeout_seconds=60)
    terminal = open_terminal(folder, columns=80, rows=24)
    terminal.wait_for("1 not run")
    terminal.press("r")
    terminal.wait_for("1 running", "● flood")
    for columns, rows in ((1, 1), (20, 5), (500, 2), (200, 1), (2, 200), (80, 24)):
        terminal.resize_and_wait(columns, rows)
    terminal.wait_for("er-tui", "1 running", "● flood", "a line of the flood", "c cancel")
    terminal.press("\r")
    terminal.wait_for("flood · subprocess · run 1 of 1", "● running", "following")
    assert terminal.text.count("  a line of the flood\n") == 0
    assert terminal.text.count("a line of the flood") > 10
    terminal.press("c")
    terminal.wait_for("⊘ cancelled", "q quit")
    terminal.press("q")
    assert terminal.wait_end() == 0


def test_a_tiny_terminal_can_be_left(open_terminal: Open, folder: Path, write: Write) -> None:
    write("one")
    terminal = open_terminal(folder, columns=1, rows=1)
    terminal.wait_until(lambda: b"\x1b[?1049h" in terminal.seen)
    terminal.press("q")
    assert terminal.wait_end() == 0

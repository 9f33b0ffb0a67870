# SPDX-License-Identifier: AGPL-3.0-or-later
"""Headless on a terminal: what runs is seen to run, and the terminal is left clean."""

import re
import signal
import time
from pathlib import Path

import pytest

from tests.engine.tagged import Tagged
from tests.session.conftest import Write
from tests.terminal.conftest import Open
from tests.terminal.scripts import until_exists
from tests.terminal.terminal import Terminal
from tests.text.forbidden import forbidden_in

CONTROLS = re.compile(rb"\x1b\[[0-9;]*[mAJK]|\r|\n")
"""All that the display may send: colours, up, erase."""

WITH_VARIABLES = """
import os
os.environ.update({})
from er_tui.cli import main
main()
"""
"""er-tui with other variables in its environment."""


def lines_of(terminal: Terminal) -> list[str]:
    return [line for line in terminal.text.splitlines() if line]


def test_runs_are_seen_with_their_time_and_last_words_and_leave_a_line(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("one", f"echo 'the words of one'; {until_exists(gate)}", timeout_seconds=90)
    write("two", f"echo 'the words of two'; {until_exists(gate)}; echo why >&2; exit 3")
    write("waiting", "true")
    terminal = open_terminal("--headless", "--jobs", "2", folder)
    terminal.wait_for("● running    one 00:0", "/01:30  the words of one", "the words of two")
    terminal.wait_for("2 running · 1 queued")
    gate.touch()
    assert terminal.wait_end() == 1
    lines = lines_of(terminal)
    assert lines[-1].startswith("er-tui     2 succeeded, 1 failed in ")
    assert [line.split()[0] for line in lines[:-1] if line[0] != " "].count("started") == 3
    assert "●" not in terminal.text
    at = next(i for i, line in enumerate(lines) if line.startswith("failed     two  "))
    assert [line.strip() for line in lines[at + 1 : at + 3]] == ["exited with code 3", "why"]


@pytest.mark.parametrize(("columns", "rows"), [(20, 10), (1, 1), (7, 3), (300, 60)])
def test_any_size_will_do(
    open_terminal: Open, folder: Path, write: Write, columns: int, rows: int
) -> None:
    gate = folder / "gate"
    for number in range(3):
        write(f"with a long name {number}", f"echo words; {until_exists(gate)}")
    terminal = open_terminal("--headless", "--jobs", "3", folder, columns=columns, rows=rows)
    terminal.wait_until(lambda: len(list((folder / ".executor_runtime").glob("*/*"))) == 3)
    terminal.wait_until(lambda: b"3 ru"[: max(columns - 8, 0)] in terminal.seen)
    gate.touch()
    assert terminal.wait_end() == 0
    if columns >= 20:
        assert "●" not in terminal.text
        assert "".join(line.strip() for line in lines_of(terminal)[-3:]).count("succeeded") >= 1


def test_a_width_that_changes_leaves_nothing_behind(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("one", f"echo {'words ' * 40}; {until_exists(gate)}")
    terminal = open_terminal("--headless", folder, columns=120, rows=20)
    terminal.wait_for("● running    one", "words words")
    for columns in (60, 25, 80, 120):
        terminal.resize_and_wait(columns, 20)
        terminal.wait_until(lambda: terminal.text.count("●") == 1)
        terminal.wait_until(lambda: terminal.text.count("1 run") == 1)
        assert lines_of(terminal)[0] == "started    one"
    gate.touch()
    assert terminal.wait_end() == 0
    assert [line.split()[0] for line in lines_of(terminal)] == ["started", "succeeded", "er-tui"]


def test_what_runs_print_and_are_called_reaches_the_terminal_inert(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    hostile = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e[/bold][red]"
    script = f"printf '%s' \"$WORDS\"; echo; {until_exists(gate)}; exit 1"
    path = write("plain", script, environment={"WORDS": f"{hostile}x"})
    path.rename(folder / f"{hostile.replace('/', '_')}.json")
    terminal = open_terminal("--headless", folder, columns=150)
    terminal.wait_for("[/bold][red]x", "[_bold]")
    gate.touch()
    assert terminal.wait_end() == 1
    sent = CONTROLS.sub(b"", terminal.seen).decode()
    assert forbidden_in(sent) == []


def test_ctrl_c_cancels_and_leaves_the_terminal_clean(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("one", "echo ready; exec sleep 600")
    terminal = open_terminal("--headless", folder)
    terminal.wait_for("● running", "ready")
    terminal.press("\x03")
    assert terminal.wait_end() == 128 + signal.SIGINT
    terminal.wait_for("cancelling every run", "cancelled  one", "1 cancelled in ")
    assert "●" not in terminal.text
    assert terminal.attributes() == terminal.attributes_before
    assert tagged.alive() == []


def test_a_second_ctrl_c_kills(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    deaf = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
    write("one", deaf, metadata={"subprocess.grace_seconds": "600"})
    terminal = open_terminal("--headless", folder)
    terminal.wait_for("● running", "deaf")
    terminal.press("\x03")
    terminal.wait_for("cancelling every run", "◌ cancelling")
    terminal.press("\x03")
    assert terminal.wait_end() == 128 + signal.SIGINT
    terminal.wait_for("killing every run", "SIGKILL was needed")
    assert tagged.alive() == []


def test_a_flood_costs_few_frames(open_terminal: Open, folder: Path, write: Write) -> None:
    write("flood", "i=0; while [ $i -lt 100000 ]; do echo line $i; i=$((i+1)); done")
    begun = time.monotonic()
    terminal = open_terminal("--headless", folder)
    assert terminal.wait_end() == 0
    frames = terminal.seen.count(b" running")
    assert frames <= 8 * (time.monotonic() - begun) + 2


def test_a_terminal_without_colours_or_cursor_gets_none(
    open_terminal: Open, folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("one", until_exists(gate))
    coloured = re.compile(rb"\x1b\[[0-9;]*3[0-9]")
    terminal = open_terminal("--headless", folder)
    terminal.wait_for("● running")
    assert coloured.search(terminal.seen)
    gate.touch()
    terminal.wait_end()
    for variables, plain in (("NO_COLOR='1'", False), ("TERM='dumb'", True)):
        terminal = open_terminal(
            "--headless",
            folder,
            python=("-c", WITH_VARIABLES.format(variables)),
        )
        assert terminal.wait_end() == 0
        assert not coloured.search(terminal.seen)
        assert (b"\x1b" not in terminal.seen) is plain

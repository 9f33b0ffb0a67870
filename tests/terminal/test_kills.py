# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 of dashboard, engine or guard: no run is left, and the terminal is usable."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from er_tui.runtime.process.table import read_process, read_table
from tests.conftest import wait_until
from tests.engine.tagged import Tagged
from tests.session.conftest import Write
from tests.terminal.conftest import Open
from tests.terminal.scripts import DEAF_FAMILY, FAMILY
from tests.terminal.terminal import Terminal
from tests.terminal.test_a_day import assert_restored, statuses

RUNS = 20
WAITER = "trap '' TERM HUP INT; : < \"$1\""
LOAD = """\
trap '' TERM HUP INT
env -i setsid /bin/sh -c "$2" "$0" "$1" &
(env -i setsid /bin/sh -c "$2" "$0" "$1" &)
/bin/sh -c "$2" "$0" "$1" &
echo load is up
: < "$1"
"""
"""Four that only SIGKILL ends: one of the group, one that left it, one that left the tree too."""


class Load:
    """Live groups of deaf processes, found again by an argument: some have no environment."""

    def __init__(self, folder: Path, write: Write) -> None:
        self._mark = f"load-of-{folder.parent.name}-{random.getrandbits(64):x}"
        never = folder / "never"
        os.mkfifo(never)
        for number in range(RUNS):
            command = ["/bin/sh", "-c", LOAD, self._mark, str(never), WAITER]
            write(f"load-{number:02}", command=command)

    def alive(self) -> list[int]:
        found = []
        for name in os.listdir("/proc"):
            try:
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            if self._mark.encode() in words:
                found.append(int(name))
        return found

    def wait_up(self, count: int) -> None:
        wait_until(lambda: len(self.alive()) >= count, 20)

    def assert_gone(self, since: float, seconds: float = 5.0) -> None:
        """By ``seconds`` after ``since`` (monotonic clock)."""
        wait_until(lambda: not self.alive(), max(0.0, since + seconds - time.monotonic()))


@pytest.fixture
def load(folder: Path, write: Write) -> Load:
    """Invocations of 20 groups."""
    return Load(folder, write)


def family_of(terminal: Terminal) -> dict[str, int]:
    """The pids of dashboard, guard and engine."""

    def child(parent: int) -> int:
        found: list[int] = []

        def look() -> bool:
            found[:] = [p.pid for p in read_table().values() if p.parent == parent and p.alive]
            return bool(found)

        wait_until(look)
        return found[0]

    guard = child(terminal.pid)
    return {"dashboard": terminal.pid, "guard": guard, "engine": child(guard)}


def kill(pid: int) -> float:
    """The moment of the kill."""
    now = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return now


@pytest.mark.parametrize("victim", ["dashboard", "guard", "engine"])
def test_twenty_live_groups_are_gone_soon_after_a_kill(
    open_terminal: Open, folder: Path, load: Load, victim: str
) -> None:
    terminal = open_terminal(folder, "--run", "--jobs", str(RUNS))
    pids = family_of(terminal)
    # Read meanwhile: a terminal that is full takes no farewell.
    terminal.wait_until(lambda: len(load.alive()) >= 4 * RUNS, 20)
    load.assert_gone(kill(pids[victim]))
    if victim == "dashboard":
        assert terminal.wait_end() == -signal.SIGKILL
    else:
        terminal.wait_for(
            "no engine", f"the {victim} was killed" if victim == "guard" else "SIGKILL"
        )
        terminal.press("q")
        assert terminal.wait_end() == 1
    terminal.wait_until(lambda: not gone(pids))
    assert_restored(terminal)
    if victim != "engine":
        assert statuses(folder) == ["cancelled"] * RUNS


def gone(pids: dict[str, int]) -> list[str]:
    """Those that are not, zombies aside."""
    found = {name: read_process(pid) for name, pid in pids.items()}
    return [name for name, process in found.items() if process is not None and process.alive]


@pytest.mark.parametrize("victim", ["dashboard", "guard", "engine"] * 2)
def test_a_kill_while_runs_are_being_spawned_leaves_nobody(
    open_terminal: Open, folder: Path, load: Load, victim: str
) -> None:
    terminal = open_terminal(folder, "--run", "--jobs", str(RUNS))
    pids = family_of(terminal)
    load.wait_up(random.randrange(1, 2 * RUNS))
    killed_at = kill(pids[victim])
    wait_until(lambda: read_process(pids["engine"]) is None or "engine" not in gone(pids))
    load.assert_gone(killed_at)


@pytest.fixture
def busy(open_terminal: Open, folder: Path, write: Write) -> Terminal:
    """A dashboard with two live runs, one of them deaf to SIGTERM."""
    write("deaf", DEAF_FAMILY, metadata={"subprocess.grace_seconds": "60"})
    write("family", FAMILY)
    terminal = open_terminal(folder, "--run", "--jobs", "2")
    terminal.wait_for("deaf family of", "family of", "2 running")
    return terminal


def test_a_killed_dashboard_leaves_a_usable_terminal_and_a_line_that_says_so(
    busy: Terminal, tagged: Tagged
) -> None:
    kill(busy.pid)
    assert busy.wait_end() == -signal.SIGKILL
    busy.wait_for("er-tui is gone; its runs are being ended")
    busy.wait_until(lambda: busy.attributes() == busy.attributes_before)
    assert_restored(busy)
    for mode in (b"2004", b"1004", b"1015"):
        assert busy.seen.rfind(b"\x1b[?%bl" % mode) > busy.seen.rfind(b"\x1b[?%bh" % mode)
    assert busy.seen.count(b"\x1b[<u") == 1
    tagged.wait_gone(2)


def test_the_terminal_is_restored_when_the_engine_was_dead_before(
    busy: Terminal, tagged: Tagged
) -> None:
    kill(family_of(busy)["engine"])
    busy.wait_for("no engine")
    kill(busy.pid)
    assert busy.wait_end() == -signal.SIGKILL
    busy.wait_for("er-tui is gone")
    busy.wait_until(lambda: busy.attributes() == busy.attributes_before)
    assert_restored(busy)
    tagged.wait_gone(2)
    assert "runs are being ended" not in busy.text


def test_a_terminal_that_takes_nothing_does_not_hold_the_guard(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged
) -> None:
    write("flood", "while :; do echo $(( i += 1 )) of a flood that goes on and on; done")
    terminal = open_terminal(folder, "--run", columns=300, rows=90)
    pids = family_of(terminal)
    terminal.wait_for("1 running", "of a flood")
    wait_until(terminal.is_full)
    kill(terminal.pid)
    wait_until(lambda: not gone(pids), 2)
    terminal.wait_end()
    tagged.wait_gone(1)


def test_settings_that_a_shell_made_meanwhile_stay(busy: Terminal, tagged: Tagged) -> None:
    busy.signal(signal.SIGSTOP)
    others = busy.attributes()
    others[0] ^= 0o2  # not as the dashboard had it, nor as it was before
    busy.set_attributes(others)
    kill(busy.pid)
    assert busy.wait_end() == -signal.SIGKILL
    busy.wait_for("er-tui is gone")
    tagged.wait_gone(2)
    assert busy.attributes() == others


def test_a_killed_guard_ends_the_runs_honestly_and_the_dashboard_says_so(
    busy: Terminal, folder: Path, tagged: Tagged
) -> None:
    kill(family_of(busy)["guard"])
    busy.wait_for("no engine", "the guard was killed", "2 cancelled")
    assert statuses(folder) == ["cancelled", "cancelled"]
    busy.press("q")
    assert busy.wait_end() == 1
    assert_restored(busy)
    assert tagged.alive() == []


def test_a_killed_engine_takes_its_runs_along_and_the_dashboard_says_so(
    busy: Terminal, tagged: Tagged
) -> None:
    pids = family_of(busy)
    kill(pids["engine"])
    busy.wait_for("no engine", "killed by SIGKILL; its runs were ended", "lost")
    wait_until(lambda: set(tagged.pids()) <= {pids["dashboard"], pids["guard"]}, 1)
    busy.press("q")
    assert busy.wait_end() == 1
    assert_restored(busy)
    assert tagged.alive() == []


def test_a_sigterm_to_the_guard_ends_the_runs(busy: Terminal, folder: Path, tagged: Tagged) -> None:
    os.kill(family_of(busy)["guard"], signal.SIGTERM)
    busy.wait_for("no engine", "2 cancelled")
    assert statuses(folder) == ["cancelled", "cancelled"]
    busy.press("q")
    assert busy.wait_end() == 1
    assert tagged.alive() == []


LEAVER = """\
setsid /bin/sh -c 'trap "" HUP; echo $$ > detached; : < never' &
echo $$ > leader
/bin/sh -c 'echo $$ > lingering; : < never' &
while [ ! -s detached ] || [ ! -s lingering ]; do sleep 0.02; done
"""


@pytest.mark.parametrize("how", ["quit", "kill"])
def test_what_a_normally_ended_run_left_alone_outlives_the_dashboard(
    open_terminal: Open, folder: Path, write: Write, tagged: Tagged, how: str
) -> None:
    os.mkfifo(folder / "never")
    write("leaver", LEAVER, metadata={"subprocess.linger": "true"})
    write("family", FAMILY)
    terminal = open_terminal(folder, "--run", "--jobs", "2")
    pids = family_of(terminal)
    terminal.wait_for("✓ leaver", "1 running · 1 succeeded")
    if how == "kill":
        kill(terminal.pid)
    else:
        terminal.press("q")
        terminal.wait_for("1 run is live")
        terminal.press("y")
    terminal.wait_end()
    wait_until(lambda: not gone(pids))
    left = {int((folder / name).read_text()) for name in ("detached", "lingering")}
    assert set(tagged.pids()) == left
    tagged.kill()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting, repeating and ending runs, and looking at the earlier ones."""

from pathlib import Path

from tests.session.conftest import Write
from tests.tui.dashboard import dashboard
from tests.tui.scripts import DEAF, FAIL, STAY, stay_until


async def test_run_starts_the_one_under_the_cursor_and_run_all_the_rest(
    folder: Path, write: Write
) -> None:
    for name in ("a", "b", "c"):
        write(name, f"echo this is {name}")
    async with dashboard(folder) as screen:
        await screen.go_to("b")
        await screen.press("r")
        await screen.see("1 succeeded · 2 not run", "✓ b", "this is b", "run 1 of 1")
        await screen.press("R")
        await screen.see("3 succeeded", "✓ a", "✓ c", "run 2 of 2")


async def test_marked_ones_are_run_and_cancelled_together(folder: Path, write: Write) -> None:
    for name in ("a", "b", "c"):
        write(name, STAY)
    async with dashboard(folder, jobs=3) as screen:
        await screen.press("space", "j", "space")
        await screen.see("▌· a", "▌· c", "2 marked")
        await screen.press("r")
        await screen.see("2 running · 1 not run", "● a", "· b", "● c")
        await screen.go_to("b")
        await screen.press("c")
        await screen.see("⊘ a", "· b", "⊘ c", "2 cancelled · 1 not run")
        await screen.press("g", "space", "j", "space")
        await screen.lose("marked", "▌")


async def test_cancel_ends_only_the_run_that_is_looked_at(folder: Path, write: Write) -> None:
    write("a", STAY)
    write("b", STAY)
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.see("● a", "● b")
        await screen.go_to("b")
        await screen.press("c")
        await screen.see("⊘ b", "● a", "1 running · 1 cancelled")
        await screen.go_to("a")
        await screen.press("c")
        await screen.see("⊘ a", "2 cancelled")


async def test_a_second_cancel_kills_at_once_what_is_deaf_to_the_first(
    folder: Path, write: Write
) -> None:
    write("deaf", DEAF, metadata={"subprocess.grace_seconds": "3600"})
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("● deaf", "  deaf")
        await screen.press("c")
        await screen.see("◌ deaf", "SIGKILL in 36", "◌ cancelling")
        await screen.press("c")
        await screen.see("⊘ deaf", "SIGKILL was needed")


async def test_an_earlier_run_is_kept_and_can_be_looked_at(folder: Path, write: Write) -> None:
    gate, count = folder / "gate", folder / "count"
    write("again", f"echo >>{count}; echo run number $(wc -l <{count}); {stay_until(gate)}")
    async with dashboard(folder) as screen:
        gate.touch()
        await screen.press("r")
        await screen.see("run number 1", "run 1 of 1", "✓ again")
        gate.unlink()
        await screen.press("r")
        await screen.see("run number 2", "run 2 of 2", "● running")
        await screen.press("comma")
        await screen.see("run number 1", "run 1 of 2", "✓ succeeded")
        assert "run number 2" not in screen.shown
        await screen.press("c")
        await screen.press("full_stop")
        await screen.see("run number 2", "run 2 of 2", "● running")
        await screen.press("comma")
        gate.touch()
        await screen.see("✓ again", "run 1 of 2")
        await screen.press("r")
        await screen.see("run number 3", "run 3 of 3", "✓ succeeded")


async def test_rerun_failed_runs_those_that_did_not_succeed_and_no_other(
    folder: Path, write: Write
) -> None:
    write("bad", FAIL)
    write("good")
    write("never")
    async with dashboard(folder) as screen:
        await screen.press("g", "r", "j", "r")
        await screen.see("✗ bad", "✓ good", "1 succeeded · 1 failed · 1 not run")
        write("bad", "echo better now")
        await screen.press("F")
        await screen.see("✓ bad", "2 succeeded · 1 not run")
        await screen.go_to("bad")
        await screen.see("run 2 of 2", "better now")
        await screen.go_to("good")
        await screen.see("run 1 of 1")


async def test_what_the_file_holds_when_it_is_run_is_what_runs(folder: Path, write: Write) -> None:
    write("one", "echo old")
    async with dashboard(folder) as screen:
        write("one", "echo new")
        await screen.press("r")
        await screen.see("✓ one", "  new")


async def test_run_all_at_the_start_waits_for_no_key(folder: Path, write: Write) -> None:
    write("a")
    write("b", FAIL)
    async with dashboard(folder, run_all=True) as screen:
        await screen.see("✓ a", "✗ b")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list tells the state of every invocation, and keeps its cursor where the user put it."""

import re
from pathlib import Path

from tests.session.conftest import Write
from tests.tui.dashboard import dashboard
from tests.tui.scripts import DEAF, FAIL, STAY


async def test_every_state_is_told_by_a_glyph_and_a_word(folder: Path, write: Write) -> None:
    write("bad", FAIL)
    write("deaf", DEAF, metadata={"subprocess.grace_seconds": "60"})
    write("good")
    write("late", "sleep 60", timeout_seconds=1)
    write("missing", command=["no-such-program"])
    (folder / "typo.json").write_text('{\n  "invocation_id" "x"\n}')
    write("zlast", STAY)
    async with dashboard(folder, jobs=3) as screen:
        assert "· good             subprocess" in screen.listed
        await screen.press("R")
        await screen.see("✗ bad", "✓ good", "● deaf", "⊗ missing", "◷ late")
        await screen.go_to("deaf")
        await screen.press("c")
        await screen.see("◌ deaf", "ending: SIGTERM sent, SIGKILL in ")
        await screen.see("● zlast", "here I am")
        listed = screen.listed
        assert "failed · no such host" in listed
        assert "rejected · command not found" in listed
        assert "timed out · process exceeded" in listed
        assert "! typo" in listed
        assert "line 2: is not JSON" in listed
        assert re.search(r"✓ good +subprocess +\d+ms", listed)
        assert re.search(r"◷ late +subprocess +1\.\ds", listed)
        assert re.search(r"● zlast +subprocess +00:0\d", listed)
        for word in ("1 cancelling", "1 running", "1 succeeded", "1 failed", "1 timed out"):
            assert word in screen.header
        assert "1 rejected · 1 invalid" in screen.header
        assert "jobs 2/3" in screen.header
        await screen.press("c")
        await screen.see("⊘ deaf", "cancelled by the operator")


async def test_waiting_for_a_job_is_told_and_the_clock_goes_on(folder: Path, write: Write) -> None:
    write("a", STAY)
    write("b", STAY)
    async with dashboard(folder, jobs=1) as screen:
        await screen.press("R")
        await screen.see("● a", "○ b", "1 running · 1 queued", "jobs 1/1", "00:01")
        await screen.go_to("b")
        assert "Queued: it starts when a job is free." in screen.shown
        await screen.press("c")
        await screen.see("⊘ b", "cancelled")


async def test_the_cursor_stays_on_its_entry_when_others_come_and_go(
    folder: Path, write: Write
) -> None:
    for name in ("b", "d", "f"):
        write(name)
    async with dashboard(folder) as screen:
        await screen.go_to("d")
        write("a")
        write("e")
        await screen.see("5 not run", "· a ", "· e ")
        assert "╭─ d" in screen.text
        (folder / "b.json").unlink()
        await screen.see("4 not run")
        assert "╭─ d" in screen.text
        (folder / "d.json").unlink()
        await screen.see("3 not run", "╭─ ")
        await screen.lose("╭─ d")


async def test_the_filter_lists_what_holds_all_words_and_escape_clears_it(
    folder: Path, write: Write
) -> None:
    write("build/api")
    write("build/web", FAIL)
    write("deploy", runtime_kind="manual")
    async with dashboard(folder) as screen:
        await screen.press("slash", *"build")
        await screen.see("2 of 3")
        assert "deploy" not in screen.listed
        await screen.press("enter", "R")
        await screen.see("✓ build/api", "✗ build/web")
        await screen.press("slash", "end", *" fail")
        await screen.see("1 of 3", "╭─ build/web")
        assert "build/api" not in screen.listed
        await screen.press("x", "x")
        await screen.see("Nothing matches. esc clears.", "0 of 3", "No invocation")
        await screen.press("escape")
        await screen.see("build/api", "build/web", "deploy")
        assert " of 3" not in screen.listed
        await screen.press("slash", *"manual")
        await screen.see("1 of 3", "╭─ deploy")


async def test_escape_in_a_pane_returns_to_the_filtered_list_first(
    folder: Path, write: Write
) -> None:
    write("one")
    write("two")
    async with dashboard(folder) as screen:
        await screen.press("slash", *"two", "enter", "enter", "escape")
        await screen.see("1 of 2")
        await screen.press("escape")
        await screen.lose("1 of 2")


async def test_an_emptied_filter_is_put_away_by_enter(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await screen.press("slash")
        await screen.see("filter: build status:failed")
        await screen.press("enter")
        await screen.lose("filter: build status:failed")


async def test_an_empty_folder_says_so_and_lists_what_comes(folder: Path, write: Write) -> None:
    async with dashboard(folder) as screen:
        await screen.see("No invocation files here.")
        write("first")
        await screen.see("· first", "1 not run", "╭─ first")


async def test_a_thousand_entries_scroll_from_end_to_end(folder: Path, write: Write) -> None:
    for number in range(1000):
        write(f"n{number:04}")
    async with dashboard(folder, size=(130, 24)) as screen:
        await screen.see("1000 not run", "n0000")
        await screen.press("G")
        await screen.see("n0999", "╭─ n0999")
        assert "n0000" not in screen.text
        await screen.press("pageup")
        await screen.see("╭─ n09")
        await screen.press("home")
        await screen.see("╭─ n0000")
        await screen.pilot.click(offset=(5, 12))
        await screen.see("╭─ n0010")


async def test_a_click_selects_and_a_double_click_goes_into_the_run(
    folder: Path, write: Write
) -> None:
    write("a")
    write("b")
    async with dashboard(folder) as screen:
        await screen.pilot.click(offset=(5, 3))
        await screen.see("╭─ b")
        list_side = screen.app.screen.query_one("#list-side")
        assert list_side.has_focus_within
        await screen.pilot.click(offset=(5, 3), times=2)
        await screen.until(lambda: not list_side.has_focus_within)

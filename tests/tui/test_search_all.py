# SPDX-License-Identifier: AGPL-3.0-or-later
"""What any run wrote is found, and shown where it was written."""

from __future__ import annotations

from pathlib import Path

from er_tui.tui.screens.search_all import SearchAllScreen
from er_tui.tui.widgets.found_list import FoundList
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import stay_until


async def search(screen: Dashboard, *keys: str) -> None:
    await screen.press("ctrl+f")
    await screen.see("text to look for")
    await screen.press(*keys)


async def test_lines_of_all_runs_are_found_and_gone_to(folder: Path, write: Write) -> None:
    write("a-first", "seq 1 500; echo a needle >&2; echo no")
    write("b-other", "echo Needle in b; seq 1 400; echo needle at the end; seq 1 300")
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.see("2 succeeded")
        await screen.press("r")
        await screen.see("run 2 of 2", "2 succeeded")
        await search(screen, *"needle")
        await screen.see("4 lines match in 3 runs", "any case", "plain text")
        rows = [line.strip() for line in screen.lines if " eedle" in line or "eedle" in line][1:]
        found = [" ".join(row.split()) for row in rows]
        assert found[0] == "a-first #2 1 ▎ a needle"
        assert sorted(found[1:]) == sorted(
            ["a-first #1 1 ▎ a needle", "b-other 1 Needle in b", "b-other 402 needle at the end"]
        )
        place = next(n for n, row in enumerate(found) if "at the end" in row)
        await screen.press("enter", *["j"] * place, "enter")
        await screen.see("╭─ b-other", "needle at the end", "stdout · 702 lines", " 400 ")
        assert screen.footer
        # Coming back shows what was found, and where one was.
        await screen.press("ctrl+f")
        await screen.see("4 lines match in 3 runs")
        assert screen.app.screen.query_one(FoundList).cursor == place
        await screen.press("g", *["j"] * found.index("a-first #1 1 ▎ a needle"), "enter")
        await screen.see("╭─ a-first", "run 1 of 2", "stderr · 1 line")


async def test_expressions_and_case_are_switched_by_keys(folder: Path, write: Write) -> None:
    write("one", "echo Error 12; echo error 345; echo errors")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        await search(screen, *"error [0-9]+$")
        await screen.see("0 lines match")
        await screen.press("alt+r")
        await screen.see("2 lines match in 1 run", "regular expression")
        await screen.press("alt+c")
        await screen.see("1 line matches in 1 run", "exact case")
        await screen.press("left_parenthesis")
        await screen.see("not a regular expression: missing )")
        await screen.press("escape")
        await screen.lose("regular expression")


async def test_a_hidden_entry_is_listed_again_to_go_to_its_line(folder: Path, write: Write) -> None:
    write("apple", "echo needle")
    write("zebra", "echo hay")
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.see("2 succeeded")
        await screen.press("slash", *"zebra", "enter")
        await screen.lose("✓ apple")
        await search(screen, *"needle", "enter")
        await screen.see("1 line matches")
        await screen.press("enter")
        await screen.see("╭─ apple", "✓ apple", "✓ zebra", "needle")


async def test_escape_stops_a_search_and_then_leaves(folder: Path, write: Write) -> None:
    write("big", "yes 'a line of some length that is searched' | head -c 300000000; echo end")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        await search(screen, *"e")
        await screen.see("searching run 1 of 1")
        shown = screen.app.screen
        assert isinstance(shown, SearchAllScreen)
        found = shown._asked.search
        assert found is not None
        processes = [worker._process for worker in found._workers]
        await screen.press("escape")
        await screen.see("stopped")
        assert processes
        assert all(process.returncode is not None for process in processes)
        await screen.press("escape")
        await screen.see("Invocations")


async def test_what_was_written_since_is_told_and_searched_at_a_key(
    folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("one", f"echo needle 1; echo needle 2; {stay_until(gate)}; echo needle 3")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("needle 2")
        await search(screen, *"needle", "enter")
        await screen.see("2 lines match in 1 run", "^r again")
        await screen.press("j")
        assert "more was written since" not in screen.text
        gate.touch()
        await screen.see("more was written since: ^r searches again")
        await screen.press("ctrl+r")
        await screen.see("3 lines match in 1 run", "needle 3")
        await screen.lose("more was written since")
        await screen.until(lambda: screen.app.screen.query_one(FoundList).cursor == 1)


async def test_hostile_output_and_names_are_shown_safely(folder: Path, write: Write) -> None:
    write("[b]x[", r"printf 'needle \033]0;title\007[@click=app.quit]x[/] \342\200\256end\n'")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        await search(screen, *"needle")
        await screen.see("[b]x[", "[@click=app.quit]x[/]", "1 line matches")
        assert not any(c in screen.text for c in "\x1b\x07‮")

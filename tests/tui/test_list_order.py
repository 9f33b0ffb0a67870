# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list is filtered, put in order, unfolded and marked, and its cursor stays on its entry."""

from pathlib import Path

from er_tui.tui.widgets.invocation_list import InvocationList
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import FAIL, STAY


def names(screen: Dashboard) -> list[str]:
    """The listed entries as they stand on the screen; their second lines are indented."""
    lines = [line[1:40] for line in screen.lines[2:-2]]
    return [line[3:].split()[0] for line in lines if line[1:2].strip()]


async def sort(screen: Dashboard, order: str) -> None:
    """Choose an order, by its place in the list of orders."""
    places = ["as found", "name", "status", "live", "started", "duration"]
    await screen.press("S")
    await screen.see("Order of the list")
    await screen.press(*["j"] * places.index(order), "enter")
    await screen.lose("Order of the list")


async def test_every_order_puts_first_what_it_says(folder: Path, write: Write) -> None:
    write("a-fine", "sleep 0.3")
    write("b/bad", FAIL)
    write("c-live", STAY)
    write("d-idle")
    write("B2-idle")
    async with dashboard(folder, jobs=3) as screen:
        found = ["B2-idle", "a-fine", "b/bad", "c-live", "d-idle"]
        assert names(screen) == found
        for name in ("a-fine", "b/bad", "c-live"):
            await screen.go_to(name)
            await screen.press("r")
        await screen.see("✓ a-fine", "✗ b/bad", "● c-live", "here I am")
        await sort(screen, "name")
        await screen.see("╭─ Invocations · by name ─")
        assert names(screen) == ["a-fine", "b/bad", "B2-idle", "c-live", "d-idle"]
        await sort(screen, "status")
        await screen.see("by status")
        assert names(screen) == ["b/bad", "c-live", "B2-idle", "d-idle", "a-fine"]
        await sort(screen, "live")
        await screen.see("by live")
        assert names(screen) == ["c-live", "b/bad", "B2-idle", "d-idle", "a-fine"]
        await sort(screen, "started")
        await screen.see("by started")
        assert names(screen) == ["c-live", "b/bad", "a-fine", "B2-idle", "d-idle"]
        await sort(screen, "duration")
        await screen.see("by duration")
        assert names(screen) == ["c-live", "a-fine", "b/bad", "B2-idle", "d-idle"]
        await sort(screen, "as found")
        await screen.lose("by duration")
        assert names(screen) == found
        assert "╭─ c-live" in screen.text


async def test_what_changes_moves_to_its_place_and_the_cursor_with_it(
    folder: Path, write: Write
) -> None:
    for name in ("a", "b", "c", "d"):
        write(name, FAIL if name == "d" else "true")
    async with dashboard(folder) as screen:
        await sort(screen, "status")
        await screen.go_to("d")
        await screen.press("r")
        await screen.until(lambda: names(screen) == ["d", "a", "b", "c"], "the failed one is first")
        assert "╭─ d" in screen.text
        write("0-new")
        await screen.see("4 not run")
        await screen.until(lambda: names(screen)[0] == "d", "what is not run comes after")


async def test_runs_of_an_entry_are_unfolded_and_the_one_under_the_cursor_is_shown(
    folder: Path, write: Write
) -> None:
    write("again", 'echo "said $$"')
    write("other")
    async with dashboard(folder) as screen:
        main = screen.app.screen_stack[0]
        assert not main.check_action("unfold", ())
        for number in range(1, 4):
            await screen.press("r")
            await screen.see(f"run {number} of {number}", "✓ succeeded")
            await screen.until(lambda: not screen.run("again").live)
        await screen.see("again ×3")
        await screen.press("right")
        await screen.see("again ▾3", " 3 ✓ succeeded", " 2 ✓ succeeded", " 1 ✓ succeeded")
        assert screen.listed.index(" 3 ✓ succeeded") < screen.listed.index(" 1 ✓ succeeded")
        await screen.press("down", "down")
        await screen.see("run 2 of 3", f"said {screen.session.runs_of(screen.key('again'))[1].pid}")
        await screen.press("comma")
        await screen.see("run 1 of 3", f"said {screen.session.runs_of(screen.key('again'))[0].pid}")
        await screen.press("down")
        await screen.see("╭─ other")
        await screen.press("up")
        await screen.see("run 1 of 3")
        await screen.press("r")
        await screen.see("run 4 of 4", "again ▾4", " 4 ✓ succeeded")
        await screen.press("left")
        await screen.see("again ×4", "run 4 of 4")
        await screen.lose(" 4 ✓ succeeded")


async def test_fields_values_and_contraries_filter_and_follow_the_states(
    folder: Path, write: Write
) -> None:
    write("build-017", FAIL)
    write("build-018")
    write("deploy", runtime_kind="manual")
    async with dashboard(folder) as screen:
        await screen.press("slash", *"bld17")
        await screen.see("1 of 3", "╭─ build-017")
        await screen.press("escape", "R")
        await screen.see("✗ build-017", "✓ build-018", "⊗ deploy")
        await screen.press("slash", *"status:failed,rejected -kind:manual")
        await screen.see("1 of 3", "╭─ build-017")
        await screen.press(*["backspace"] * 35, *"status:succ")
        await screen.see("1 of 3", "╭─ build-018")
        write("build-018", FAIL)
        await screen.press("enter", "r")
        await screen.see("Nothing matches. esc clears.", "0 of 3")
        await screen.press("escape")
        await screen.see("✗ build-018")


async def test_all_that_is_listed_is_marked_or_none_and_hidden_marks_are_told(
    folder: Path, write: Write
) -> None:
    for name in ("a1", "a2", "b1"):
        write(name)
    async with dashboard(folder) as screen:
        await screen.press("asterisk")
        await screen.see("3 marked", "▌· a1", "▌· b1")
        await screen.press("slash", "b", "1", "enter")
        await screen.see("1 of 3 · 3 marked, 2 not listed")
        await screen.press("r")
        await screen.see("✓ b1")
        assert [screen.session.latest(screen.key(name)) for name in ("a1", "a2")] == [None, None]
        await screen.press("asterisk")
        await screen.see("1 of 3 · 2 marked, 2 not listed")
        await screen.press("escape")
        await screen.see("▌· a1", " ✓ b1")
        await screen.press("asterisk", "asterisk")
        await screen.lose("marked")


async def test_a_range_of_marks_grows_and_shrinks_with_the_cursor(
    folder: Path, write: Write
) -> None:
    for name in "abcdef":
        write(name)
    async with dashboard(folder) as screen:
        key = screen.key

        def marked() -> str:
            entries = screen.app.screen_stack[0].query_one(InvocationList)
            return "".join(name for name in "abcdef" if key(name) in entries.marked)

        await screen.press("j", "space")
        assert marked() == "b"
        await screen.press("shift+down", "J", "shift+down")
        assert marked() == "bcdef"
        await screen.press("shift+up")
        assert marked() == "bcde"
        await screen.press("K", "K", "K", "K", "K")
        assert marked() == "abc"
        await screen.see("3 marked", "╭─ a")
        (folder / "a.json").unlink()
        await screen.see("2 marked", "5 not run")

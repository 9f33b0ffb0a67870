# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands are defined once: keys, footer, help and palette agree on what does something now."""

from collections import Counter
from pathlib import Path

from textual.widgets import OptionList

from er_tui.tui.commands import COMMANDS
from er_tui.tui.screens.main import MainScreen
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import FAIL, STAY


def test_every_command_has_an_action_and_keys_of_its_own() -> None:
    keys = Counter(key for command in COMMANDS for key in command.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []
    assert all(hasattr(MainScreen, f"action_{command.id}") for command in COMMANDS)
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)


def enabled(screen: Dashboard) -> set[str]:
    main = screen.app.screen_stack[0]
    return {command.id for command in COMMANDS if main.check_action(command.id, ())}


async def palette(screen: Dashboard) -> set[str]:
    """The names that the palette offers, without their keys."""
    await screen.press("ctrl+p")
    await screen.see("Search for commands")
    options = screen.app.screen.query_one(OptionList)
    await screen.until(lambda: options.option_count > 5)
    prompts = [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]
    await screen.press("escape")
    await screen.lose("Search for commands")
    return {prompt.splitlines()[0].rpartition("  (")[0].lower() for prompt in prompts} - {""}


async def test_the_palette_offers_exactly_what_is_enabled(folder: Path, write: Write) -> None:
    write("a", FAIL)
    write("b", STAY)
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.see("✗ a", "● b")
        names = {command.name for command in COMMANDS if command.id in enabled(screen)}
        offered = await palette(screen)
        assert offered == names - {"palette"}
        assert {"run", "re-run failed", "run all"} <= offered
        assert "cancel" not in offered
        await screen.press("ctrl+p", *"re-run f")
        await screen.see("Re-run failed  (F)")
        await screen.press("enter")
        await screen.see("run 2 of 2")


async def test_a_disabled_command_does_nothing(folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    async with dashboard(folder) as screen:
        assert enabled(screen).isdisjoint(
            {"run", "run_all", "run_failed", "cancel", "reveal", "follow", "stream", "older_run"}
        )
        before = screen.text
        await screen.press("r", "R", "F", "c", "x", "f", "o", "comma", "full_stop")
        assert screen.text == before
        assert screen.session.runs == {}


async def test_the_footer_holds_what_does_something_now_and_can_be_clicked(
    folder: Path, write: Write
) -> None:
    write("one", STAY)
    async with dashboard(folder) as screen:
        assert screen.footer.split("   ")[0].strip() == "r run"
        assert "c cancel" not in screen.footer
        assert "follow" not in screen.footer
        await screen.pilot.click(offset=(screen.footer.index("run all"), 39))
        await screen.see("● one", "c cancel", "f follow")
        assert "r run" not in screen.footer
        await screen.pilot.click(offset=(screen.footer.index("cancel"), 39))
        await screen.see("⊘ one")
        await screen.pilot.click(offset=(screen.footer.index("palette"), 39))
        await screen.see("Search for commands")


async def test_help_tells_every_command(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder, size=(130, 150)) as screen:
        await screen.press("question_mark")
        await screen.see("esc closes")
        lines = [line.strip(" │") for line in screen.lines]
        for command in COMMANDS:
            assert any(f"{command.shown:<11}{command.name}" in line for line in lines), command.id
        await screen.press("question_mark")
        await screen.lose("esc closes")


async def test_quitting_asks_on_every_screen_while_a_run_is_live(
    folder: Path, write: Write
) -> None:
    write("one", STAY)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("● one")
        await screen.press("question_mark", "ctrl+q")
        await screen.see("Quit?", "1 run is live")
        await screen.press("ctrl+q", "escape", "escape")
        await screen.lose("Quit?", "esc closes")
        await screen.press("q")
        await screen.see("Quit?")
        await screen.pilot.click("#answer-n")
        await screen.lose("Quit?")
        await screen.press("c")
        await screen.see("⊘ one")
        await screen.press("q")
        assert screen.app._exit


async def test_a_narrow_terminal_shows_one_side_at_a_time(folder: Path, write: Write) -> None:
    write("one", "echo words")
    async with dashboard(folder, size=(70, 20)) as screen:
        assert "Not run yet." not in screen.text
        await screen.press("r", "enter")
        await screen.see("words", "✓ succeeded")
        assert "Invocations" not in screen.text
        await screen.press("escape")
        await screen.see("Invocations", "✓ one")

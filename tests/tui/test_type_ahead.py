# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is typed ahead of the screen goes where it would have gone, typed slowly."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from er_tui.tui.type_ahead import TypeAhead
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard

NAMES = {"\r": "enter", "\x1b": "escape", "\x06": "ctrl+f", "\t": "tab"}


def at_once(screen: Dashboard, typed: str) -> None:
    """All of it in one read of the terminal."""
    driver = screen.app._driver
    assert driver is not None
    for character in typed:
        name = NAMES.get(character)
        if name is None and not character.isalnum():
            name = unicodedata.name(character).lower().replace(" ", "_").replace("solidus", "slash")
        event = events.Key(name or character, character)
        event.set_sender(screen.app)
        driver.send_message(event)


async def look_at(screen: Dashboard) -> None:
    await screen.press("r")
    await screen.see("✓ succeeded")
    await screen.press("enter")
    await screen.see("y copy")


async def test_a_search_is_typed_with_the_key_that_opens_it(folder: Path, write: Write) -> None:
    write("one", "seq 1 300; echo an error; seq 1 300; echo more errors; echo end")
    async with dashboard(folder) as screen:
        await look_at(screen)
        at_once(screen, "g/error\rn")
        await screen.see('"error" 2 of 2 lines', "more errors")
        at_once(screen, ":12\ry")
        await screen.see("Copied 1 line.")
        assert screen.app.clipboard == "12"


async def test_a_filter_is_typed_with_the_key_that_opens_it(folder: Path, write: Write) -> None:
    for name in ("quiet", "quick", "rest"):
        write(name)
    async with dashboard(folder) as screen:
        at_once(screen, "/quick\rr")
        await screen.see("✓ succeeded")
        assert screen.run("quick").status == "succeeded"
        assert len(screen.session.runs) == 1
        assert screen.app.screen.query_one("#filter", Input).value == "quick"


async def test_a_screen_is_typed_to_with_the_key_that_opens_it(folder: Path, write: Write) -> None:
    write("one", "echo a needle; echo hay")
    write("two", "echo hay")
    async with dashboard(folder) as screen:
        await look_at(screen)
        at_once(screen, "\x06needle\r/hay\r")
        await screen.see("1 line matches in 1 run", "2   hay")


async def test_keys_go_on_after_a_screen_that_they_closed(folder: Path, write: Write) -> None:
    write("one", "seq 1 9")
    async with dashboard(folder) as screen:
        await look_at(screen)
        for _ in range(3):
            at_once(screen, "?\x1bg\x06\x1bjjy")
            await screen.until(lambda: screen.app.clipboard == "3", "the third line is copied")
            screen.app.copy_to_clipboard("")


async def test_a_run_that_begins_does_not_take_the_keys_from_a_search(
    folder: Path, write: Write
) -> None:
    write("one", "sleep 0.5; echo a hit; echo more")
    async with dashboard(folder) as screen:
        await look_at(screen)
        at_once(screen, "/hi")
        await screen.see("alt+r plain", "1 line")
        screen.session.start_all([screen.key("one")])
        await screen.see("run 2 of 2", "● running", "alt+r plain")
        at_once(screen, "t\r")
        await screen.see("✓ succeeded", '"hit" 1 line', "  a hit")
        assert len(screen.session.runs) == 2


async def test_a_message_that_is_lost_does_not_leave_the_keyboard_dead(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("one")
    lost: list[TypeAhead.Passed] = []
    passed = TypeAhead.passed

    async def losing(ahead: TypeAhead, message: TypeAhead.Passed) -> None:
        if lost:
            await passed(ahead, message)
        else:
            lost.append(message)

    monkeypatch.setattr(TypeAhead, "passed", losing)
    async with dashboard(folder) as screen:
        at_once(screen, "/one\rr")
        await screen.see("✓ succeeded")
        assert lost

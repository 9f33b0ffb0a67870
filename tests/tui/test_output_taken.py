# SPDX-License-Identifier: AGPL-3.0-or-later
"""Output is taken elsewhere: selected, copied, saved to a file, opened in a pager."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import App

from er_tui.session.saving import Saving
from tests.conftest import wait_until
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import stay_until

COLOURED = r"for n in 1 2 3 4 5; do printf 'line %s \033[31mred\033[0m\007\n' $n; done"


@pytest.fixture(autouse=True)
def good_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """One that takes what is copied to it; and a folder to save in."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("TMUX", "VTE_VERSION", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


async def look_at(screen: Dashboard) -> None:
    await screen.press("r")
    await screen.see("✓ succeeded")
    await screen.press("enter")
    await screen.see("y copy")


async def test_the_current_line_is_copied_as_safe_text(folder: Path, write: Write) -> None:
    write("one", COLOURED)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g", "j", "y")
        await screen.see("Copied 1 line.")
        assert screen.app.clipboard == "line 2 red␇"


async def test_lines_are_selected_by_the_keys_and_copied(folder: Path, write: Write) -> None:
    write("one", COLOURED)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g", "j", "v", "j", "j")
        await screen.see("3 lines selected, y copies")
        await screen.press("y")
        await screen.see("Copied 3 lines.")
        assert screen.app.clipboard == "line 2 red␇\nline 3 red␇\nline 4 red␇"
        await screen.lose("selected")
        await screen.press("G", "v", "k")
        await screen.see("2 lines selected")
        await screen.press("escape")
        await screen.lose("selected")
        assert "y copy" in screen.footer


def place_of(screen: Dashboard, words: str) -> tuple[int, int]:
    """Where these words begin on the screen."""
    y = next(y for y, line in enumerate(screen.lines) if words in line)
    return screen.lines[y].index(words), y


async def drag(screen: Dashboard, start: tuple[int, int], end: tuple[int, int]) -> None:
    await screen.pilot.mouse_down(offset=start)
    await screen.pilot.hover(offset=end)
    await screen.pilot.mouse_up(offset=end)


async def test_characters_are_selected_with_the_mouse(folder: Path, write: Write) -> None:
    write("one", COLOURED)
    async with dashboard(folder) as screen:
        await look_at(screen)
        x, y = place_of(screen, "line 2")
        await drag(screen, (x + 2, y), (x + 7, y))
        await screen.see("6 characters selected, y copies")
        selected = [
            segment.text
            for segment in screen.strips[y]
            if segment.style is not None and segment.text in ("ne 2 ", "r")
        ]
        assert selected == ["ne 2 ", "r"]
        await screen.press("y")
        await screen.see("Copied 6 characters.")
        assert screen.app.clipboard == "ne 2 r"
        await screen.lose("selected")
        # Upwards, over several lines.
        screen.app.clear_notifications()  # they lie over the status line
        await drag(screen, (x + 3, y + 2), (x + 5, y))
        await screen.see("parts of 3 lines selected")
        await screen.press("y")
        await screen.until(lambda: screen.app.clipboard == "2 red␇\nline 3 red␇\nline")
        # From beyond the end of a line; and a click selects nothing.
        await drag(screen, (x + 40, y), (x, y + 1))
        await screen.press("y")
        await screen.until(lambda: screen.app.clipboard == "\nl")
        await screen.pilot.click(offset=(x + 20, y + 3))
        await screen.press("y")
        await screen.until(lambda: screen.app.clipboard == "line 5 red␇")


async def test_a_key_ends_a_selection_of_characters(folder: Path, write: Write) -> None:
    write("one", COLOURED)
    async with dashboard(folder) as screen:
        await look_at(screen)
        x, y = place_of(screen, "line 2")
        await drag(screen, (x, y), (x + 3, y))
        await screen.see("4 characters selected")
        await screen.press("j")
        await screen.lose("selected")
        await drag(screen, (x, y), (x + 3, y))
        await screen.see("4 characters selected")
        await screen.press("escape")
        await screen.lose("selected")
        await screen.press("v", "j")
        await screen.see("2 lines selected")


async def test_wide_characters_and_wrapped_or_scrolled_lines_are_selected_as_shown(
    folder: Path, write: Write
) -> None:
    write("one", "echo 日本語 text; seq -s, 1000 1100")
    async with dashboard(folder) as screen:
        await look_at(screen)
        x, y = place_of(screen, "日")
        await drag(screen, (x + 3, y), (x + 4, y))
        await screen.see("2 characters selected")
        await screen.press("y")
        await screen.until(lambda: screen.app.clipboard == "本語")
        await screen.press("right")
        await screen.see("  1,1002,1003")
        x, y = place_of(screen, "1003")
        await drag(screen, (x, y), (x + 3, y))
        await screen.press("y")
        await screen.until(lambda: screen.app.clipboard == "1003")
        await screen.press("w")
        await screen.see("1100")
        x, y = place_of(screen, "1100")
        await drag(screen, (x, y), (x + 30, y))
        await screen.press("y")
        await screen.until(lambda: screen.app.clipboard == "1100")


async def test_a_drag_beyond_the_edge_goes_on_selecting(folder: Path, write: Write) -> None:
    write("one", "seq 1001 1200")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g")
        x, y = place_of(screen, "1002")
        await screen.pilot.mouse_down(offset=(x + 2, y))
        await screen.pilot.hover(offset=(x + 1, 39))
        await screen.see("1060")
        await screen.pilot.mouse_up(offset=(x + 1, 39))
        await screen.press("y")
        await screen.until(lambda: "Copied parts of" in screen.text)
        lines = screen.app.clipboard.splitlines()
        assert lines[:2] == ["02", "1003"]
        assert len(lines[-1]) == 2


async def test_what_is_too_much_for_a_clipboard_is_in_a_file_too(
    folder: Path, write: Write, state_home: Path
) -> None:
    write("one", "seq 1 100000")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g", "v", "G", "y")
        await screen.see("Copied 100,000 lines.", "did not take it")
        wanted = "".join(f"{n}\n" for n in range(1, 100001))
        (copied,) = state_home.rglob("copied.txt")
        assert copied.read_text() == wanted
        assert screen.app.clipboard == wanted.removesuffix("\n")


async def test_where_the_terminal_is_in_doubt_there_is_a_file_too(
    folder: Path, write: Write, state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "yes")
    write("one", "echo words")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("y")
        await screen.see("Copied 1 line.", "did not take it")
        (copied,) = state_home.rglob("copied.txt")
        assert (copied.read_text(), screen.app.clipboard) == ("words\n", "words")


async def test_a_capture_is_saved_as_it_is_and_replaces_nothing_unasked(
    folder: Path, write: Write, good_terminal: Path
) -> None:
    write("one", f"{COLOURED}; echo err >&2")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("o", "W")
        await screen.see("the whole capture as", "one-stdout.txt")
        await screen.press("enter")
        await screen.see("Saved 105 B to ")
        saved = good_terminal / "one-stdout.txt"
        assert saved.read_bytes() == Path(f"{screen.run('one').directory}/stdout.txt").read_bytes()
        saved.write_text("mine")
        await screen.press("W", "enter")
        await screen.see("It is there already. Enter again replaces it.")
        await screen.press("escape")
        await screen.lose("Enter again")
        assert saved.read_text() == "mine"
        await screen.press("W", "enter")
        await screen.see("Enter again")
        await screen.press("enter")
        await screen.until(lambda: len(saved.read_bytes()) == 105)
        await screen.press("W", *"/x", "enter")
        await screen.see("There is no such folder.")
        await screen.press("escape")


async def test_the_lines_of_a_filter_are_saved(
    folder: Path, write: Write, good_terminal: Path
) -> None:
    write("one", COLOURED)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("slash", *"line [24]", "alt+r", "enter", "ampersand")
        await screen.see("2 lines", "only lines with it")
        await screen.press("W")
        await screen.see("the 2 lines that are shown as", "one-output.txt")
        await screen.press("enter")
        await screen.see("Saved 42 B")
        saved = (good_terminal / "one-output.txt").read_bytes()
        assert saved == b"line 2 \x1b[31mred\x1b[0m\x07\nline 4 \x1b[31mred\x1b[0m\x07\n"


async def test_a_capture_is_opened_in_the_pager_while_runs_go_on(
    folder: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, seen, suspended = folder / "gate", tmp_path / "seen", []
    # It interrupts the dashboard as a Ctrl-C in the pager does, and lets the run end meanwhile.
    pager = tmp_path / "pager"
    pager.write_text(
        f"#!/bin/sh\nkill -INT {os.getpid()}; kill -QUIT {os.getpid()}\ntouch '{gate}'\n"
        f'cat "$@" > "{seen}"\nkill -INT $$\necho not ended >> "{seen}"\n'
    )
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))

    @contextmanager
    def suspend(app: App[None]) -> Iterator[None]:
        suspended.append(app)  # what runs under the pilot has no terminal to give away
        yield

    monkeypatch.setattr(App, "suspend", suspend)
    write("one", f"echo words; {stay_until(gate)}; echo more")
    async with dashboard(folder) as screen:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGQUIT)
        await screen.press("r", "enter")
        await screen.see("words")
        await screen.press("P")
        await screen.see("more", "✓ succeeded")
        assert suspended == [screen.app]
        assert seen.read_text() == "words\n"
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGQUIT)) == before
        monkeypatch.setenv("PAGER", "no-such-pager")
        await screen.press("P")
        await screen.see("The pager could not be started")


def test_nothing_is_left_of_what_could_not_be_saved(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    refused = Saving(there, replace=False)
    wait_until(lambda: refused.done)
    assert refused.failure == "it is there already"
    cancelled = Saving(tmp_path / "new", replace=False)
    assert cancelled.take(b"some")
    cancelled.cancel()
    wait_until(lambda: cancelled.done)
    nowhere = Saving(tmp_path / "none" / "new", replace=True)
    wait_until(lambda: nowhere.done)
    assert nowhere.failure == "No such file or directory"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["place", "there"]
    assert there.read_text() == "mine"

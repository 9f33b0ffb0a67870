# SPDX-License-Identifier: AGPL-3.0-or-later
"""The output pane shows what was written, in its order and colours, and says why there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.color import Color

from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import FAIL, STAY, stay_until


def replace(capture: Path) -> None:
    capture.unlink()
    capture.write_text("other words\n" * 200)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "replaced": replace,
    "truncated": lambda capture: capture.write_text(""),
}
INTERLEAVED = "echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; sleep 0.1; echo four >&2"


def colour_of(screen: Dashboard, word: str) -> Color | None:
    """The colour in which a word stands in the output."""
    for strip in screen.strips:
        for segment in strip:
            if segment.text == word and segment.style is not None:
                return segment.style.color
    raise AssertionError(f"{word} is not shown as one piece:\n{screen.text}")


def places(screen: Dashboard, *words: str) -> list[int]:
    return [screen.shown.index(word) for word in words]


async def test_both_streams_stand_in_the_order_they_came_and_each_can_be_seen_alone(
    folder: Path, write: Write
) -> None:
    write("both", INTERLEAVED)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded", "stdout + stderr · 4 lines · out 10 B · err 9 B")
        await screen.see("▎ four")
        found = places(screen, "  one", "▎ two", "  three", "▎ four")
        assert found == sorted(found)
        await screen.press("o")
        await screen.see("stdout · 2 lines", "  one", "  three")
        assert "two" not in screen.shown
        await screen.press("o")
        await screen.see("stderr · 2 lines", "▎ two", "▎ four")
        assert "three" not in screen.shown
        await screen.press("o")
        await screen.see("stdout + stderr · 4 lines")


async def test_follow_is_on_until_the_user_scrolls_and_comes_back_when_asked(
    folder: Path, write: Write
) -> None:
    gates = [folder / f"gate{n}" for n in range(3)]
    script = "; ".join(f"seq {n}000 {n}199; {stay_until(g)}" for n, g in enumerate(gates, 1))
    write("long", script)
    async with dashboard(folder) as screen:
        await screen.press("r", "enter")
        await screen.see(" 1199 ", "following")
        await screen.press("k")
        await screen.see("f follows")
        gates[0].touch()
        await screen.see("400 lines")
        assert " 1198 " in screen.shown
        assert " 2199 " not in screen.shown
        await screen.press("f")
        await screen.see(" 2199 ", "following")
        await screen.press("f")
        await screen.see("f follows")
        gates[1].touch()
        await screen.see("600 lines")
        assert " 3199 " not in screen.shown
        await screen.press("G")
        await screen.see(" 3199 ", "following")
        await screen.press("g")
        await screen.see(" 1000 ", "f follows")
        await screen.press("o")
        await screen.see(" 1000 ", "stdout · ", "f follows")
        gates[2].touch()
        await screen.see("✓ succeeded")


async def test_the_colours_of_a_run_are_kept(folder: Path, write: Write) -> None:
    write("loud", r"printf '\033[31mRED\033[0m \033[38;2;1;2;3mRGB\033[0m plain\n'")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("RED RGB plain")
        red, rgb = colour_of(screen, "RED"), colour_of(screen, "RGB")
        assert red != colour_of(screen, " plain")
        assert rgb is not None
        assert tuple(rgb.get_truecolor()) == (1, 2, 3)


async def test_a_progress_bar_shows_its_last_state(folder: Path, write: Write) -> None:
    write("bar", r"for n in 10 60 100; do printf '\r%s%%' $n; sleep 0.05; done; echo; echo end")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("100%", "end", "✓ succeeded")
        assert "10%" not in screen.shown.replace("100%", "")
        assert "60%" not in screen.shown


async def test_a_pane_without_output_says_why(folder: Path, write: Write) -> None:
    write("a-silent", STAY.replace("echo here I am; ", ""))
    write("b-waits", "true")
    write("c-missing", command=["no-such-program"])
    write("d-unrun")
    (folder / "e-bad.json").write_text("[]")
    async with dashboard(folder, jobs=1) as screen:
        await screen.press("r", "j", "r")
        await screen.see("● a-silent", "○ b-waits")
        await screen.see("Queued: it starts when a job is free.")
        await screen.go_to("a-silent")
        await screen.see("Running. Nothing was written yet.")
        await screen.press("c")
        await screen.see("⊘ cancelled", "It wrote nothing.", "✓ b-waits")
        await screen.go_to("b-waits")
        await screen.see("✓ succeeded", "It wrote nothing.")
        await screen.go_to("c-missing")
        await screen.press("r")
        await screen.see("⊗ rejected", "command not found: no-such-program", "It wrote nothing.")
        await screen.go_to("d-unrun")
        await screen.see("Not run yet.", "r runs it")
        await screen.go_to("e-bad")
        await screen.see("This file cannot be run.", "an invocation must be an object")


async def test_a_failure_keeps_its_reason_beside_the_output(folder: Path, write: Write) -> None:
    write("bad", f"echo working; {FAIL}")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✗ exited with code 3", "  working", "▎ no such host", "✗ failed")


@pytest.mark.parametrize("live", [True, False], ids=["live", "finished"])
async def test_a_capture_damaged_while_it_is_shown_gets_a_marker(
    folder: Path, write: Write, live: bool
) -> None:
    gate = folder / "gate"
    if not live:
        gate.touch()
    for name in DAMAGES:
        write(name, f"seq 1 100; {stay_until(gate)}; echo the end")
    async with dashboard(folder, jobs=len(DAMAGES)) as screen:
        await screen.press("R")
        await screen.see("3 running" if live else "3 succeeded")
        for name, damage in DAMAGES.items():
            await screen.go_to(name)
            await screen.press("enter", "G")
            await screen.see(" 99 ", "following")
            damage(Path(f"{screen.run(name).directory}/stdout.txt"))
            await screen.see(f"stdout was {name}")
            await screen.press("g", "G", "o", "o", "o", "escape")
        gate.touch()
        await screen.see("3 succeeded")


async def test_a_new_run_is_followed_whatever_was_looked_at_before(
    folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("a", "echo done")
    write("b", f"for i in $(seq 200); do echo line $i; done; {stay_until(gate)}")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded", "done")
        await screen.press("j")
        await screen.see("Not run yet.")
        await screen.press("r")
        await screen.see("line 200", "following")
        gate.touch()
        await screen.see("✓ succeeded")

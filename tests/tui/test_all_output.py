# SPDX-License-Identifier: AGPL-3.0-or-later
"""The output of all live runs in one place: who wrote what, as it comes."""

from __future__ import annotations

from pathlib import Path

from rich.color import Color

from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import FAIL, stay_until


def colours_of(screen: Dashboard, name: str) -> set[Color | None]:
    return {
        segment.style.color
        for strip in screen.strips
        for segment in strip
        if segment.text.strip() == name and segment.style is not None
    }


async def test_each_line_has_the_name_of_its_run(folder: Path, write: Write) -> None:
    gate = folder / "gate"
    write("a-build", f"echo building; {stay_until(gate)}; echo built")
    write("b-test", f"echo oops >&2; {stay_until(gate)}; {FAIL}")
    async with dashboard(folder) as screen:
        await screen.press("T")
        await screen.see("all output · 0 live runs", "following")
        await screen.press("escape", "R", "T")
        await screen.see("a-build   building", "b-test  ▎ oops", "2 live runs")
        gate.touch()
        await screen.see("a-build   built", "a-build ✓ succeeded", "b-test  ▎ no such host")
        await screen.see("b-test  ✗ failed", "exited with code 3", "0 live runs")
        first, second = colours_of(screen, "a-build"), colours_of(screen, "b-test")
        assert len(first) == len(second) == 1
        assert first != second
        await screen.press("q")
        await screen.see("Invocations")


async def test_lines_can_be_filtered_by_name_or_text(folder: Path, write: Write) -> None:
    gate = folder / "gate"
    write("alpha", f"echo one; echo two; {stay_until(gate)}; echo three two")
    write("beta", f"echo two; {stay_until(gate)}")
    async with dashboard(folder) as screen:
        await screen.press("R", "T")
        await screen.see("alpha   one", "beta    two")
        await screen.press("slash", *"ALPHA two")
        await screen.see("filter: 1 line ·", "alpha   two")
        assert "beta " not in screen.text
        gate.touch()
        await screen.see("alpha   three two", "filter: 2 lines")
        await screen.press("escape")
        await screen.see("beta    two", "alpha   one")
        await screen.press("escape")
        await screen.see("Invocations")


async def test_the_end_is_followed_until_the_user_scrolls(folder: Path, write: Write) -> None:
    gate, end = folder / "gate", folder / "end"
    write("one", f"seq 1 200; {stay_until(gate)}; seq 201 400; {stay_until(end)}")
    async with dashboard(folder) as screen:
        await screen.press("r", "T")
        await screen.see("one   200", "following")
        await screen.press("pageup")
        await screen.see("f follows")
        before = screen.lines[5:30]
        gate.touch()
        await screen.press("g")
        await screen.see("one   10", "one   11")
        await screen.press("f")
        await screen.see("one   400", "following")
        assert screen.lines[5:30] != before
        end.touch()
        await screen.see("one ✓ succeeded")


async def test_a_flood_does_not_hide_the_others(folder: Path, write: Write) -> None:
    gate = folder / "gate"
    write("flood", f"while [ ! -e '{gate}' ]; do seq 1 20000; done")
    write("quiet", f"n=0; while [ ! -e '{gate}' ]; do n=$((n+1)); echo said $n; sleep 0.2; done")
    async with dashboard(folder) as screen:
        await screen.press("R", "T")
        await screen.see("2 live runs", "came too fast to be shown")
        await screen.press("slash", *"said")
        await screen.see("quiet   said 10")
        numbers = [
            int(line.split()[2]) for line in screen.lines if line.startswith(" quiet   said ")
        ]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) >= 10
        gate.touch()
        await screen.see("0 live runs")


async def test_hostile_lines_are_shown_safely(folder: Path, write: Write) -> None:
    gate = folder / "gate"
    write(
        "[b]x[",
        r"printf '\033[31mred\033[0m \033]52;c;eA==\007[@click=app.quit]x[/] \342\200\256end\n'; "
        + stay_until(gate),
    )
    async with dashboard(folder) as screen:
        await screen.press("r", "T")
        await screen.see("[b]x[", "red [@click=app.quit]x[/] �end")
        assert not any(c in screen.text for c in "\x1b\x07‮")
        gate.touch()
        await screen.see("✓ succeeded")

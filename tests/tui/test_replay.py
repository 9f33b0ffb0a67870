# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run that is over is played again on the screen, by a clock that these tests drive."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from er_tui.journal.events import Event, Noted, OutputSeen, ProcessExited
from er_tui.session.past import read_run
from er_tui.tui.screens.replay import ReplayScreen
from er_tui.tui.widgets.replay_track import ReplayTrack
from tests.http_backend.scripted import Scripted, reply
from tests.session.conftest import Write
from tests.session.test_replay import a_run, seen
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.test_attempts import write_run
from tests.tui.test_timeline import (
    LONGEST_STEP_SECONDS,
    POLLS,
    frozen_heap,
    longest_pause,
    polls,
)

__all__ = ["frozen_heap"]

OUT = b"".join(b"line %d\n" % n for n in range(1, 10))
TEN_LINES = [
    seen(("stdout", 7 * n, 100.0 + 10 * n), ("stderr", 5 * n, 100.5 + 10 * n)) for n in range(1, 10)
]


class Driven:
    """A clock that goes on when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def replayed(screen: Dashboard, folder: Path) -> tuple[ReplayScreen, Driven]:
    """The replay of a run of 100 seconds that wrote a line every ten."""
    directory = a_run(folder / "r1", [*TEN_LINES], 200.0, stdout=OUT, stderr=b"err \n" * 9)
    clock = Driven()
    shown = ReplayScreen(read_run(directory), "one", clock=clock)
    await screen.app.push_screen(shown)
    await screen.until(lambda: shown.reader.done, "all is read")
    return shown, clock


async def test_a_run_is_played_at_its_own_pace_and_ten_times_as_fast(
    folder: Path, tmp_path: Path
) -> None:
    async with dashboard(folder) as screen:
        _shown, clock = await replayed(screen, tmp_path)
        await screen.see("replay · one · ● running", "+00:00 of 01:40", "standing still", "0 lines")
        assert "line 1" not in screen.text
        await screen.press("space")
        await screen.see("playing, original pace")
        clock.now += 10.1
        await screen.see("+00:10 of 01:40", "line 1", "· 1 line")
        assert "line 2" not in screen.text
        await screen.press("2")
        await screen.see("playing, 10×")
        clock.now += 2
        await screen.see("+00:30 of 01:40", "line 3", "err")
        assert "line 4" not in screen.text
        await screen.press("space")
        await screen.see("standing still")
        clock.now += 50
        await screen.press("right")
        await screen.see("+00:35 of 01:40")
        await screen.press("space")
        clock.now += 8
        await screen.see("+01:40 of 01:40", "standing still", "⊘ cancelled", "line 9")
        await screen.press("space")
        await screen.see("+00:00 of 01:40", "playing, 10×", "0 lines")
        await screen.press("escape")
        await screen.see("Invocations")


async def test_a_run_is_gone_through_by_keys_and_by_the_mouse(folder: Path, tmp_path: Path) -> None:
    async with dashboard(folder) as screen:
        await replayed(screen, tmp_path)
        await screen.press("end")
        await screen.see("+01:40 of 01:40", "line 9", "18 lines")
        await screen.press("shift+left")
        await screen.see("+00:00 of 01:40", "run r1 started")
        await screen.press("shift+right")
        await screen.see("+01:40 of 01:40", "cancelled: cancelled")
        await screen.press("home", "right", "right")
        await screen.see("+00:10", "line 1")
        await screen.press("left")
        await screen.see("+00:05", "0 lines")
        y = next(n for n, line in enumerate(screen.lines) if "●─" in line)
        await screen.pilot.mouse_down(offset=(65, y))
        await screen.see("+00:50 of 01:40", "line 5")
        await screen.pilot.hover(offset=(128, y))
        await screen.see("+01:40 of 01:40", "line 9")
        await screen.pilot.hover(offset=(1, y))
        await screen.pilot.mouse_up(offset=(1, y))
        await screen.see("+00:00 of 01:40", "0 lines")
        await screen.pilot.hover(offset=(65, y))
        await screen.see("+00:00 of 01:40")


async def test_gaps_are_skipped_when_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    async with dashboard(folder) as screen:
        _shown, clock = await replayed(screen, tmp_path)
        await screen.press("s", "space")
        await screen.see("gaps over 3 s are skipped, 9.5s just now", "+00:09 of 01:40")
        clock.now += 1.2
        await screen.see("line 1", "+00:19 of", "gaps over 3 s are skipped, 8.8s just now")
        await screen.press("s")
        await screen.lose("gaps over")


async def test_the_track_shows_output_and_events(folder: Path, tmp_path: Path) -> None:
    async with dashboard(folder) as screen:
        await replayed(screen, tmp_path)
        y = next(n for n, line in enumerate(screen.lines) if "●─" in line)
        assert len(screen.lines[y - 1].split()) == 9
        assert screen.lines[y + 1].split() == ["▶", "■"]


async def test_only_a_run_that_is_over_can_be_replayed(folder: Path, write: Write) -> None:
    write("one", "echo here I am; while [ ! -e gate ]; do sleep 0.02; done; echo bye")
    async with dashboard(folder) as screen:
        await screen.press("B", "r")
        await screen.see("here I am")
        await screen.press("B")
        await screen.see("Invocations")
        (folder / "gate").touch()
        await screen.see("✓ succeeded")
        await screen.press("B")
        await screen.see("replay · one", "standing still", "run 2")
        await screen.press("end")
        await screen.see("✓ succeeded", "here I am", "bye", "process exited with code 0")
        await screen.press("escape", "ctrl+p", *"replay", "enter")
        await screen.see("replay · one")


async def test_attempts_of_an_http_run_come_one_by_one(folder: Path, write: Write) -> None:
    steps = [
        reply({"data": {"run_id": "r-1"}}, status=202),
        *[reply({"status": "running"})] * 3,
        reply({"status": "completed"}),
    ]
    with Scripted(steps) as server:
        write_run(write, server.url)
        async with dashboard(folder) as screen:
            await screen.press("r")
            await screen.see("✓ succeeded")
            await screen.press("B")
            await screen.see("replay · job", "started")
            await screen.press("shift+right")
            await screen.see("attempt 1: kickoff POST")
            assert "attempt 2" not in screen.text
            await screen.press("shift+right", "shift+right")
            await screen.see("attempt 3: poll GET", "running")
            assert "attempt 4" not in screen.text


async def test_what_strangers_wrote_is_shown_inert(folder: Path, tmp_path: Path) -> None:
    hostile = "[@click=app.quit]x[/] \x1b]0;title\x07‮"
    events: list[Event] = [
        OutputSeen(at=101.0, marks=(("stdout", 60, 101.0),)),
        Noted(at=101.5, text=hostile),
        ProcessExited(at=102.0, exit_code=1, signal=None),
    ]
    directory = a_run(tmp_path / "r1", events, 103.0, stdout=hostile.encode() + b"\n")
    async with dashboard(folder) as screen:
        await screen.app.push_screen(ReplayScreen(read_run(directory), "one"))
        await screen.press("end")
        await screen.see("[@click=app.quit]x[/]", "stdout was truncated")
        assert not any(character in screen.text for character in "\x1b\x07‮")


@pytest.mark.usefixtures("frozen_heap")
async def test_a_long_run_is_scrubbed_without_a_stall(folder: Path, tmp_path: Path) -> None:
    events: list[Event] = [seen(("stdout", 10_000 * n, 100.0 + n)) for n in range(1, 5000)]
    events += polls(POLLS, since=5100.0)
    output = b"a line\n" * (50_000_000 // 7)
    directory = a_run(tmp_path / "r1", events, 20_000.0, stdout=output)
    async with dashboard(folder) as screen:
        shown = ReplayScreen(read_run(directory), "one")
        over = asyncio.Event()
        watcher = asyncio.create_task(longest_pause(over))
        await screen.app.push_screen(shown)
        await screen.see("replay · one", "+00:00 of 5:31:40")
        await screen.until(lambda: shown.reader.done, "all is read")
        for place in range(40):
            shown.on_replay_track_sought(ReplayTrack.Sought(100.0 + place * 7919 % 40 * 497))
            await screen.pilot.pause(0.01)
        await screen.press("end")
        await screen.see("a line", "7,142,857 lines")
        over.set()
        assert await watcher < LONGEST_STEP_SECONDS

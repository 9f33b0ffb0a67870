# SPDX-License-Identifier: AGPL-3.0-or-later
"""A timeline of any length is there soon, grows with its run, and never holds up the screen."""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from textual.app import App, ComposeResult

from er_tui.journal.events import AttemptEnded, AttemptStarted, Event, Noted, OutputSeen
from er_tui.journal.lines import encode
from er_tui.tui.widgets.lines_view import LinesView
from tests.session.conftest import Write
from tests.tui.dashboard import dashboard

POLLS = 7000
LONGEST_STEP_SECONDS = 0.4
"""Loading it at once took 1.8 s. A step takes 15 ms, a collection of garbage in between 50 to 80,
and the machine is not ours alone."""


def polls(count: int, since: float = 0.0) -> list[Event]:
    events: list[Event] = []
    for number in range(1, count + 1):
        what: dict[str, Any] = {"at": since + number, "number": number, "phase": "poll"}
        request: dict[str, Any] = {
            "method": "GET",
            "url": "http://h/runs/1",
            "headers": {"accept": "*/*"},
        }
        events.append(AttemptStarted(**what, **request))
        answer: dict[str, Any] = {
            "code": 200,
            "status": "running",
            "size": 20,
            "body": None,
            "note": "x" * 90,
        }
        times: dict[str, Any] = dict.fromkeys(
            ("connect_seconds", "tls_seconds", "wait_seconds", "body_seconds")
        )
        events.append(AttemptEnded(**what, **answer, **times, headers={}, next_seconds=1.0))
    return events


async def longest_pause(until: asyncio.Event) -> float:
    """How long nothing else was done at a time, until something is set."""
    longest, last = 0.0, time.monotonic()
    while not until.is_set():
        await asyncio.sleep(0.001)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest


@pytest.fixture
def frozen_heap() -> Iterator[None]:
    """What the tests before left is none of the dashboard's; it freezes its own, too."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen_heap")
async def test_a_long_journal_is_shown_without_holding_up_the_screen(
    folder: Path, write: Write
) -> None:
    write("one", "echo here I am")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("here I am", "✓ succeeded")
        journal = Path(f"{screen.run('one').directory}/events.jsonl")
        with journal.open("a") as file:
            file.writelines(f"{encode(event)}\n" for event in polls(POLLS))
        await screen.pane("Timeline")
        shown = asyncio.Event()
        watcher = asyncio.create_task(longest_pause(shown))
        view = screen.app.screen.query_one("#timeline", LinesView)
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(30):
                while len(view._lines) < 2 * POLLS or view._wrapped_lines < 2 * POLLS:
                    await asyncio.sleep(0.01)
        await screen.press("enter", "G")
        await screen.see(f"attempt {POLLS}: HTTP 200")
        shown.set()
        assert await watcher < LONGEST_STEP_SECONDS
        with journal.open("a") as file:
            file.write(f"{encode(Noted(at=1.0, text='one more'))}\n")
        await screen.see("one more")


async def test_background_lines_are_rewritten_in_place_while_they_go_on(
    folder: Path, write: Write
) -> None:
    write("one", "echo here I am")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("here I am", "✓ succeeded")
        await screen.pane("Timeline")
        await screen.see("output: stdout 10 B", "  succeeded")
        journal = Path(f"{screen.run('one').directory}/events.jsonl")
        for size in (30, 45):
            with journal.open("a") as file:
                file.write(f"{encode(OutputSeen(at=1.0, marks=(('stdout', size, 1.0),)))}\n")
            await screen.see(f"output: stdout {size - 10} B")
        assert screen.shown.count("output:") == 2


class Viewer(App[None]):
    def compose(self) -> ComposeResult:
        yield LinesView(hang=2, id="view")


async def test_lines_are_appended_and_replaced_and_wrapped_anew() -> None:
    app = Viewer()
    async with app.run_test(size=(30, 10)) as pilot:
        view = app.query_one("#view", LinesView)

        def rows() -> list[str]:
            return [row.plain.rstrip() for row in view._rows]

        view.show([Text("one"), Text("two words " * 4)])
        await pilot.pause()
        view.append([Text("three")])
        assert rows()[0] == "one"
        assert rows()[-1] == "three"
        assert len(rows()) == 4
        view.append([Text("other"), Text("lines")], in_place_of=2)
        assert rows() == ["one", "other", "lines"]
        view.append([Text(f"line {n}") for n in range(50)])
        await pilot.pause()
        view.scroll_end(animate=False)
        await pilot.pause()
        assert view.scroll_offset.y == view.max_scroll_y > 0
        view.append([Text("the last")])
        await pilot.pause()
        assert view.scroll_offset.y == view.max_scroll_y
        await pilot.resize_terminal(12, 10)
        await pilot.pause(0.1)
        assert view.scroll_offset.y == view.max_scroll_y
        assert rows()[-1] == "the last"

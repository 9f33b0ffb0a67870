# SPDX-License-Identifier: AGPL-3.0-or-later
"""Make the pictures of the README: ``python -m tests.screenshots [folder]``.

They are taken of the real dashboard on the real demo, with a real engine; only the folder the demo
is written to has a short name.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from er_tui.demo import write_demo
from er_tui.demo.serving import serving
from er_tui.session.client import EngineClient
from er_tui.session.library import Library
from er_tui.session.session import Session
from er_tui.session.store import Store
from er_tui.tui.app import DashboardApp
from er_tui.tui.loader import Loader

SIZE = (132, 40)
_PATIENCE_SECONDS = 60.0


class Tour:
    """Walks through the dashboard and takes a picture at each stop."""

    def __init__(self, pilot: Pilot[None], session: Session, folder: Path) -> None:
        self._pilot = pilot
        self._session = session
        self._folder = folder

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to be true; RuntimeError if it never is."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():
                await self._pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause(0.1)

    async def go_to(self, name: str) -> None:
        """Put the cursor on the invocation of that name."""
        screen = self._pilot.app.screen
        key = next(k for k, entry in self._session.entries.items() if entry.name == name)
        screen.query_one("#list").put_cursor(key)  # type: ignore[attr-defined]
        await self._pilot.pause(0.1)

    async def settle(self) -> None:
        """Rows that have to move do so at most once a second."""
        await self._pilot.pause(1.2)

    def status(self, name: str) -> str:
        key = next(k for k, entry in self._session.entries.items() if entry.name == name)
        run = self._session.latest(key)
        return "" if run is None else run.badge or run.status

    def polls(self, name: str) -> int:
        key = next(k for k, entry in self._session.entries.items() if entry.name == name)
        run = self._session.latest(key)
        return 0 if run is None else run.polls

    async def picture(self, name: str) -> None:
        await self._pilot.pause(0.2)
        svg = self._pilot.app.export_screenshot(title="er-tui")
        # Some viewers drop spaces at the start of a text, and with them the indentation.
        svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
        (self._folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(self._folder / f"{name}.svg")  # noqa: T201 - what the command made


async def walk(tour: Tour) -> None:
    """The stops, in the order of a user's day."""
    await tour.until(lambda: tour._session.jobs > 0)
    await tour.go_to("build")
    await tour.press("R")
    await tour.until(lambda: tour.status("traceback") == "failed")
    await tour.until(lambda: tour.status("build") == "running")
    await tour.picture("dashboard")
    await tour.go_to("question")
    await tour.press("u", "i", "y")
    await tour.picture("input")
    await tour.press("ctrl+right_square_bracket", "escape", "u")
    await tour.go_to("traceback")
    await tour.picture("failure")
    await tour.go_to("release")
    await tour.press("right_square_bracket")
    await tour.until(lambda: tour.polls("release") > 5)
    await tour.picture("attempts")
    await tour.go_to("traceback")
    await tour.press("right_square_bracket")
    await tour.picture("result")
    await tour.go_to("broken")
    await tour.press("right_square_bracket", "right_square_bracket")
    await tour.picture("invalid")
    await tour.until(lambda: tour.status("stubborn") == "timed_out")
    await tour.go_to("stubborn")
    await tour.press("right_square_bracket")
    await tour.picture("timeline")
    await tour.press("question_mark")
    await tour.picture("help")
    await tour.press("escape")
    await tour.go_to("build")
    await tour.press("right_square_bracket", "tab", "slash", *"linking core", "enter")
    await tour.press("number_sign", "ampersand", "equals_sign")
    await tour.picture("search")
    await tour.press("escape", "escape")
    await tour.go_to("http-report")
    await tour.press(*["right_square_bracket"] * 3)
    await tour.picture("artifacts")
    await tour.until(lambda: tour.status("build") == "succeeded")
    await tour.go_to("build")
    await tour.press("B", "right")
    await tour.picture("replay")


async def watch(tour: Tour) -> None:
    """What an operator sees of runs that somebody else started."""
    await tour.until(lambda: tour.status("traceback") == "failed")
    await tour.until(lambda: tour.status("stubborn") == "timed_out")
    await tour.until(lambda: tour.status("build") == "running")
    await tour.go_to("build")
    await tour.until(lambda: tour.status("migration") == "failed")
    await tour.settle()
    await tour.picture("monitor")


async def monitor(demo: Path, title: str, folder: Path) -> None:
    """Pictures of a monitor, while a headless run goes on over the same files."""
    command = [sys.executable, "-m", "er_tui", "--headless", "--jobs", "8", str(demo)]
    runner = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    session = Session(Library([demo]))
    session.monitors, session.store = True, Store()
    app = DashboardApp(session, Loader(session.library), title, run_all=False)
    try:
        async with app.run_test(size=SIZE) as pilot:
            await watch(Tour(pilot, session, folder))
    finally:
        session.store.close()
        runner.terminate()
        runner.wait()


async def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with serving() as backend_url:
        demo = write_demo(backend_url)
        short = Path(tempfile.gettempdir()) / "demo"
        session = Session(Library([demo]))
        client = EngineClient(8)
        session.engine = client
        app = DashboardApp(session, Loader(session.library), f"{short}/", run_all=False)
        try:
            async with app.run_test(size=SIZE) as pilot:
                await walk(Tour(pilot, session, folder))
        finally:
            await asyncio.to_thread(client.close, 15.0)
        shutil.rmtree(demo)
        demo = write_demo(backend_url)  # without the runs of before
        try:
            await monitor(demo, f"{short}/", folder)
        finally:
            shutil.rmtree(demo)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")))

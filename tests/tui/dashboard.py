# SPDX-License-Identifier: AGPL-3.0-or-later
"""The dashboard under Textual's pilot, with a real engine behind it and real files under it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from textual.strip import Strip

from er_tui.session.client import EngineClient
from er_tui.session.drop_folder import DropFolder
from er_tui.session.library import Library
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.session.store import Store
from er_tui.tui.app import DashboardApp
from er_tui.tui.loader import Loader

_STEP_SECONDS = 0.02
_PATIENCE_SECONDS = 15.0
_CLOSE_SECONDS = 10.0


class Dashboard:
    """What a user does and sees; ``session`` tells what the screen is made from."""

    def __init__(
        self, pilot: Pilot[None], session: Session, engine: EngineClient | None = None
    ) -> None:
        self.pilot = pilot
        self.app = pilot.app
        self.session = session
        self._engine = engine

    @property
    def engine(self) -> EngineClient:
        assert self._engine is not None
        return self._engine

    @property
    def strips(self) -> list[Strip]:
        return self.app.screen._compositor.render_strips()

    @property
    def lines(self) -> list[str]:
        return ["".join(segment.text for segment in strip).rstrip() for strip in self.strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def listed(self) -> str:
        """The left side."""
        return "\n".join(line[:42] for line in self.lines[1:-1])

    @property
    def shown(self) -> str:
        """The right side."""
        return "\n".join(line[42:] for line in self.lines[1:-1])

    @property
    def header(self) -> str:
        return self.lines[0]

    @property
    def footer(self) -> str:
        return self.lines[-1]

    def run(self, name: str) -> RunState:
        """The latest run of an invocation."""
        run = self.session.latest(self.key(name))
        assert run is not None
        return run

    def key(self, name: str) -> str:
        return next(key for key, entry in self.session.entries.items() if entry.name == name)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for something; AssertionError with the screen if it does not come."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < end, f"not so: {what}\n{self.text}"
            await self.pilot.pause(_STEP_SECONDS)

    async def see(self, *texts: str) -> None:
        """Wait until all of these are on the screen at once."""

        def shown() -> bool:
            screen = self.text
            return all(text in screen for text in texts)

        await self.until(shown, f"{texts} is shown")

    async def lose(self, *texts: str) -> None:
        """Wait until none of these is on the screen."""

        def gone() -> bool:
            screen = self.text
            return not any(text in screen for text in texts)

        await self.until(gone, f"no {texts}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def go_to(self, name: str) -> None:
        """Put the cursor on an invocation, by the keys."""
        wanted = list(self.session.entries).index(self.key(name))
        await self.press("g", *["j"] * wanted)
        await self.see(f"╭─ {name}")

    async def pane(self, title: str) -> None:
        """Open a pane, by a click on its name."""
        line = self.lines[2]
        await self.pilot.click(offset=(line.index(title, 42), 2))
        await self.until(lambda: self.lines[3][line.index(title, 42)] == "━", f"{title} is open")


@asynccontextmanager
async def monitor(
    *paths: Path, size: tuple[int, int] = (130, 40), stall_seconds: float | None = None
) -> AsyncIterator[Dashboard]:
    """A dashboard that only watches, once it has read all files."""
    session = Session(Library(paths))
    session.store, session.monitors = Store(), True
    session.stall_seconds = stall_seconds
    app = DashboardApp(session, Loader(session.library), "work/", False)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            opened = Dashboard(pilot, session)
            await opened.lose("loading…", "reading")
            yield opened
    finally:
        session.store.close()


@asynccontextmanager
async def dashboard(
    folder: Path,
    *,
    jobs: int = 2,
    size: tuple[int, int] = (130, 40),
    run_all: bool = False,
    with_past: bool = False,
    run_new: bool = False,
) -> AsyncIterator[Dashboard]:
    """A dashboard of the folder, once it has read all files and the engine is there."""
    session = Session(Library([folder]))
    engine = EngineClient(jobs)
    session.engine = engine
    session.store = Store() if with_past else None
    drop = DropFolder([folder]) if run_new else None
    app = DashboardApp(session, Loader(session.library), "work/", run_all, drop_folder=drop)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            opened = Dashboard(pilot, session, engine)
            await opened.until(lambda: session.jobs, "the engine is there")
            await opened.lose("loading…", "reading")
            yield opened
    finally:
        if session.store is not None:
            session.store.close()
        assert await asyncio.to_thread(engine.close, _CLOSE_SECONDS)

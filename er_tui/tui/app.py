# SPDX-License-Identifier: AGPL-3.0-or-later
"""The dashboard: a session on a screen, a loader beside it, and a clean end in every case."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.screen import Screen

from er_tui.engine.messages import Leaving
from er_tui.session.connection import Connection
from er_tui.session.disk import Disk
from er_tui.session.library import Library
from er_tui.session.lifeline import Lifeline
from er_tui.session.session import Session
from er_tui.session.store import Store
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.alerts import Alerts
from er_tui.tui.commands import COMMANDS
from er_tui.tui.loader import Loader
from er_tui.tui.screens.main import MainScreen
from er_tui.tui.terminal import TerminalDriver, can_be_brought_back
from er_tui.tui.theme import THEME
from er_tui.tui.type_ahead import TypeAhead, Typed

if TYPE_CHECKING:
    from er_tui.session.drop_folder import DropFolder
    from er_tui.session.restorer import Restorer

_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_DRAIN_SECONDS = 1 / 20
_DRAINING_SECONDS = 0.02
"""Of taking in what happened at a time: keys are answered in between."""
_TICK_SECONDS = 0.5
_CLOSE_SECONDS = 20.0
"""The engine takes up to 16: for runs that do not end and backends that do not answer."""
_GARBAGE_THRESHOLDS = (5_000, 10, 50)
_SILENT = Alerts()


class DashboardApp(App[None]):
    """Drains the engine's events and the disk's changes twenty times a second into the screen."""

    CSS_PATH = "app.tcss"
    TITLE = "er-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        session: Session,
        loader: Loader,
        title: str,
        run_all: bool,
        lifeline: Lifeline | None = None,
        alerts: Alerts = _SILENT,
        drop_folder: DropFolder | None = None,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.lifeline = lifeline
        """Where the driver tells what becomes of the terminal."""
        self.session = session
        self._loader = loader
        self._run_all = run_all
        self._alerts = alerts
        self._drop_folder = drop_folder
        starts = partial(drop_folder.start_if_new, session) if drop_folder is not None else None
        self._disk = Disk(session, starts)
        self._begun_at = time.time()
        self._main = MainScreen(session, title)
        self._type_ahead = TypeAhead(self, self._deliver)
        self.register_theme(THEME)
        self.theme = THEME.name

    def get_default_screen(self) -> Screen[Any]:
        # A short list is there with the first paint.
        self._loader.found.wait(0.05)
        self._take_news()
        return self._main

    def on_mount(self) -> None:
        handler = partial(self._end_by_signal, asyncio.get_running_loop())
        for number in _ENDING_SIGNALS:
            signal.signal(number, handler)
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        self._disk.stop()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._type_ahead.take(event)
        else:
            await super().on_event(event)

    async def on_type_ahead_passed(self, message: TypeAhead.Passed) -> None:
        await self._type_ahead.passed(message)

    async def _deliver(self, event: Typed) -> None:
        """While the keys go to a run, none reaches anything of ours: not even those that quit."""
        # Whatever has opened over the main screen (by the mouse) has the keys first.
        if self.screen is self._main and self._main.keyboard.taken:
            self._main.keyboard.take(event)
        else:
            await super().on_event(event)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: the commands that make sense now."""
        del screen
        for command in COMMANDS:
            if command.id != "palette" and command.enabled(self._main):
                word = command.word(self._main)
                name = f"{word[0].upper()}{word[1:]}  ({command.shown})"
                yield SystemCommand(name, command.help, self._calling(command.id))

    @property
    def leaving(self) -> Leaving:
        """How the user left; ``hangup`` where something else ended us."""
        return "hangup" if self.return_code else self._main.leaving

    async def action_quit(self) -> None:
        """Textual's own quit key, which works on every screen, asks like ours."""
        self._main.action_quit()

    def _fatal_error(self) -> None:
        """What Textual prints of a crash, but for the values of variables: they hold secrets."""
        self._exit_renderables.append(Text(safe_block(traceback.format_exc())))
        self._close_messages_no_wait()

    def _calling(self, command_id: str):  # type: ignore[no-untyped-def]
        async def call() -> None:
            await self._main.run_action(command_id)

        return call

    def _begin(self) -> None:
        self._loader.painted()
        self.set_interval(_DRAIN_SECONDS, partial(self._while_it_stands, self._drain))
        self.set_interval(_TICK_SECONDS, partial(self._while_it_stands, self._main.clock_ticked))

    def _while_it_stands(self, update: Callable[[], None]) -> None:
        """Update the screen; not any more once it is being taken down, which goes part by part."""
        if not self._main.display:
            return
        try:
            update()
        except (NoMatches, KeyError):  # a part is gone already, or its styles are
            if self._main.display:
                raise

    def _drain(self) -> None:
        self._type_ahead.look_after()
        if not self._main.is_mounted:
            return
        listed = self._take_news() if self._main.loading_entries else False
        seen = self._disk.step()
        if seen:
            self._survey()
        touched = self.session.take_touched()
        if seen or listed or touched:
            self._main.entries_changed(touched)
        changes = self.session.drain(_DRAINING_SECONDS)
        notices = list(changes.notices)
        if failure := self._disk.take_failure():
            notices.append(f"changes of the files are not seen: {failure}")
        for notice in notices:
            self.notify(safe_line(notice), severity="error", markup=False)
        if changes.keys or changes.engine or changes.space:
            self._main.runs_changed(changes)
        if changes.finished and self._driver is not None:
            self._alerts.tell(self.session, changes.finished, self._driver.write)

    def _take_news(self) -> bool:
        done = self._loader.done.is_set()
        news = self._loader.news
        some = bool(news)
        while news:
            entry = news.popleft()
            if isinstance(entry, Path):
                self.session.remove(entry)
            else:
                self.session.add(entry)
        if some:
            # What is listed stays: of 20,000, each look for garbage would hold up the screen.
            gc.freeze()
        if done:
            self._main.loading_entries = False
            if self._drop_folder is not None:
                self._drop_folder.know(self.session.entries.values())
            self._disk.watch(self._begun_at)
            self._survey()
            if self._run_all:
                self._run_all = False
                self.session.start_all(list(self.session.entries))
        return some or done

    def _survey(self) -> None:
        """Whoever monitors sees runs of programs too, which have no file here."""
        if self.session.monitors and not self._main.loading_entries:
            self.session.survey()

    def action_suspend_process(self) -> None:
        """Stop, and give the terminal to the shell until it brings us back."""
        if can_be_brought_back():
            super().action_suspend_process()
        else:
            words = "no shell waits here that could bring it back"
            self.notify(words, severity="warning", markup=False)

    def _end_by_signal(
        self, loop: asyncio.AbstractEventLoop, number: int, _frame: FrameType | None
    ) -> None:
        # Not by the loop: it does not turn while a terminal that takes nothing is written to.
        if isinstance(self._driver, TerminalDriver):
            self._driver.hurry()
        if not loop.is_closed():
            loop.call_soon_threadsafe(partial(self.exit, return_code=128 + number))


def run_dashboard(
    paths: tuple[Path, ...],
    client: Connection | None,
    run_all: bool,
    *,
    run_new: bool = False,
    stall_seconds: float | None = None,
    alerts: Alerts = _SILENT,
) -> int:
    """Show the dashboard until the user leaves; the exit code.

    An engine that does not go on without us has ended its runs before this returns, whatever made
    it return. Without a ``client`` nothing is started, ended or written: others' runs are watched.
    """
    library = Library(paths)
    session = Session(library)
    session.engine, session.monitors = client, client is None
    session.stall_seconds = stall_seconds
    session.store = Store()
    restorer = _restorer() if client is None else None
    lifeline = client.lifeline if client is not None else restorer.lifeline if restorer else None
    drop = _drop_folder(library) if run_new else None
    app = DashboardApp(session, Loader(library), _title(paths), run_all, lifeline, alerts, drop)
    # What was imported stays: looking through it for garbage holds up the screen for 30 ms. What
    # comes later is looked through more seldom than Python would, for it grows as the runs do.
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    try:
        app.run()
    finally:
        for number in _ENDING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)  # once more means: do not wait
        session.store.close()
        ended = client is None or client.close(_CLOSE_SECONDS, app.leaving)
        if client is not None:
            _say_what_is_left(client, ended, app.leaving)
        if restorer is not None:
            restorer.close()
    if app.return_code:
        return app.return_code
    if app.leaving == "keep":
        return 0 if client is not None and client.goes_on else 1
    return 0 if ended and (not run_all or _all_succeeded(session)) else 1


def _restorer() -> Restorer:
    from er_tui.session.restorer import Restorer  # for monitors only

    return Restorer(sys.stdin.fileno())


def _drop_folder(library: Library) -> DropFolder:
    from er_tui.session.drop_folder import DropFolder  # where it is asked for only

    return DropFolder(library.roots)


def _say_what_is_left(client: Connection, ended: bool, how: Leaving) -> None:
    """The last word, where there is something to say."""
    if client.goes_on:
        words = f"engine {client.pid} goes on; er-tui attach comes back to it"
    elif how == "keep" and ended:
        words = "the engine has ended, and its runs with it"
    elif not ended:
        words = client.still_there
    else:
        return
    try:
        print(f"er-tui: {words}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        pass  # the terminal is gone


def _all_succeeded(session: Session) -> bool:
    """Whether every invocation was run, and its latest run succeeded."""
    latest = [session.latest(key) for key in session.entries]
    return bool(latest) and all(run is not None and run.status == "succeeded" for run in latest)


def _title(paths: tuple[Path, ...]) -> str:
    first = os.fspath(paths[0])
    home = os.path.expanduser("~")
    if first == home or first.startswith(home + "/"):
        first = "~" + first[len(home) :]
    shown = first + ("/" if paths[0].is_dir() and not first.endswith("/") else "")
    return safe_line(shown if len(paths) == 1 else f"{shown} and {len(paths) - 1} more")

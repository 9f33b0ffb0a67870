# SPDX-License-Identifier: AGPL-3.0-or-later
"""The dashboard: a session on a screen, a loader beside it, and a clean end in every case."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.screen import Screen

from er_tui.session.client import EngineClient
from er_tui.session.library import Entry, Library
from er_tui.session.session import Session
from er_tui.session.watch import FolderWatch
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.commands import COMMANDS
from er_tui.tui.screens.main import MainScreen
from er_tui.tui.terminal import TerminalDriver
from er_tui.tui.theme import THEME

_DRAIN_SECONDS = 1 / 20
_TICK_SECONDS = 0.5
_CLOSE_SECONDS = 20.0
"""The engine takes up to 16: for runs that do not end and backends that do not answer."""
_MOST_CHANGES = 50
_OVERLAP_SECONDS = 3.0
"""After which a new watch has begun to see, with much to spare."""


class Loader:
    """Finds and then reads the files of a library on a thread of its own.

    What it found and read is taken out by the screen's thread: an entry, first unread, then read,
    or the path of one that turned out to be something else.
    """

    def __init__(self, library: Library) -> None:
        self.news: deque[Entry | Path] = deque()
        self.found = threading.Event()
        self.done = threading.Event()
        self._library = library
        self._painted = threading.Event()
        threading.Thread(target=self._run, name="loader", daemon=True).start()

    def painted(self) -> None:
        """The names are on the screen: now there is time to look into the files."""
        self._painted.set()

    def _run(self) -> None:
        try:
            entries = list(self._library.find())
            self.news.extend(entries)
            self.found.set()
            self._painted.wait()
            for entry in entries:
                self.news.append(self._library.read(entry) or entry.path)
        finally:
            self.done.set()


class DashboardApp(App[None]):
    """Drains the engine's events and the disk's changes twenty times a second into the screen."""

    CSS_PATH = "app.tcss"
    TITLE = "er-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, session: Session, loader: Loader, title: str, run_all: bool) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.session = session
        self._loader = loader
        self._run_all = run_all
        self._watch = FolderWatch()
        self._begun_at = time.time()
        self._main = MainScreen(session, title)
        self.register_theme(THEME)
        self.theme = THEME.name

    def get_default_screen(self) -> Screen[Any]:
        # A short list is there with the first paint.
        self._loader.found.wait(0.05)
        self._take_news()
        return self._main

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, self._end_by_signal, number)
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        self._watch.stop()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: the commands that make sense now."""
        del screen
        for command in COMMANDS:
            if command.id != "palette" and command.enabled(self._main):
                name = f"{command.name[0].upper()}{command.name[1:]}  ({command.shown})"
                yield SystemCommand(name, command.help, self._calling(command.id))

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
        self._parts = len(self._main.query("*"))
        self._loader.painted()
        self.set_interval(_DRAIN_SECONDS, partial(self._while_it_stands, self._drain))
        self.set_interval(_TICK_SECONDS, partial(self._while_it_stands, self._main.clock_ticked))

    def _while_it_stands(self, update: Callable[[], None]) -> None:
        """Update the screen; not any more once it is being taken down, which goes part by part."""
        try:
            update()
        except NoMatches:
            if len(self._main.query("*")) >= self._parts:
                raise

    def _drain(self) -> None:
        if not self._main.is_mounted:
            return
        listed = self._take_news() if self._main.loading_entries else False
        if self._take_disk_changes() or listed:
            self._main.entries_changed()
        changes = self.session.drain()
        notices = list(changes.notices)
        if self._watch.failure is not None:
            notices.append(f"changes of the files are not seen: {self._watch.failure}")
            self._watch.failure = None
        for notice in notices:
            self.notify(safe_line(notice), severity="error", markup=False)
        if changes.keys or changes.engine:
            self._main.runs_changed(changes)

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
        if done:
            self._main.loading_entries = False
            self._watch_anew(self._begun_at)
            if self._run_all:
                self._run_all = False
                self.session.start_all(list(self.session.entries))
        return some or done

    def _watched(self) -> set[Path]:
        library = self.session.library
        return set(library.folders) | {root.parent for root in library.roots if root.is_file()}

    def _take_disk_changes(self) -> bool:
        if not self._watch.changed:
            return False
        changed = False
        folders = set(self.session.library.folders)
        # So many a time: the rest of a large change waits for the next, and keys come between.
        for _ in range(_MOST_CHANGES):
            if not self._watch.changed:
                break
            changed = self._take_disk_change(self._watch.changed.popleft()) or changed
        if folders != self.session.library.folders.keys():
            # What the watch before was about to tell is caught up with.
            self._watch_anew(time.time() - _OVERLAP_SECONDS)
        return changed

    def _take_disk_change(self, path: Path) -> bool:
        library, session = self.session.library, self.session
        if path.is_dir():
            return self._look_again(path) if path in library.folders else self._look_into(path)
        was_folder = library.forget(path)
        entry = library.reload(path)
        if entry is not None:
            session.add(entry)
            return True
        return bool(session.remove(path, folder=was_folder)) or was_folder

    def _look_into(self, folder: Path) -> bool:
        """List what is in a new folder; True if there is anything to list or to watch."""
        before = len(self.session.library.folders)
        found = list(self.session.library.rescan(folder))
        for entry in found:
            self.session.add(entry)
        return bool(found) or len(self.session.library.folders) != before

    def _look_again(self, folder: Path) -> bool:
        """Something came to a known folder or went: what came is told by its own path."""
        gone = [
            entry.path
            for entry in self.session.entries.values()
            if entry.path.parent == folder and not entry.gone and not os.path.lexists(entry.path)
        ]
        for path in gone:
            self.session.remove(path)
        return bool(gone)

    def _watch_anew(self, since: float) -> None:
        """Watch what is there now; what changed from ``since`` on is told too."""
        self._watch.watch(self._watched(), since)

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)


def run_dashboard(paths: tuple[Path, ...], client: EngineClient, run_all: bool) -> int:
    """Show the dashboard until the user leaves; the exit code.

    Runs still live then are ended before this returns, whatever made it return.
    """
    library = Library(paths)
    session = Session(library)
    session.engine = client
    app = DashboardApp(session, Loader(library), _title(paths), run_all)
    try:
        app.run()
    finally:
        ended = client.close(_CLOSE_SECONDS)
        if not ended:
            print(f"er-tui: {client.still_there}", file=sys.stderr)  # noqa: T201 - the last word
    if app.return_code:
        return app.return_code
    return 0 if ended and (not run_all or _all_succeeded(session)) else 1


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

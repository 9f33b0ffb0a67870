# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main screen: the invocations at the left, the selected run at the right."""

from __future__ import annotations

import time
from collections import Counter
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from er_tui.session.session import Changes, Session
from er_tui.text.safe import safe_line
from er_tui.tui.commands import BY_ID, COMMANDS
from er_tui.tui.looks import clock, duration, look_of_entry, look_of_run
from er_tui.tui.panes.pane import Subject
from er_tui.tui.selection import Selection
from er_tui.tui.widgets.footer import Footer
from er_tui.tui.widgets.header import Header, Standing
from er_tui.tui.widgets.invocation_list import InvocationList
from er_tui.tui.widgets.pane_tabs import PaneTabs
from er_tui.tui.widgets.panes import Panes
from er_tui.tui.widgets.side import Side

_NARROW = 90
_LOW = 16


class MainScreen(Screen[None]):
    """Shows the session and says what the user asks for; knows the widgets, which know no peers."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in COMMANDS]
    AUTO_FOCUS = "InvocationList"

    def __init__(self, session: Session, title: str) -> None:
        super().__init__()
        self._session = session
        self._title = title
        self._list = InvocationList(session, id="list")
        self._panes = Panes()
        self.selection: Selection = Selection(session, self._list)
        self.loading_entries = True

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal(id="body"):
            with Side(id="list-side") as side:
                side.border_title = "Invocations"
                yield Input(
                    placeholder="filter: words of name, id, kind, state", id="filter", compact=True
                )
                yield self._list
            with Side(id="run-side"):
                yield self._panes
        yield Footer()

    def on_mount(self) -> None:
        self.entries_changed()

    # What the application tells

    def entries_changed(self) -> None:
        """Entries came, went or were edited."""
        self._list.entries_changed()
        self._show_all()

    def runs_changed(self, changes: Changes) -> None:
        """Runs changed state or wrote something."""
        self._list.states_changed(changes.keys)
        if self._list.cursor in changes.keys:
            self._show_run()
        if changes.states or changes.engine:
            self._show_standing()

    def clock_ticked(self) -> None:
        """Running times go on, and files that are shown may change on the disk."""
        if self._session.live_count:
            self._list.clock_ticked()
        subject = self.selection.subject()
        self._panes.show(subject, self._state(subject))

    # What is enabled

    def pane_can(self, command_id: str) -> bool:
        """Whether the visible pane offers the command now."""
        return self._panes.pane.can(command_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        command = BY_ID.get(action)
        if command is None or not self.is_mounted:
            return True
        return command.enabled(self)

    # Commands

    def action_run(self) -> None:
        self._start(self.selection.targets())

    def action_run_all(self) -> None:
        self._start([key for key in self._list.rows.keys if self.selection.runnable(key)])

    def action_run_failed(self) -> None:
        self._start(self.selection.failed())

    def action_cancel(self) -> None:
        for run_id in self.selection.cancellable():
            self._session.cancel(run_id)

    def action_mark(self) -> None:
        self._list.toggle_mark()
        self._show_standing()

    def action_filter(self) -> None:
        self._on_run_side(False)
        box = self.query_one("#filter", Input)
        box.add_class("-open")
        box.focus()

    async def action_next_pane(self) -> None:
        await self._open_pane(self._panes.next_title(1))

    async def action_previous_pane(self) -> None:
        await self._open_pane(self._panes.next_title(-1))

    def action_older_run(self) -> None:
        self.selection.choose_run(-1)
        self._show_run()

    def action_newer_run(self) -> None:
        self.selection.choose_run(1)
        self._show_run()

    def action_switch_focus(self) -> None:
        if self._panes.has_focus_within:
            self._to_list()
        else:
            self._on_run_side(True)
            self._panes.pane.focus_target().focus()

    def action_back(self) -> None:
        box = self.query_one("#filter", Input)
        if box.has_class("-open") and not self._panes.has_focus_within:
            box.value = ""
            box.remove_class("-open")
        self._to_list()

    def action_follow(self) -> None:
        self._panes.pane.act("follow")

    def action_stream(self) -> None:
        self._panes.pane.act("stream")

    def action_reveal(self) -> None:
        self._panes.pane.act("reveal")

    def action_copy_curl(self) -> None:
        self._panes.pane.act("copy_curl")

    def action_help(self) -> None:
        from er_tui.tui.screens.help import HelpScreen  # not for the first paint

        self.app.push_screen(HelpScreen())

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_quit(self) -> None:
        live = self._session.live_count
        if live == 0:
            self.app.exit()
            return
        from er_tui.tui.screens.confirm_quit import ConfirmQuit  # not for the first paint

        if isinstance(self.app.screen, ConfirmQuit):
            return

        def answered(leave: bool | None) -> None:
            if leave:
                self.app.exit()

        self.app.push_screen(ConfirmQuit(live), answered)

    # What the widgets tell

    def on_invocation_list_highlighted(self) -> None:
        self._show_run()

    def on_invocation_list_chosen(self) -> None:
        if not self._panes.has_focus_within:
            self.action_switch_focus()

    async def on_pane_tabs_clicked(self, event: PaneTabs.Clicked) -> None:
        await self._open_pane(event.title)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._list.filter(event.value)
        self._show_standing()

    def on_input_submitted(self) -> None:
        if not self.query_one("#filter", Input).value:
            self.query_one("#filter", Input).remove_class("-open")
        self._list.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _NARROW, "-narrow")
        self.set_class(event.size.height < _LOW, "-low")

    def on_descendant_focus(self) -> None:
        self._show_commands()

    # Drawing

    def _show_all(self) -> None:
        self._show_run()
        self._show_standing()

    def _show_run(self) -> None:
        subject = self.selection.subject()
        side = self.query_one("#run-side", Side)
        side.entitle(Content(_title(subject)))
        self._panes.show(subject, self._state(subject))
        self._show_commands()

    async def _open_pane(self, title: str) -> None:
        await self._panes.open(title)
        self._show_commands()

    def _state(self, subject: Subject) -> tuple[str, str]:
        entry, run = subject.entry, subject.run
        if entry is None:
            return "", "idle"
        if run is None:
            look = look_of_entry(entry, None)
            return f"{look.glyph} {look.word}", look.tone
        look = look_of_run(run)
        seconds = run.seconds(time.time())
        spent = "" if seconds is None else (clock if run.live else duration)(seconds)
        if run.live and seconds is not None and run.timeout_seconds is not None:
            spent += f" of {clock(run.timeout_seconds)}"
        return f"{look.glyph} {look.word} {spent}".rstrip(), look.tone

    def _show_standing(self) -> None:
        session = self._session
        words: Counter[str] = Counter()
        lanes: Counter[bool] = Counter()
        for key, entry in session.entries.items():
            run = session.latest(key)
            words[look_of_entry(entry, run).word] += 1
            # Counted apart: of a file that has been edited to a bad one, the word tells that.
            if run is not None and run.live and run.status == "running":
                lanes[session.waits(run.run_id)] += 1
        self.query_one(Header).standing = Standing(
            title=self._title,
            words=Standing.count(words),
            running=lanes[False],
            jobs=session.jobs,
            asking=lanes[True],
            asking_jobs=session.waiting_jobs,
            engine_gone=session.engine is None,
            loading=self.loading_entries,
            others=len(session.library.others),
        )
        side, marked = self.query_one("#list-side", Side), len(self._list.marked)
        shown, known = len(self._list.rows.keys), len(session.entries)
        parts = [f"{shown} of {known}"] if self._list.rows.filtered else []
        parts += [f"{marked} marked"] if marked else []
        side.subtitle(Content(" · ".join(parts)) if parts else None)
        self._show_commands()

    def _show_commands(self) -> None:
        self.query_one(Footer).commands = tuple(
            command for command in COMMANDS if command.footer and command.enabled(self)
        )

    def _to_list(self) -> None:
        self._on_run_side(False)
        self._list.focus()

    def _on_run_side(self, on_run: bool) -> None:
        """In a narrow terminal: which side is visible."""
        self.set_class(on_run, "-on-run")

    def _start(self, keys: list[str]) -> None:
        started = self._session.start_all(keys)
        self.selection.forget_chosen(keys)
        self._list.states_changed(frozenset(keys))
        self._show_all()
        bad = [key for key in keys if self._session.entries[key].error is not None]
        if bad and not started:
            words = "The file has changed and cannot be run now."
            self.app.notify(words, severity="error", markup=False)


def _title(subject: Subject) -> str:
    if subject.entry is None:
        return "No invocation"
    parts = [safe_line(subject.entry.name)]
    if subject.entry.invocation is not None:
        parts.append(subject.entry.invocation.runtime_kind)
    if subject.count:
        parts.append(f"run {subject.number} of {subject.count}")
    if subject.entry.gone:
        parts.append("file deleted")
    return " · ".join(parts)

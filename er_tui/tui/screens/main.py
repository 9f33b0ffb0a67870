# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main screen: the invocations at the left, the selected run at the right."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from er_tui.session.listing import Changes
from er_tui.session.session import Session
from er_tui.text.safe import safe_line
from er_tui.tui.commands import BY_ID, COMMANDS
from er_tui.tui.keyboard import Keyboard
from er_tui.tui.looks import state_of
from er_tui.tui.panes.output_pane import OutputPane
from er_tui.tui.panes.pane import Subject
from er_tui.tui.screens.over_all import OverAllScreen
from er_tui.tui.screens.pane_actions import PaneActions
from er_tui.tui.widgets.footer import Footer
from er_tui.tui.widgets.header import Header, Standing
from er_tui.tui.widgets.output_view import OutputView
from er_tui.tui.widgets.pane_tabs import PaneTabs
from er_tui.tui.widgets.panes import Panes
from er_tui.tui.widgets.side import Side

_NARROW = 90
_WIDE = 112
_LOW = 16
_FILTER_HINT = "filter: build status:failed -kind:http"
_WORDS_SECONDS = 0.2
"""Between two looks at what runs said last, as the list tells it."""
_SETTLED_SECONDS = 0.1
"""A window that is dragged has many sizes a second; terminals of runs are told the last."""


class MainScreen(PaneActions, OverAllScreen):
    """Shows the session and says what the user asks for; knows the widgets, which know no peers."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in COMMANDS]
    AUTO_FOCUS = "InvocationList"

    def __init__(self, session: Session, title: str) -> None:
        super().__init__(session)
        self._title = title
        self._panes = Panes()
        self._resized: Timer | None = None
        self._panes_behind = False
        """Whether the panes show another run than the title, which is drawn first."""
        self._unlisted: set[str] = set()
        """Runs that said something since the list was drawn."""
        self._listed_at = 0.0
        self.keyboard: Keyboard = Keyboard(session, self._panes.output)
        self.loading_entries = True

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal(id="body"):
            with Side(id="list-side") as side:
                side.border_title = "Invocations"
                yield Input(placeholder=_FILTER_HINT, id="filter", compact=True)
                yield self._list
            with Side(id="run-side"):
                yield self._panes
        yield Footer()

    def on_mount(self) -> None:
        self._list.highlighted = self._cursor_moved
        self.entries_changed(self._session.take_touched())

    # What the application tells

    def entries_changed(self, keys: Iterable[str]) -> None:
        """These entries came, went or were edited."""
        self._list.changed(keys)
        self._show_all()

    def runs_changed(self, changes: Changes) -> None:
        """Runs changed state or wrote something."""
        self._unlisted |= changes.keys
        if changes.states or time.monotonic() >= self._listed_at + _WORDS_SECONDS:
            self._list_changes()
        if self._list.cursor in changes.keys:
            self._show_run()
        if changes.states or changes.engine or changes.space:
            self._show_standing()

    def clock_ticked(self) -> None:
        """Running times go on, and files that are shown may change on the disk."""
        if self._unlisted:
            self._list_changes()
        self._list.clock_ticked()
        self._catch_up()
        subject = self.selection.subject()
        self._panes.show(subject, state_of(subject.entry, subject.run, time.time()))

    def runs_started(self, keys: list[str]) -> None:
        self._list.changed(keys)
        self._show_all()

    async def show_line(self, run_id: str, stream: str | None, number: int) -> None:
        key = self._session.key_of(run_id)
        if not self._list.rows.lists(key):
            self._clear_filter()
            self._list.filter("")
        self.selection.look_at(run_id)
        self._show_run()
        await self._open_pane(OutputPane.title)
        if stream is not None:
            self._panes.output.go_to_line(stream, number)
        self._on_run_side(True)
        self._panes.pane.focus_target().focus()

    # What is enabled

    def pane_can(self, command_id: str) -> bool:
        """Whether the visible pane offers the command now."""
        self._catch_up()
        return self._panes.pane.can(command_id)

    def act_in_pane(self, command_id: str) -> None:
        self._catch_up()
        self._panes.pane.act(command_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        command = BY_ID.get(action)
        if command is None or not self.is_mounted:
            return True
        return command.enabled(self)

    # Commands

    def action_filter(self) -> None:
        if self.pane_can("find"):
            self.act_in_pane("find")
            return
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
            self._clear_filter()
        self._to_list()

    def action_input(self) -> None:
        self.act_in_pane("input")
        self._on_run_side(True)
        self._panes.pane.focus_target().focus()
        self._show_commands()

    def action_end_input(self) -> None:
        self.keyboard.take_back()

    def action_help(self) -> None:
        from er_tui.tui.screens.help import HelpScreen  # not for the first paint

        self.app.push_screen(HelpScreen())

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def action_quit(self) -> None:
        live = self._session.steered_count
        if live == 0:
            self.app.exit()
            return
        from er_tui.tui.screens.confirm import ConfirmQuit  # not for the first paint

        if isinstance(self.app.screen, ConfirmQuit):
            return

        def answered(leave: bool | None) -> None:
            if leave:
                self.app.exit()

        self.app.push_screen(ConfirmQuit(live), answered)

    # What the widgets tell

    def on_output_pane_input_changed(self) -> None:
        self.set_class(self.keyboard.typing, "-typing")
        self._show_commands()

    def on_output_view_resized(self, event: OutputView.Resized) -> None:
        if self._resized is not None:
            self._resized.stop()
        columns, rows = event.columns, event.rows
        self._resized = self.set_timer(
            _SETTLED_SECONDS, lambda: self._session.resize(columns, rows)
        )

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
        self.set_class(event.size.width >= _WIDE, "-wide")
        self.set_class(event.size.height < _LOW, "-low")

    def on_descendant_focus(self) -> None:
        self._show_commands()

    def _clear_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.value = ""
        box.remove_class("-open")

    # Drawing

    def _show_all(self) -> None:
        self._show_run()
        self._show_standing()

    def _list_changes(self) -> None:
        self._list.changed(self._unlisted)
        self._unlisted = set()
        self._listed_at = time.monotonic()

    def _cursor_moved(self) -> None:
        """The cursor and the title are drawn at once, what is under them in the next frame."""
        self._show_title(self.selection.subject())
        if not self._panes_behind:
            self._panes_behind = True
            self.call_after_refresh(self._catch_up)

    def _catch_up(self) -> None:
        if self._panes_behind:
            self._show_run()

    def _show_title(self, subject: Subject) -> None:
        self.query_one("#run-side", Side).entitle(Content(_title(subject)))

    def _show_run(self) -> None:
        self._panes_behind = False
        subject = self.selection.subject()
        self._show_title(subject)
        if subject.run is not None:
            self._session.look_at(subject.run)
        self._panes.show(subject, state_of(subject.entry, subject.run, time.time()))
        self._show_commands()

    async def _open_pane(self, title: str) -> None:
        await self._panes.open(title)
        self._show_commands()

    def _show_standing(self) -> None:
        standing = Standing.of(self._session, self._title, loading=self.loading_entries)
        self.query_one(Header).standing = standing
        self.list_changed()

    def list_changed(self) -> None:
        side, summary = self.query_one("#list-side", Side), self._list.summary
        side.entitle(Content(self._list.title))
        side.subtitle(Content(summary) if summary else None)
        self._show_commands()

    def _show_commands(self) -> None:
        footer = self.query_one(Footer)
        if self.keyboard.typing:
            end = BY_ID["end_input"]
            footer.commands = ((end, end.name),)
        else:
            footer.commands = tuple(
                (command, command.word(self))
                for command in COMMANDS
                if command.footer and command.enabled(self)
            )
        footer.with_palette = not self.keyboard.typing

    def _to_list(self) -> None:
        self._on_run_side(False)
        self._list.focus()

    def _on_run_side(self, on_run: bool) -> None:
        """In a narrow terminal: which side is visible."""
        self.set_class(on_run, "-on-run")


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

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main screen: the invocations at the left, the selected run at the right."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from er_tui.session.session import Session
from er_tui.tui.commands import BY_ID, COMMANDS
from er_tui.tui.orders import WORST_FIRST
from er_tui.tui.panes.output_pane import OutputPane
from er_tui.tui.screens.leaving import LeavingScreen
from er_tui.tui.screens.pane_actions import PaneActions
from er_tui.tui.troubles import troubles_of
from er_tui.tui.widgets.banner import Banner
from er_tui.tui.widgets.footer import Footer
from er_tui.tui.widgets.header import Header
from er_tui.tui.widgets.output_view import OutputView
from er_tui.tui.widgets.pane_tabs import PaneTabs
from er_tui.tui.widgets.side import Side

_NARROW = 90
_WIDE = 112
_LOW = 16
_FILTER_HINT = "filter: build status:failed -kind:http"
_WORDS_SECONDS = 0.2
"""Between two looks at what runs said last, as the list tells it."""
_SETTLED_SECONDS = 0.1
"""A window that is dragged has many sizes a second; terminals of runs are told the last."""


class MainScreen(PaneActions, LeavingScreen):
    """Shows the session and says what the user asks for; knows the widgets, which know no peers."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in COMMANDS]
    AUTO_FOCUS = "InvocationList"

    def __init__(self, session: Session, title: str) -> None:
        super().__init__(session, title)
        self._resized: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Header()
        yield Banner()
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
        if self._session.monitors:
            self._list.sort(WORST_FIRST)
        self.entries_changed(self._session.take_touched())

    def runs_started(self, keys: list[str]) -> None:
        self._list.changed(keys)
        self._show_all()

    async def show_line(self, run_id: str, stream: str | None, number: int) -> None:
        if run_id not in self._session.runs:
            self.notify(f"run {run_id} was removed", severity="warning", markup=False)
            return
        key = self._session.key_of(run_id)
        self._go_to_entry(key)
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

    def action_worst(self) -> None:
        self._go_to_entry(troubles_of(self._session)[0].key)

    def _go_to_entry(self, key: str) -> None:
        if not self._list.rows.lists(key):
            self._clear_filter()
            self._list.filter("")
        self._list.put_cursor(key)

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

    def on_banner_clicked(self, event: Banner.Clicked) -> None:
        if event.key in self._session.entries:  # still
            self._go_to_entry(event.key)

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

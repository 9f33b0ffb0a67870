# SPDX-License-Identifier: AGPL-3.0-or-later
"""All keys and what they do, from the commands themselves."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from er_tui.tui.commands import COMMANDS
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_MOVING = (
    ("↑ ↓ j k", "move", "The cursor, or what is in the pane; PageUp and PageDown by a page."),
    ("g G", "ends", "Go to the start or the end."),
    ("← → h l", "sideways", "Scroll long lines of output."),
    ("enter", "look", "Go into the selected run; a double click does too."),
)


class HelpScreen(ModalScreen[None]):
    """Closes with any of its keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", show=False)
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help-box") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc closes"
            yield Static(id="help-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#help-text", Static).update(self._text())
        self.query_one("#help-box").focus()

    def _text(self) -> Group:
        parts: list[Text | Table] = []
        for group, commands in groupby(COMMANDS, key=lambda command: command.group):
            rows = [(command.shown, command.name, command.help) for command in commands]
            parts += [self._heading(group), self._table(rows), Text("")]
        return Group(*parts, self._heading("Moving about"), self._table(list(_MOVING)))

    def _heading(self, words: str) -> Text:
        return Text(words, style=tone_style(self, "text--strong"))

    def _table(self, rows: list[tuple[str, str, str]]) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=9, no_wrap=True, style=tone_style(self, "text--accent"))
        table.add_column(width=13, no_wrap=True, style=tone_style(self, "live"))
        table.add_column(style=tone_style(self, "text--muted"))
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        return table

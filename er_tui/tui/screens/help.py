# SPDX-License-Identifier: AGPL-3.0-or-later
"""All keys and what they do, from the commands themselves."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from er_tui.tui.commands import COMMANDS
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_MOVING = (
    ("↑ ↓ j k", "Move the cursor or scroll; PageUp and PageDown by a page."),
    ("g G", "Go to the start, to the end."),
    ("← → h l", "Scroll long lines sideways."),
    ("enter", "Look at the selected run; click twice does the same."),
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

    def _text(self) -> Text:
        strong = tone_style(self, "text--strong")
        lines: list[Text] = []
        group = ""
        for command in COMMANDS:
            if command.group != group:
                group = command.group
                lines += [*([Text("")] if lines else []), Text(group, style=strong)]
            lines.append(self._entry(command.shown, f"{command.name}: {command.help}"))
        lines += [Text(""), Text("Moving about", style=strong)]
        lines += [self._entry(keys, words) for keys, words in _MOVING]
        return Text("\n").join(lines)

    def _entry(self, key: str, words: str) -> Text:
        return Text.assemble((f"  {key:<9}", tone_style(self, "text--accent")), words)

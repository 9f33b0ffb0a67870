# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bottom line: the keys that do something now. They can be clicked."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.reactive import reactive
from textual.widget import Widget

from er_tui.tui.commands import BY_ID, Command
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style


class Footer(Widget):
    """One widget for all keys: it is redrawn when the set of enabled commands changes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    commands: reactive[tuple[Command, ...]] = reactive(())

    def render(self) -> Text:
        key_style = tone_style(self, "text--accent")
        name_style = tone_style(self, "text--muted")
        line = Text(no_wrap=True, overflow="ellipsis")
        self._places: list[tuple[range, Command]] = []
        for command in self.commands:
            start = line.cell_len
            line.append(command.shown, style=key_style)
            line.append(f" {command.name}", style=name_style)
            self._places.append((range(start, line.cell_len), command))
            line.append("   ")
        palette = BY_ID["palette"]
        last = Text.assemble((palette.shown, key_style), (f" {palette.name}", name_style))
        room = self.size.width - last.cell_len
        if line.cell_len > room - 2:
            line.truncate(self.size.width, overflow="ellipsis")
            return line
        line.append(" " * (room - line.cell_len))
        self._places.append((range(room, self.size.width), palette))
        return line.append_text(last)

    async def on_click(self, event: events.Click) -> None:
        # Not by links in the text: those come underlined and in a colour of their own.
        for place, command in self._places:
            if event.x - self.gutter.left in place:
                await self.screen.run_action(command.id)

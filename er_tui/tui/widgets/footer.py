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

_GAP = "   "
_ALWAYS = 2


class Footer(Widget):
    """One widget for all keys: it is redrawn when the set of enabled commands changes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    commands: reactive[tuple[tuple[Command, str], ...]] = reactive(())
    """Each with the word it is called by now."""
    with_palette: reactive[bool] = reactive(True)

    def render(self) -> Text:
        key_style = tone_style(self, "text--accent")
        name_style = tone_style(self, "text--muted")
        palette = BY_ID["palette"]
        last = Text.assemble((palette.shown, key_style), (f" {palette.name}", name_style))
        shown = self._fitting(self.commands)
        line = Text(no_wrap=True, overflow="ellipsis")
        self._places: list[tuple[range, Command]] = []
        for command, word in shown:
            if line:
                line.append(_GAP)
            start = line.cell_len
            line.append(command.shown, style=key_style)
            line.append(f" {word}", style=name_style)
            self._places.append((range(start, line.cell_len), command))
        room = self.size.width - last.cell_len
        if line.cell_len + len(_GAP) > room or not self.with_palette:
            line.truncate(self.size.width, overflow="ellipsis")
            return line
        line.append(" " * (room - line.cell_len))
        self._places.append((range(room, self.size.width), palette))
        return line.append_text(last)

    def _fitting(self, commands: tuple[tuple[Command, str], ...]) -> list[tuple[Command, str]]:
        """Those that fit in whole; help and quit, which come last, are the last to go."""
        shown = list(commands)
        while len(shown) > _ALWAYS and _width(shown) > self.size.width:
            del shown[-_ALWAYS - 1]
        return shown

    async def on_click(self, event: events.Click) -> None:
        # Not by links in the text: those come underlined and in a colour of their own.
        for place, command in self._places:
            if event.x - self.gutter.left in place:
                await self.screen.run_action(command.id)


def _width(shown: list[tuple[Command, str]]) -> int:
    return len(_GAP.join(f"{command.shown} {word}" for command, word in shown))

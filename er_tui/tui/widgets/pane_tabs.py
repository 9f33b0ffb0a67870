# SPDX-License-Identifier: AGPL-3.0-or-later
"""The names of the panes with the open one marked, and the state of the run beside them."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from er_tui.tui.widgets.tones import TONE_CLASSES, foreground, tone_style


class PaneTabs(Widget):
    """Two lines: the names with the state at the right, and a rule under the open one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {"tabs--rule"}
    DEFAULT_CSS = """
    PaneTabs > .tabs--rule { color: $foreground 20%; }
    """
    active: reactive[str] = reactive("")
    state: reactive[tuple[str, str]] = reactive(("", "idle"))
    """Words and tone."""

    def __init__(self, titles: tuple[str, ...]) -> None:
        super().__init__()
        self._titles = titles

    class Clicked(Message):
        """A name was clicked."""

        def __init__(self, title: str) -> None:
            super().__init__()
            self.title = title

    def on_click(self, event: events.Click) -> None:
        x = event.x - self.gutter.left
        for title in self._titles:
            if 0 <= x < len(title):
                self.post_message(self.Clicked(title))
            x -= len(title) + 2

    def render(self) -> Text:
        muted, accent = tone_style(self, "text--muted"), tone_style(self, "live")
        rule = foreground(self, "tabs--rule")
        names, under = Text(no_wrap=True), Text(no_wrap=True)
        for title in self._titles:
            here = title == self.active
            names.append(title, style=accent + Style(bold=True) if here else muted)
            names.append("  ")
            under.append("━" * len(title) if here else "─" * len(title), accent if here else rule)
            under.append("──", rule)
        width = self.size.width
        under.append("─" * max(0, width - under.cell_len), rule)
        words, tone = self.state
        state = Text(words, style=tone_style(self, tone))
        gap = width - names.cell_len - state.cell_len
        if gap >= 1:
            names.append(" " * gap)
            names.append_text(state)
        names.truncate(width, overflow="ellipsis")
        under.truncate(width)
        return Text("\n", no_wrap=True).join([names, under])

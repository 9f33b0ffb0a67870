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
        for place, title in self._places:
            if x in place:
                self.post_message(self.Clicked(title))

    def render(self) -> Text:
        rule = foreground(self, "tabs--rule")
        words, tone = self.state
        state = Text(words, style=tone_style(self, tone))
        width = self.size.width
        names = self._names()
        if names.cell_len + state.cell_len > width:
            # The state of the run comes first: where there is no room, only the open name stays.
            names = self._only_the_open_one()
        gap = max(1, width - names.cell_len - state.cell_len)
        under = Text(no_wrap=True)
        here = next((p for p, title in self._places if title == self.active), range(0))
        under.append("─" * here.start, rule)
        under.append("━" * len(here), tone_style(self, "live"))
        under.append("─" * max(0, width - here.stop), rule)
        line = Text.assemble(names, " " * gap, state)
        line.truncate(width, overflow="ellipsis")
        under.truncate(width)
        return Text("\n", no_wrap=True).join([line, under])

    def _names(self) -> Text:
        names = Text(no_wrap=True)
        self._places: list[tuple[range, str]] = []
        for title in self._titles:
            start = names.cell_len
            here = title == self.active
            names.append(
                title, style=self._open_style() if here else tone_style(self, "text--muted")
            )
            self._places.append((range(start, names.cell_len), title))
            names.append("  ")
        return names

    def _only_the_open_one(self) -> Text:
        """The open name between arrows to its neighbours."""
        index = self._titles.index(self.active)
        muted = tone_style(self, "text--muted")
        count = len(self._titles)
        end = 2 + len(self.active)
        self._places = [
            (range(2), self._titles[index - 1]),
            (range(2, end), self.active),
            (range(end, end + 2), self._titles[(index + 1) % count]),
        ]
        return Text.assemble(
            ("‹ ", muted),
            (self.active, self._open_style()),
            (" ›", muted),
            (f"  {index + 1} of {count}", muted),
        )

    def _open_style(self) -> Style:
        return tone_style(self, "live") + Style(bold=True)

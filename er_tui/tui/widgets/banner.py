# SPDX-License-Identifier: AGPL-3.0-or-later
"""One line of what needs somebody's attention, the worst first; not there while nothing does."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from er_tui.tui.looks import Look
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_MOST = 6


class Trouble(NamedTuple):
    """An entry that needs attention."""

    key: str
    look: Look
    name: str
    """Safe text, like ``words``."""
    words: str


class Banner(Widget):
    """Says who failed, stalled or was lost; a click on it leads there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    Banner { height: 1; display: none; background: $error 15%; padding: 0 1; }
    Banner.-open { display: block; }
    """
    troubles: reactive[tuple[Trouble, ...]] = reactive(())
    """The worst of them; more than are shown need not be told."""
    count: reactive[int] = reactive(0)
    """How many there are in all."""

    class Clicked(Message):
        """The user wants to see this entry."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def watch_troubles(self, troubles: tuple[Trouble, ...]) -> None:
        self.set_class(bool(troubles), "-open")

    def render(self) -> Text:
        muted = tone_style(self, "text--muted")
        parts = []
        for trouble in self.troubles[:_MOST]:
            tone = tone_style(self, trouble.look.tone)
            head = f"{trouble.look.glyph} {trouble.name} {trouble.look.word}"
            words = f": {trouble.words}" if trouble.words else ""
            parts.append(Text.assemble((head, tone), (words, muted)))
        line = Text("   ").join(parts)
        line.no_wrap = True
        more = Text(f"  {self.count} need attention", style=muted)
        if self.count <= 1 or more.cell_len > self.size.width // 2:
            more = Text()  # there is only room for one of them, or for what it is about
        line.truncate(max(1, self.size.width - more.cell_len), overflow="ellipsis")
        return line + more

    def on_click(self, _event: events.Click) -> None:
        if self.troubles:
            self.post_message(self.Clicked(self.troubles[0].key))

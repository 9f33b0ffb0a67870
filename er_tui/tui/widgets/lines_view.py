# SPDX-License-Identifier: AGPL-3.0-or-later
"""Styled lines, wrapped to the width, drawn only where they are visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style


class LinesView(ScrollView, can_focus=True):
    """Shows lines of text that is already safe.

    The text must hold no control characters: whoever makes the lines has them from ``er_tui.text``.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g,home", "scroll_home", show=False),
        Binding("G,end", "scroll_end", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._rows: list[Text] = []
        self._width = 0

    def tone(self, name: str) -> Style:
        """The style of a tone or text class, for building lines."""
        return tone_style(self, name)

    @property
    def has_lines(self) -> bool:
        return bool(self._lines)

    def show(self, lines: Sequence[Text]) -> None:
        """Show these lines instead; the place scrolled to is kept as far as it exists."""
        at_end = self.scroll_offset.y >= self.max_scroll_y > 0
        self._lines = list(lines)
        self._wrap()
        if at_end:
            self.scroll_end(animate=False)

    def append(self, lines: Sequence[Text]) -> None:
        """Show these lines after the others; the end stays in view if it was."""
        self.show([*self._lines, *lines])

    def on_resize(self, _event: events.Resize) -> None:
        if self.scrollable_content_region.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        self._width = self.scrollable_content_region.width
        width = max(8, self._width)
        self._rows = []
        for line in self._lines:
            self._rows.extend(line.wrap(self.app.console, width) or [line])
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if row >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        strip = Strip(self._rows[row].render(self.app.console))
        return strip.adjust_cell_length(width, self.rich_style).apply_style(self.rich_style)

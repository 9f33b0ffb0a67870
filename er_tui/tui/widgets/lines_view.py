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

from er_tui.tui.widgets.strips import strip_of
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

    def __init__(self, *, hang: int = 0, id: str | None = None) -> None:
        """``hang`` indents what a long line goes on with, in columns."""
        super().__init__(id=id)
        self._hang = hang
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
            self._rows.extend(self._wrapped(line, width))
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    def _wrapped(self, line: Text, width: int) -> list[Text]:
        if line.cell_len <= width:
            return [line]
        console = self.app.console
        first, *rest = line.wrap(console, width)
        if not rest or self._hang >= width // 2:
            return [first, *rest]
        rows = [first]
        rest_of_line = line[len(first.plain) :]
        spaces = len(rest_of_line.plain) - len(rest_of_line.plain.lstrip(" "))
        for row in rest_of_line[spaces:].wrap(console, width - self._hang):
            rows.append(Text.assemble(" " * self._hang, row))
        return rows

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if row >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        return strip_of(self._rows[row], width, self)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Styled lines, wrapped to the width, drawn only where they are visible."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip
from textual.timer import Timer

from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

STEP_SECONDS = 0.008
"""Of work at a time: half a frame."""


class LinesView(DrawnLines, can_focus=True):
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
        self._row_of: list[int] = []
        """Of each line that is wrapped already, its first row."""
        self._width = 0
        self._more: Timer | None = None
        self._at_end = False
        """While all is being wrapped anew: whether the end was in view before,"""
        self._place = 0
        """and else the row that was at the top."""

    def tone(self, name: str) -> Style:
        """The style of a tone or text class, for building lines."""
        return tone_style(self, name)

    @property
    def has_lines(self) -> bool:
        return bool(self._lines)

    def show(self, lines: Sequence[Text]) -> None:
        """Show these lines instead; the place scrolled to is kept as far as it exists."""
        self._lines = list(lines)
        self._wrap_anew()

    def append(self, lines: Sequence[Text], *, in_place_of: int = 0) -> None:
        """Show these lines after the others, but for so many at the end that they replace.

        It costs what these lines cost, however many there are; the end stays in view if it was.
        """
        kept = len(self._lines) - in_place_of
        del self._lines[kept:]
        self._lines.extend(lines)
        if self._wrapped_lines > kept:
            del self._rows[self._row_of[kept] :]
            del self._row_of[kept:]
        self._step()

    def on_resize(self, _event: events.Resize) -> None:
        if self.scrollable_content_region.width != self._width:
            self._wrap_anew()

    @property
    def _wrapped_lines(self) -> int:
        return len(self._row_of)

    def _wrap_anew(self) -> None:
        self._at_end = self.scroll_offset.y >= self.max_scroll_y > 0
        self._place = self.scroll_offset.y
        self._width = self.scrollable_content_region.width
        self._rows, self._row_of = [], []
        self._step()

    def _step(self) -> None:
        """Wrap for a while; the rest of many lines follows, and keys are answered in between."""
        if self._more is not None:
            self._more.stop()
            self._more = None
        if not self._width:
            return  # not laid out yet; that resizes
        at_end = self._at_end or self.scroll_offset.y >= self.max_scroll_y > 0
        width = max(8, self._width)
        until = time.monotonic() + STEP_SECONDS
        while self._wrapped_lines < len(self._lines) and time.monotonic() < until:
            line = self._lines[self._wrapped_lines]
            self._row_of.append(len(self._rows))
            self._rows.extend(self._wrapped(line, width))
        self.virtual_size = Size(width, len(self._rows))
        if at_end:
            self.scroll_end(animate=False)
        elif self._place > self.scroll_offset.y:
            self.scroll_to(y=self._place, animate=False)
        if self._wrapped_lines < len(self._lines):
            self._more = self.set_timer(0.001, self._step)
        else:
            self._at_end, self._place = False, 0
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
            return self.blank(width)
        return strip_of(self._rows[row], width, self)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A line an attempt, with a bar that shows where its time went; only the visible ones drawn."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from er_tui.text.safe import safe_line
from er_tui.tui.attempts import AttemptRow, place
from er_tui.tui.looks import duration, size
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_BAR_WIDTH = 14
_PARTS = {"connect": "ending", "TLS": "idle", "wait": "live", "body": "good"}
"""The tone of each part of a bar."""


class AttemptList(DrawnLines, can_focus=True):
    """The attempts of a run. The cursor stays on the newest until it is moved away from it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {"attempts--cursor"}
    DEFAULT_CSS = """
    AttemptList > .attempts--cursor { background: $foreground 8%; }
    AttemptList:focus > .attempts--cursor { background: $primary 22%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "first", show=False),
        Binding("end,G", "last", show=False),
    ]

    class Highlighted(Message):
        """Another attempt is under the cursor."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[AttemptRow] = []
        self._count = 0
        self._longest = 0.0
        self.cursor = 0

    def show(self, rows: list[AttemptRow], longest: float, *, fresh: bool) -> None:
        """Show these attempts; ``fresh`` if they are another run's than before."""
        at_end = fresh or self.cursor >= self._count - 1
        self._rows, self._longest = rows, longest
        self._count = len(rows)
        self.virtual_size = Size(self.scrollable_content_region.width, self._count)
        if at_end:
            self.cursor = max(0, self._count - 1)
        self._show_cursor()
        self.refresh()

    def action_move(self, by: int) -> None:
        self._put(self.cursor + by)

    def action_page(self, direction: int) -> None:
        self._put(self.cursor + direction * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._put(0)

    def action_last(self) -> None:
        self._put(self._count - 1)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < self._count:
            self._put(index)

    def _put(self, index: int) -> None:
        index = min(max(0, index), self._count - 1)
        if self._count and index != self.cursor:
            self.cursor = index
            self._show_cursor()
            self.refresh()
            self.post_message(self.Highlighted(index))

    def _show_cursor(self) -> None:
        if self._count:
            region = Region(0, self.cursor, 1, 1)
            self.scroll_to_region(region, animate=False, force=True, x_axis=False)

    def render_line(self, y: int) -> Strip:
        index, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if index >= self._count:
            return self.blank(width)
        base = self.base_style
        if index == self.cursor:
            base += Style(bgcolor=self.get_component_rich_style("attempts--cursor").bgcolor)
        return strip_of(self._line(self._rows[index]), width, self, base)

    def _line(self, row: AttemptRow) -> Text:
        muted = tone_style(self, "text--muted")
        started, ended = row.started, row.ended
        code, tone = "…", "live"
        if ended is not None:
            code = "–" if ended.code is None else str(ended.code)
            good = ended.code is not None and ended.code < 400
            tone = "good" if good else "bad"
        spent = "" if row.seconds is None else duration(row.seconds)
        line = Text.assemble(
            (f"{started.number:>4} ", muted),
            f"{started.phase:<8}",
            (f"{started.method[:6]:<7}", muted),
            (f"{code:>3} ", tone_style(self, tone)),
            (f"{safe_line((ended.status if ended else None) or ''):<11.11} ", "bold"),
            (f"{spent:>6} ", muted),
            self._bar(row),
            (f"{size(ended.size) if ended else '':>9}  ", muted),
            no_wrap=True,
            overflow="ellipsis",
        )
        line.append(safe_line(place(started.url)), style=muted)
        if ended is not None and ended.note:
            line.append(f"  {safe_line(ended.note)}", style=tone_style(self, "ending"))
        return line

    def _bar(self, row: AttemptRow) -> Text:
        bar = Text()
        if self._longest > 0 and row.seconds is not None:
            cells = 0
            for name, seconds in row.parts:
                share = round((seconds or 0.0) / self._longest * _BAR_WIDTH)
                share = min(share, _BAR_WIDTH - cells)
                bar.append("▇" * share, style=tone_style(self, _PARTS[name]))
                cells += share
            if cells == 0:
                bar.append("▏", style=tone_style(self, "live"))
                cells = 1
            return bar.append(" " * (_BAR_WIDTH - cells))
        return bar.append(" " * _BAR_WIDTH)

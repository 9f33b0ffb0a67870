# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all live runs write: each line with the name of its run, only those in view drawn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import ClassVar
from zlib import crc32

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from er_tui.session.merged_tail import MergedTail, TailLine
from er_tui.text.line_index import Line
from er_tui.text.plain import plain_lines
from er_tui.tui.looks import size
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.log_lines import LineDrawer
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, foreground, tone_style

_STEP_SECONDS = 0.008
"""Of reading at a time: half a frame, so that keys are answered in between."""
_PAUSE_SECONDS = 0.05
_CACHED_STRIPS = 512
_NAME_WIDTH = 20
_COLOURS = tuple(
    Style(color=colour)
    for colour in (
        *("#6cb6ff", "#6bc46d", "#daaa3f", "#dcbdfb", "#f69d50", "#39c5cf", "#fc8dc7", "#b4f1b4"),
        *("#96d0ff", "#ffa198", "#e3b341", "#8ddb8c", "#b083f0", "#56d4dd", "#ff938a", "#c9d1d9"),
    )
)


class TailView(DrawnLines, can_focus=True):
    """Shows a :class:`MergedTail` as it grows; the end stays in view until the user scrolls up."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {
        "output--stderr",
        "output--match",
        "output--current",
    }
    DEFAULT_CSS = """
    TailView > .output--stderr { color: $error 70%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(0,-1)", show=False),
        Binding("down,j", "move(0,1)", show=False),
        Binding("left,h", "move(-8,0)", show=False),
        Binding("right,l", "move(8,0)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("g,home", "to_start", show=False),
        Binding("G,end", "follow(True)", show=False),
        Binding("f", "toggle_follow", show=False),
    ]

    class Changed(Message):
        """There are other lines, or the end is followed or not."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TailView.Changed)

    def __init__(
        self,
        tail: MergedTail,
        name_of: Callable[[str], str],
        end_of: Callable[[str], tuple[str, str]],
        *,
        id: str | None = None,
    ) -> None:
        """``name_of`` gives the name of a run, ``end_of`` the words and the tone of how it ended;
        both safe to show."""
        super().__init__(id=id)
        self._tail = tail
        self._name_of, self._end_of = name_of, end_of
        self.follow = True
        self._words: list[str] = []
        self._rows: list[tuple[int, TailLine]] = []
        """What is shown, each with its number among all lines there ever were."""
        self._seen = 0
        """How many of these were looked at."""
        self._lines = tail.lines
        self._name_width = self._widest = 0
        self._drawer = LineDrawer(self)
        self._strip = lru_cache(maxsize=_CACHED_STRIPS)(self._make_strip)

    @property
    def row_count(self) -> int:
        return len(self._rows)

    @property
    def filtered(self) -> bool:
        return bool(self._words)

    def filter(self, text: str) -> None:
        """Show only lines that hold all these words, in the name of their run or in themselves."""
        self._words = text.casefold().split()
        self._rows = []
        self._seen = 0
        self._take_in()

    def on_mount(self) -> None:
        self.set_interval(_PAUSE_SECONDS, self._step)

    def on_unmount(self) -> None:
        self._tail.close()

    def _step(self) -> None:
        if self._tail.step(_STEP_SECONDS):
            self._take_in()
        self.post_message(self.Changed())

    def _take_in(self) -> None:
        tail, y = self._tail, self.scroll_offset.y
        top = self._rows[y][0] if y < len(self._rows) else 0
        if self._lines is not tail.lines:
            self._lines = tail.lines
            kept = {number for number, _ in tail.lines}
            self._rows = [row for row in self._rows if row[0] in kept]
        first = bisect_left(tail.lines, self._seen, key=_number)
        self._rows += [row for row in islice(tail.lines, first, None) if self._wanted(row[1])]
        self._seen = tail.count
        self.virtual_size = Size(self._name_width + self._widest + 4, len(self._rows))
        if self.follow:
            self._to_end()
        else:
            # The lines in view stay where they are.
            y = bisect_left(self._rows, top, key=_number)
            self.scroll_to(y=y, animate=False, force=True, immediate=True)
        self.refresh()

    def _wanted(self, line: TailLine) -> bool:
        name = self._name_of(line.run_id)
        columns = min(_NAME_WIDTH, cell_len(name))
        if columns > self._name_width:
            self._name_width = columns
            self._strip.cache_clear()
        if not self._words:
            return True
        text = f"{name}\n{plain_lines(line.raw).decode(errors='replace')}".casefold()
        return all(word in text for word in self._words)

    def _to_end(self) -> None:
        bottom = max(0, len(self._rows) - self.scrollable_content_region.height)
        self.scroll_to(y=bottom, animate=False, force=True, immediate=True)

    # Keys and wheel

    def action_follow(self, follow: bool) -> None:
        self.follow = follow
        if follow:
            self._to_end()
        self.post_message(self.Changed())

    def action_toggle_follow(self) -> None:
        self.action_follow(not self.follow)

    def action_move(self, x: int, y: int) -> None:
        if y < 0:
            self.action_follow(False)
        to = self.scroll_offset
        self.scroll_to(to.x + x, to.y + y, animate=False, force=True)

    def action_page(self, direction: int) -> None:
        self.action_move(0, direction * max(1, self.size.height - 1))

    def action_to_start(self) -> None:
        self.action_follow(False)
        self.scroll_to(0, 0, animate=False, force=True)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.action_move(0, -3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.action_move(0, 3)

    def on_resize(self, _event: events.Resize) -> None:
        if self.follow:
            self._to_end()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        if row >= len(self._rows):
            return self.blank(width)
        strip = self._strip(self._rows[row][1])
        if strip.cell_length - self._name_width > self._widest:
            self._widest = strip.cell_length - self._name_width
        x = self.scroll_offset.x
        return strip.crop_extend(x, x + width, self.base_style).apply_style(self.base_style)

    def _make_strip(self, line: TailLine) -> Strip:
        name = self._name_of(line.run_id)
        tag = set_cell_size(name, self._name_width)
        if cell_len(name) > self._name_width:
            tag = set_cell_size(name, self._name_width - 1) + "…"
        segments = [Segment(f" {tag} ", _COLOURS[crc32(name.encode()) % len(_COLOURS)])]
        if line.kind in ("stdout", "stderr"):
            return Strip(segments + self._output(line))
        words, tone = self._fact(line)
        text = Text(words, style=tone_style(self, tone), end="")
        return Strip([*segments, *strip_of(text, text.cell_len, self)])

    def _output(self, line: TailLine) -> list[Segment]:
        sign = Segment("▎ " if line.kind == "stderr" else "  ", foreground(self, "output--stderr"))
        body = self._drawer.body(Line(line.kind, 0, 0, line.raw, line.left_out), False)
        return [sign, *body]

    def _fact(self, line: TailLine) -> tuple[str, str]:
        if line.kind == "skipped":
            return f"… {size(line.left_out)} came too fast and are not shown here", "ending"
        if line.kind == "begun":
            return "○ asked for", "waiting"
        return self._end_of(line.run_id)


def _number(row: tuple[int, TailLine]) -> int:
    return row[0]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Captured output: any window of any capture, drawn from the file, safe and coloured."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from er_tui.text.pattern import Pattern
from er_tui.tui.looks import local_time
from er_tui.tui.widgets.log_mouse import LogMouse
from er_tui.tui.widgets.log_scroll import GUTTER
from er_tui.tui.widgets.log_window import Shown
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, foreground, tone_style

Times: TypeAlias = Literal["", "clock", "since start"]
_NEXT: dict[Times, Times] = {"": "clock", "clock": "since start", "since start": ""}
_TIME_WIDTH: dict[Times, int] = {"": 0, "clock": 13, "since start": 14}
_LEAST_DIGITS = 4


class OutputView(LogMouse):
    """Shows the lines of a capture; only those in view are read and drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {
        "output--stderr",
        "output--cursor",
        "output--selected",
        "output--match",
        "output--current",
    }
    DEFAULT_CSS = """
    OutputView > .output--stderr { color: $error 70%; }
    OutputView > .output--cursor { background: $foreground 10%; }
    OutputView > .output--selected { background: $primary 35%; }
    OutputView > .output--match { color: $foreground; background: $warning 40%; }
    OutputView > .output--current { color: $background; background: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("left,h", "sideways(-8)", show=False),
        Binding("right,l", "sideways(8)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("g,home", "to_start", show=False),
        Binding("G,end", "to_end", show=False),
        Binding("escape", "end_selection", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._placeholder: list[Text] = []
        self.numbers = False
        self.times: Times = ""

    @property
    def wrap(self) -> bool:
        """Whether long lines go on below instead of beyond the edge."""
        return self.window.wrap

    def show_placeholder(self, lines: list[Text]) -> None:
        """What stands here while there is no line."""
        before, self._placeholder = self._placeholder, lines
        if self.line_count == 0 and [(t.plain, t.style) for t in lines] != [
            (t.plain, t.style) for t in before
        ]:
            self.refresh()

    def toggle_numbers(self) -> None:
        """Show the numbers of the lines, or do not."""
        self.numbers = not self.numbers
        self.log_changed()

    def next_times(self) -> None:
        """When lines were written: by the clock, since the start of the run, or not shown."""
        self.times = _NEXT[self.times]
        self.log_changed()

    def toggle_wrap(self) -> None:
        """Let long lines go on below, or beyond the edge; what is at the top stays there."""
        row = self.top.row
        self.window.wrap = not self.window.wrap
        self._part = 0
        self.scroll_to(x=0, y=row, animate=False, force=True, immediate=True)
        self.log_changed()

    def find(self, pattern: Pattern | None) -> None:
        """Search for something else from now on, or for nothing."""
        if self.shown is not None:
            self.shown.find(pattern)
            self.drawer.pattern = pattern
            self.forget_match()
            self.log_changed()
            self.advance(live=self._live)

    # Drawing

    @property
    def gutter_width(self) -> int:
        return GUTTER + self._number_width + _TIME_WIDTH[self.times]

    @property
    def _number_width(self) -> int:
        return max(_LEAST_DIGITS, len(str(self.line_count))) + 1 if self.numbers else 0

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if self.line_count == 0:
            return self._placeholder_line(y, width)
        self.fit_room()
        lines = self.window.lines(self.top)
        if y >= len(lines):
            return self.blank(width)
        shown = lines[y]
        base = self.base_style + self._background(shown)
        body = self._with_selection(self.drawer.body(shown.line, shown.number == self.match), shown)
        if self.wrap:
            cuts = self.drawer.cuts(shown.line, max(1, self.window.width))
            body = body.crop(cuts[shown.part], cuts[shown.part + 1])
        else:
            self.seen_width(body.cell_length)
            body = body.crop(self.scroll_offset.x)
        strip = Strip([*self._gutter(shown), *body])
        return strip.adjust_cell_length(width, base).apply_style(base)

    def _with_selection(self, body: Strip, shown: Shown) -> Strip:
        """The line with the background of what is selected of it with the mouse."""
        columns = self.selected_columns(shown.number, shown.line)
        if columns is None or columns[0] == columns[1]:
            return body
        before, selected, behind = body.divide([*columns, max(columns[1], body.cell_length)])
        colour = self.get_component_rich_style("output--selected").bgcolor
        marked = [Segment(s.text, (s.style or Style()) + Style(bgcolor=colour)) for s in selected]
        return Strip([*before, *marked, *behind])

    def _background(self, shown: Shown) -> Style:
        if self.is_selected(shown.number):
            name = "output--selected"
        elif self.has_focus and not self._follow and shown.row == self.cursor_row:
            name = "output--cursor"
        else:
            return Style.null()
        return Style(bgcolor=self.get_component_rich_style(name).bgcolor)

    def _gutter(self, shown: Shown) -> list[Segment]:
        """The stream, what lies between the line and the one above, its number, its time."""
        muted = tone_style(self, "text--muted")
        is_error = shown.line.stream == "stderr"
        segments = [
            Segment("▎" if is_error else " ", foreground(self, "output--stderr")),
            Segment("⋮" if shown.part == 0 and self._begins_group(shown) else " ", muted),
        ]
        if self.numbers:
            words = f"{shown.number + 1}" if shown.part == 0 else ""
            segments.append(Segment(f"{words:>{self._number_width - 1}} ", muted))
        if self.times:
            words = self._time_of(shown) if shown.part == 0 else ""
            segments.append(Segment(f"{words:>{_TIME_WIDTH[self.times] - 1}} ", muted))
        return segments

    def _begins_group(self, shown: Shown) -> bool:
        """Whether lines are left out before this one, where matches stand among others."""
        if self.shown is None or self.shown.filter is None or not self.shown.filter.context:
            return False
        return shown.row > 0 and self.shown.line_at(shown.row - 1) != shown.number - 1

    def _time_of(self, shown: Shown) -> str:
        assert self.shown is not None
        reader = self.shown.reader
        at = reader.time_of(shown.line)
        if at is None:
            return ""
        if self.times == "clock":
            return local_time(at)
        return _since(at - reader.started_at) if reader.started_at is not None else ""

    def _placeholder_line(self, y: int, width: int) -> Strip:
        top = max(0, (self.size.height - len(self._placeholder)) // 3)
        if not 0 <= y - top < len(self._placeholder):
            return self.blank(width)
        text = self._placeholder[y - top].copy()
        text.truncate(width, overflow="ellipsis")
        text.pad_left(max(0, (width - text.cell_len) // 2))
        return strip_of(text, width, self)

    def notify_style_update(self) -> None:
        """Another theme: what is kept has the colours of the one before."""
        super().notify_style_update()
        self.drawer.forget()

    def on_focus(self, _event: events.Focus) -> None:
        self.refresh()

    def on_blur(self, _event: events.Blur) -> None:
        self.refresh()


def _since(seconds: float) -> str:
    """``+00:01.250``, ``+1:02:03.000``."""
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else f"{minutes:02d}"
    return f"+{whole}:{rest // 1000:02d}.{rest % 1000:03d}"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Captured output: any window of any capture, drawn from the file, safe and coloured."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from er_tui.text import ansi
from er_tui.text.line_index import Line
from er_tui.tui.capture_reader import CaptureReader
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, foreground, tone_style

_STEP_SECONDS = 0.008
"""Of indexing at a time: half a frame, so that keys are answered in between."""
_CACHED_STRIPS = 512
_GUTTER = 2


class OutputView(ScrollView, can_focus=True):
    """Shows the lines of a :class:`CaptureReader`; only those in view are read and drawn.

    ``follow`` is a state of its own: it keeps the end in view until the user scrolls up, and comes
    back with ``f``, ``G`` or End.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {"output--stderr"}
    DEFAULT_CSS = """
    OutputView > .output--stderr { color: $error 70%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_by(0,-1)", show=False),
        Binding("down,j", "scroll_by(0,1)", show=False),
        Binding("left,h", "scroll_by(-8,0)", show=False),
        Binding("right,l", "scroll_by(8,0)", show=False),
        Binding("pageup", "scroll_pages(-1)", show=False),
        Binding("pagedown", "scroll_pages(1)", show=False),
        Binding("g,home", "to_start", show=False),
        Binding("G,end", "to_end", show=False),
    ]

    class FollowChanged(Message):
        """Following was switched on or off."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._reader: CaptureReader | None = None
        self._live = False
        self._busy = False
        self._follow = True
        self._widest = 0
        self._placeholder: list[Text] = []
        self._seen: tuple[int, str | None] | None = None
        """What was indexed when the view was last drawn."""
        self._window: tuple[tuple[int, int], list[Line]] | None = None
        self._strip = lru_cache(maxsize=_CACHED_STRIPS)(self._make_strip)

    @property
    def follow(self) -> bool:
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        if follow != self._follow:
            self._follow = follow
            self.post_message(self.FollowChanged())
        if follow:
            self._to_end()

    @property
    def line_count(self) -> int:
        return 0 if self._reader is None else self._reader.index.line_count

    @property
    def damage(self) -> str | None:
        """What happened to a file under our eyes, as a sentence."""
        return None if self._reader is None else self._reader.index.damage

    def show(self, reader: CaptureReader | None, *, live: bool, follow: bool) -> None:
        """Show another capture from now on; the reader is closed when it is replaced."""
        self._follow = follow
        if self._reader is None and reader is None:
            return
        if self._reader is not None:
            self._reader.close()
        self._reader = reader
        self._window = None
        self._seen = None
        self._widest = 0
        self._strip.cache_clear()
        self.virtual_size = Size(0, 0)
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()
        self.advance(live=live)

    def show_placeholder(self, lines: list[Text]) -> None:
        """What stands here while there is no line."""
        before, self._placeholder = self._placeholder, lines
        if self.line_count == 0 and [(t.plain, t.style) for t in lines] != [
            (t.plain, t.style) for t in before
        ]:
            self.refresh()

    def advance(self, *, live: bool) -> None:
        """The capture has grown, or ended: take a step, and the next ones if there is more."""
        self._live = live
        if self._reader is not None and not self._busy:
            self._step()

    def on_unmount(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _step(self) -> None:
        self._busy = False
        if self._reader is None:
            return
        index = self._reader.index
        before = index.line_count
        more = self._reader.advance(live=self._live, seconds=_STEP_SECONDS)
        index.check()
        if (index.size, index.damage) != self._seen:
            self._seen = (index.size, index.damage)
            self._window = None
            if index.damage is not None:
                self._strip.cache_clear()
            self._resize_content()
            if self._follow:
                self._to_end()
            # Lines in view may have grown without becoming more.
            if self._follow or before <= self.scroll_offset.y + self.size.height:
                self.refresh()
        if more:
            self._busy = True
            self.set_timer(0.001, self._step)

    def _resize_content(self) -> None:
        self.virtual_size = Size(self._widest + _GUTTER, self.line_count)

    def _to_end(self) -> None:
        bottom = max(0, self.line_count - self.scrollable_content_region.height)
        self.scroll_to(y=bottom, animate=False, force=True, immediate=True)

    # Keys and wheel

    def action_scroll_by(self, x: int, y: int) -> None:
        if y < 0:
            self.follow = False
        self.scroll_to(
            self.scroll_offset.x + x, self.scroll_offset.y + y, animate=False, force=True
        )

    def action_scroll_pages(self, direction: int) -> None:
        self.action_scroll_by(0, direction * max(1, self.size.height - 1))

    def action_to_start(self) -> None:
        self.follow = False
        self.scroll_to(0, 0, animate=False, force=True)

    def action_to_end(self) -> None:
        self.follow = True

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.action_scroll_by(0, -3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.action_scroll_by(0, 3)

    def on_resize(self, _event: events.Resize) -> None:
        if self._follow:
            self._to_end()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if self._reader is None or self.line_count == 0:
            return self._placeholder_line(y, width)
        line = self._line_in_view(y)
        if line is None:
            return Strip.blank(width, self.rich_style)
        strip = self._strip(line)
        if strip.cell_length - _GUTTER > self._widest:
            self._widest = strip.cell_length - _GUTTER
            self.call_after_refresh(self._resize_content)
        x = self.scroll_offset.x
        return strip.crop_extend(x, x + width, self.rich_style).apply_style(self.rich_style)

    def _line_in_view(self, y: int) -> Line | None:
        """Read for the whole window at once: its lines mostly stand in one piece of the file."""
        assert self._reader is not None
        top = self.scroll_offset.y
        place = (top, self.size.height)
        if self._window is None or self._window[0] != place:
            self._window = (place, self._reader.index.lines(*place))
        lines = self._window[1]
        return lines[y] if y < len(lines) else None

    def _placeholder_line(self, y: int, width: int) -> Strip:
        top = max(0, (self.size.height - len(self._placeholder)) // 3)
        if not 0 <= y - top < len(self._placeholder):
            return Strip.blank(width, self.rich_style)
        text = self._placeholder[y - top].copy()
        text.truncate(width, overflow="ellipsis")
        text.pad_left(max(0, (width - text.cell_len) // 2))
        return strip_of(text, width, self)

    def _make_strip(self, line: Line) -> Strip:
        """The whole line; cached by its value, so a line that grows is made anew."""
        is_error = line.stream == "stderr"
        gutter = foreground(self, "output--stderr")
        segments = [Segment("▎ " if is_error else "  ", gutter)]
        styled = ansi.style_line(line.raw)
        position = 0
        for span in styled.spans:
            if span.start > position:
                segments.append(Segment(styled.text[position : span.start]))
            segments.append(Segment(styled.text[span.start : span.end], rich_style(span.style)))
            position = span.end
        segments.append(Segment(styled.text[position:]))
        if line.cut:
            muted = tone_style(self, "text--muted")
            segments.append(Segment(f" … {line.cut} bytes more", muted))
        return Strip(segments)


@lru_cache(maxsize=1024)
def rich_style(style: ansi.Style) -> Style:
    """The child's style in the screen's terms."""
    return Style(
        color=_colour(style.fg),
        bgcolor=_colour(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )


def _colour(colour: ansi.Colour | None) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The time of a run as a bar: when it wrote how much, what happened, and which moment is shown."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from er_tui.session.moments import Tick
from er_tui.session.replay import ReplayReader
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_HEIGHTS: Final = " ▁▂▃▄▅▆▇█"
_SIGNS: Final[dict[Tick, tuple[str, str]]] = {
    "start": ("▶", "text--muted"),
    "attempt": ("╵", "live"),
    "cancel": ("⊘", "ending"),
    "signal": ("!", "ending"),
    "exit": ("■", "text--strong"),
}
"""The glyph and the tone of each."""
_MARGIN: Final = 1


class ReplayTrack(Widget):
    """Three lines: output, the way through the run, events. A click or drag goes to a moment."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = "ReplayTrack { height: 3; }"

    class Sought(Message):
        """The user wants to see this moment (Unix seconds)."""

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ReplayTrack.Sought)

    def __init__(self, reader: ReplayReader, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._reader = reader
        self._dragged = False
        self._drawn: tuple[object, list[Strip]] | None = None

    def render_line(self, y: int) -> Strip:
        reader, width = self._reader, max(1, self.size.width - 2 * _MARGIN)
        base = self.rich_style
        if y == 1:
            strip = self._way(width)
        else:
            key = width, len(reader.sizes), len(reader.story.tick_times), reader.ends, base
            if self._drawn is None or self._drawn[0] != key:
                self._drawn = key, [self._density(width), self._ticks(width)]
            strip = self._drawn[1][y // 2]
        margin = Segment(" " * _MARGIN)
        line = Strip([margin, *strip]).adjust_cell_length(self.size.width, base)
        return line.apply_style(base)

    def _edges(self, width: int) -> list[float]:
        """The moments between the columns."""
        reader = self._reader
        step = (reader.ends - reader.begins) / width
        return [reader.begins + column * step for column in range(width)] + [reader.ends]

    def _density(self, width: int) -> Strip:
        edges = self._edges(width)
        sizes = self._reader.sizes
        # What was written at the very beginning belongs to the first column.
        edges[0] -= 1.0
        counts = [sizes.written(a, b) for a, b in pairwise(edges)]
        most = max(counts).bit_length()
        glyphs = [
            _HEIGHTS[max(1, round(8 * count.bit_length() / most))] if count else " "
            for count in counts
        ]
        return Strip([Segment("".join(glyphs), tone_style(self, "live"))])

    def _ticks(self, width: int) -> Strip:
        edges = self._edges(width)
        edges[-1] += 1.0
        segments = []
        for since, until in pairwise(edges):
            tick = self._reader.story.tick_in(since, until)
            glyph, tone = (" ", "text--muted") if tick is None else _SIGNS[tick]
            segments.append(Segment(glyph, tone_style(self, tone)))
        return Strip(segments).simplify()

    def _way(self, width: int) -> Strip:
        reader = self._reader
        length = reader.ends - reader.begins
        share = (reader.position - reader.begins) / length if length else 1.0
        column = min(width - 1, int(share * width))
        accent, muted = tone_style(self, "text--accent"), tone_style(self, "text--muted")
        return Strip(
            [
                Segment("━" * column, accent),
                Segment("●", accent + Style(bold=True)),
                Segment("─" * (width - column - 1), muted),
            ]
        )

    # Mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            self._dragged = True
            self.capture_mouse()
            self._seek(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged:
            self._seek(event.x)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        if self._dragged:
            self._dragged = False
            self.release_mouse()

    def _seek(self, x: int) -> None:
        reader, width = self._reader, max(1, self.size.width - 2 * _MARGIN)
        share = min(max(0, x - _MARGIN), width - 1) / max(1, width - 1)
        self.post_message(self.Sought(reader.begins + share * (reader.ends - reader.begins)))

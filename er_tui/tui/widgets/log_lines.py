# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines of output as strips: safe, in the child's colours, with what is searched for marked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from rich.cells import split_graphemes
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from er_tui.text import ansi
from er_tui.text.line_index import Line
from er_tui.text.pattern import Pattern
from er_tui.tui.widgets.tones import tone_style

_CACHED = 512


class LineDrawer:
    """Draws lines for a widget that has the styles ``output--match`` and ``output--current``.

    What was drawn last is kept by the value of the line: one that grows is drawn anew.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._pattern: Pattern | None = None
        self.body = lru_cache(maxsize=_CACHED)(self._body)
        """The whole of a line; the second argument: whether it is the match that is looked at."""
        self.cuts = lru_cache(maxsize=_CACHED)(self._cuts)
        """The columns of a line at which the rows of so many columns begin; the last one ends."""

    @property
    def pattern(self) -> Pattern | None:
        """What is marked."""
        return self._pattern

    @pattern.setter
    def pattern(self, pattern: Pattern | None) -> None:
        self._pattern = pattern
        self.forget()

    def forget(self) -> None:
        """Draw anew: the styles have changed, or what is marked."""
        self.body.cache_clear()
        self.cuts.cache_clear()

    def match_column(self, line: Line) -> int | None:
        """Where the first match of the line begins."""
        text = ansi.style_line(line.raw).text
        spans = [] if self._pattern is None else self._pattern.spans(text)
        return split_graphemes(text[: spans[0][0]])[1] if spans else None

    def _body(self, line: Line, is_current: bool) -> Strip:
        styled = ansi.style_line(line.raw)
        marks = [] if self._pattern is None else self._pattern.spans(styled.text)
        style = self._mark_style("output--current" if is_current else "output--match")
        segments = list(_pieces(styled, marks, style))
        if line.cut:
            muted = tone_style(self._widget, "text--muted")
            segments.append(Segment(f" … {line.cut:,} bytes more", muted))
        return Strip(segments)

    def _mark_style(self, name: str) -> Style:
        style = self._widget.get_component_rich_style(name)
        return Style(color=style.color, bgcolor=style.bgcolor, bold=style.bold, reverse=False)

    def _cuts(self, line: Line, width: int) -> tuple[int, ...]:
        body = self.body(line, False)
        text = body.text
        if body.cell_length <= width:
            return 0, body.cell_length
        if text.isascii():
            return *range(0, body.cell_length, width), body.cell_length
        cuts, column = [0], 0
        for _start, _end, cells in split_graphemes(text)[0]:
            if column + cells - cuts[-1] > width:
                cuts.append(column)
            column += cells
        return *cuts, column


def _pieces(
    styled: ansi.StyledLine, marks: list[tuple[int, int]], mark: Style
) -> Iterator[Segment]:
    """The text in pieces of one style each."""
    edges = {0, len(styled.text)}
    edges.update(edge for span in styled.spans for edge in (span.start, span.end))
    edges.update(edge for pair in marks for edge in pair)
    places = sorted(edges)
    spans, marked = iter(styled.spans), iter(marks)
    span: ansi.Span | None = next(spans, None)
    place = next(marked, None)
    for start, end in pairwise(places):
        while span is not None and span.end <= start:
            span = next(spans, None)
        while place is not None and place[1] <= start:
            place = next(marked, None)
        style = rich_style(span.style) if span is not None and span.start <= start else None
        if place is not None and place[0] <= start:
            style = mark if style is None else style + mark
        yield Segment(styled.text[start:end], style)


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

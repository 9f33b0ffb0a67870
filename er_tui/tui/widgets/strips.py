# SPDX-License-Identifier: AGPL-3.0-or-later
"""A line of text as the strip that a widget gives to the compositor."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget


def strip_of(text: Text, width: int, widget: Widget, base: Style | None = None) -> Strip:
    """``text`` over the style of ``widget``, cut or filled to ``width`` columns.

    Rich leaves out a text's own style where nothing in it is styled; here it always counts.
    """
    console = widget.app.console
    over = widget.rich_style if base is None else base
    own = console.get_style(text.style) if isinstance(text.style, str) else text.style
    segments = list(Segment.apply_style(text.render(console), over + own))
    return Strip(segments).adjust_cell_length(width, over)

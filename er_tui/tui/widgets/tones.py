# SPDX-License-Identifier: AGPL-3.0-or-later
"""The styles of the theme, for widgets that draw their own lines."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.widget import Widget

from er_tui.tui.looks import TONES

TONE_CLASSES = frozenset(f"state--{tone}" for tone in TONES) | {
    "text--muted",
    "text--accent",
    "text--strong",
    "text--mark",
}


def tone_style(widget: Widget, name: str) -> Style:
    """The style of a tone (``good``) or text class (``text--muted``), without a background.

    Not Textual's partial style: that one leaves opacity out, and muted text would be bright.
    """
    if not name.startswith("text--"):
        name = f"state--{name}"
    return foreground(widget, name)


def foreground(widget: Widget, component: str) -> Style:
    """A component's style, blended over the widget, to be laid over any background."""
    return _without_background(widget.get_component_rich_style(component))


@lru_cache(maxsize=256)
def _without_background(style: Style) -> Style:
    return Style(color=style.color, bold=style.bold or None, italic=style.italic or None)

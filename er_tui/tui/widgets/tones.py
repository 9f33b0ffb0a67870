# SPDX-License-Identifier: AGPL-3.0-or-later
"""The styles of the theme, for widgets that draw their own lines."""

from __future__ import annotations

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
    """The foreground style of a tone (``good``) or text class (``text--muted``)."""
    if not name.startswith("text--"):
        name = f"state--{name}"
    return widget.get_component_rich_style(name, partial=True)

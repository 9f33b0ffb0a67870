# SPDX-License-Identifier: AGPL-3.0-or-later
"""A line of a JSON document, highlighted."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text
from textual.widget import Widget

from er_tui.text.line_index import Line
from er_tui.text.pattern import Pattern
from er_tui.text.safe import safe_characters
from er_tui.tui.widgets.tones import tone_style

_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*+"(?=: ))|(?P<text>"(?:[^"\\]|\\.)*+"?)|(?P<other>[^\s{}\[\]:,"]+)'
)
_TONES: Final = {"key": "text--accent", "text": "good", "other": "live"}
_CLOSERS: Final = {"{": "{…}", "[": "[…]"}


def json_text(
    widget: Widget,
    line: Line,
    *,
    opens: bool,
    hidden: str | None,
    pattern: Pattern | None,
    mark: str,
) -> Text:
    """The line in the tones of the widget, with what matches in its component style ``mark``.

    Where it ``opens`` a container a sign tells so; what is ``hidden`` in it stands for its members.
    """
    muted = tone_style(widget, "text--muted")
    plain = safe_characters(line.raw.decode(errors="replace"))
    text = Text(end="")
    text.append("▸ " if hidden is not None else "▾ " if opens else "  ", style=muted)
    margin, at = len(text), 0
    for token in _TOKEN.finditer(plain):
        text.append(plain[at : token.start()])
        text.append(token[0], style=tone_style(widget, _TONES[token.lastgroup or "other"]))
        at = token.end()
    rest = plain[at:]
    if hidden is None:
        text.append(rest)
    else:
        text.append(rest[:-1] + _CLOSERS.get(rest[-1:], "…"))
        text.append(f" {hidden}", style=muted)
    if line.cut:
        text.append(f" … {line.cut} bytes more", style=muted)
    if pattern is not None:
        style = widget.get_component_rich_style(mark)
        for start, end in pattern.spans(plain):
            text.stylize(style, margin + start, margin + end)
    return text

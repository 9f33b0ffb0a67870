# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON document as highlighted lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from rich.style import Style
from rich.text import Text

from er_tui.text.safe import safe_line

_LONGEST_VALUE = 4000


def json_lines(document: Any, tone: Callable[[str], Style]) -> list[Text]:
    """The document, indented by two, in the styles that ``tone`` gives for names of tones."""
    key, text, other = tone("text--accent"), tone("good"), tone("live")

    def value(node: Any) -> Text:
        return Text(_quoted(node), style=text if isinstance(node, str) else other, end="")

    def walk(node: Any, head: Text, indent: str, tail: str) -> Iterator[Text]:
        if isinstance(node, dict) and node:
            names = [(_quoted(name), node[name]) for name in node]
            brackets = "{}"
        elif isinstance(node, list | tuple) and node:
            names = [("", item) for item in node]
            brackets = "[]"
        else:
            yield Text.assemble(head, value(node), tail, end="")
            return
        yield Text.assemble(head, brackets[0], end="")
        inner = indent + "  "
        for position, (name, item) in enumerate(names):
            label = Text.assemble(inner, (name, key), ": ") if name else Text(inner)
            yield from walk(item, label, inner, "," if position < len(names) - 1 else "")
        yield Text(f"{indent}{brackets[1]}{tail}", end="")

    return list(walk(document, Text(""), "", ""))


def _quoted(value: Any) -> str:
    return safe_line(json.dumps(value, ensure_ascii=False), limit=_LONGEST_VALUE)

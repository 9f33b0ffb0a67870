# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON document as highlighted lines, and what differs between two of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from rich.style import Style
from rich.text import Text

from er_tui.text.safe import safe_line

DEEPEST = 64
"""Levels that are spread over lines; what is deeper is one line that says so."""
_LONGEST_VALUE = 4000
_COMPARED_LINES = 400
_CHANGED_LINES = 200
_KEY, _TEXT, _OTHER = "text--accent", "good", "live"


class Line(NamedTuple):
    """A line of a document; safe to show."""

    indent: str
    name: str
    """Quoted; empty where there is none."""
    value: str
    tail: str = ""
    tone: str = ""
    """Of the value."""

    @property
    def plain(self) -> str:
        colon = ": " if self.name else ""
        return f"{self.indent}{self.name}{colon}{self.value}{self.tail}"


def json_lines(document: Any, tone: Callable[[str], Style]) -> list[Text]:
    """The document, indented by two, in the styles that ``tone`` gives for names of tones."""
    return styled(spread(document), tone)


def spread(document: Any) -> Iterator[Line]:
    """The lines of the document, however deep it is: no more than DEEPEST levels are entered."""
    return _walk(document, "", "", 0)


def styled(lines: Iterable[Line], tone: Callable[[str], Style]) -> list[Text]:
    """The lines in the styles that ``tone`` gives for names of tones."""
    styles = {name: tone(name) for name in (_KEY, _TEXT, _OTHER)} | {"": Style.null()}
    return [
        Text.assemble(
            line.indent,
            (line.name, styles[_KEY]),
            ": " if line.name else "",
            (line.value, styles[line.tone]),
            line.tail,
            end="",
        )
        for line in lines
    ]


def changed_lines(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What differs, with ``-`` and ``+`` in front; bounded in work and in length.

    Whatever is left out for that is told in a line of its own, which begins with neither.
    """
    most = min(len(before), len(after))
    head = next((i for i in range(most) if before[i] != after[i]), most)
    most -= head
    tail = next((i for i in range(most) if before[-1 - i] != after[-1 - i]), most)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(old), len(new)) > _COMPARED_LINES:
        return [f"too much changed to compare: {len(old):,} lines became {len(new):,}"]
    changes: list[str] = []
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(
        None, old, new
    ).get_opcodes():
        if kind != "equal":
            changes += [f"-{line}" for line in old[old_start:old_end]]
            changes += [f"+{line}" for line in new[new_start:new_end]]
    left_out = len(changes) - _CHANGED_LINES
    if left_out > 0:
        changes[_CHANGED_LINES:] = [f"… {left_out:,} more changed lines are not shown"]
    return changes


def _walk(node: Any, name: str, tail: str, depth: int) -> Iterator[Line]:
    indent = "  " * depth
    if not (isinstance(node, dict | list | tuple) and node):
        tone = _TEXT if isinstance(node, str) else _OTHER
        yield Line(indent, name, _quoted(node), tail, tone)
        return
    named = isinstance(node, dict)
    opening, closing = "{}" if named else "[]"
    if depth >= DEEPEST:
        # Only counted: to write it as JSON would go down all its levels.
        many = f"{len(node):,} {'name' if named else 'item'}{'s' if len(node) > 1 else ''}"
        words = f"{opening}{many} … deeper than {DEEPEST} levels{closing}"
        yield Line(indent, name, words, tail, _OTHER)
        return
    yield Line(indent, name, opening)
    last = len(node) - 1
    items = ((_quoted(key), node[key]) for key in node) if named else (("", item) for item in node)
    for position, (key, item) in enumerate(items):
        yield from _walk(item, key, "," if position < last else "", depth + 1)
    yield Line(indent, "", closing, tail)


def _quoted(value: Any) -> str:
    return safe_line(json.dumps(value, ensure_ascii=False), limit=_LONGEST_VALUE)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the keys and values of a JSON text stand, for saying what is wrong with it.

Walks a text that the JSON decoder has accepted, up to wherever the walk is given up, without
recursion. It is many times slower than the decoder, and so is only used once something is wrong.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

JsonPath: TypeAlias = tuple[str | int, ...]

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class Node(NamedTuple):
    """One key or value of a text. A container's node is its opening bracket."""

    path: JsonPath
    """Keys and indices from the root. A key has the path of its value."""
    is_key: bool
    offset: int
    """Characters before it."""
    token: str
    """As it is spelled in the text."""


def nodes(text: str) -> Iterator[Node]:
    """Every key and value of `text`, in its order."""
    path: list[str | int] = []
    key_is_next = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == ":":
            key_is_next = False
        elif token in "}]":
            path.pop()
            key_is_next = False
        elif token == ",":
            inner = path[-1]
            if isinstance(inner, int):
                path[-1] = inner + 1
            else:
                key_is_next = True
        elif key_is_next:
            path[-1] = json.loads(token)
            yield Node(tuple(path), True, match.start(), token)
        else:
            yield Node(tuple(path), False, match.start(), token)
            if token == "{":
                path.append("")
                key_is_next = True
            elif token == "[":
                path.append(0)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where the character at `offset` stands, both counted from 1, the column in characters."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class Positions:
    """Offsets of the keys and values of one text, by their path.

    A path that leads beyond the text is taken for the innermost value on it.
    """

    def __init__(self, text: str) -> None:
        self._keys: dict[JsonPath, int] = {}
        self._values: dict[JsonPath, int] = {}
        for node in nodes(text):
            (self._keys if node.is_key else self._values)[node.path] = node.offset

    def key(self, path: JsonPath) -> int:
        return self._keys.get(path, self.value(path))

    def value(self, path: JsonPath) -> int:
        while path not in self._values:
            path = path[:-1]
        return self._values[path]

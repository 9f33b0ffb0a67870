# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON document laid out a member a line, as it is read, with how deep each line is.

The layout is lexical: numbers, escapes and duplicate keys stay as they were written, depth costs
nothing, and a document that breaks off is laid out up to there.
"""

import re
from typing import Final

INDENT: Final = b"  "
_DEEPEST_INDENT: Final = 100

CLOSING: Final = 0x80
"""Added to the depth of a line that closes a container."""
DEEPEST: Final = 0x7F
"""Told of lines that are as deep or deeper."""

_CONTENT: Final = rb'[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+'
_STRING: Final = b'"' + _CONTENT + b'"'
_WORD: Final = (
    rb"(?:-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+"
    rb"|true|false|null|NaN|-?+Infinity)"
)
_VALUE: Final = b"(?:" + _STRING + b"|" + _WORD + rb"(?=[\s,\]}])|[{\[])"
_UNIT: Final = re.compile(
    rb"\s*+(?:"
    rb"(" + _STRING + rb")\s*+:\s*+(" + _VALUE + rb")"  # 1, 2: a member, its value
    rb"|((?:" + _STRING + b"|" + _WORD + rb")(?=\s*+[,\]}])|[{\[])"  # 3: an item
    rb"|([}\]])"  # 4
    rb"|(?=,))\s*+(,)?+"  # 5
)
"""What is placed at a time. All but brackets and commas is known to be whole by what follows."""
_GOES_ON: Final = re.compile(
    rb'\s*+(?:"' + _CONTENT + rb"\\?+|" + _STRING + rb"\s*+(?:[:]\s*+(?:"
    rb'"' + _CONTENT + rb"\\?+|" + _STRING + rb"|[-+.\w]*+\s*+)?+)?+|[-+.\w]*+\s*+)\Z"
)
"""What may become something with more of it."""
_ALONE: Final = re.compile(rb"\s*+(" + _STRING + b"|" + _WORD + rb")\s*+\Z")
_SPACE: Final = re.compile(rb"\s*+")
_BEGINS: Final = [b"\n" + INDENT * depth for depth in range(_DEEPEST_INDENT + 1)]
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class LayoutError(ValueError):
    """Not JSON; the text says what and where, in bytes from the beginning."""


class Layout:
    """Lays out what it is fed; :meth:`take` hands over the lines."""

    def __init__(self) -> None:
        self._text: list[bytes] = []
        self._depths = bytearray()
        self._rest = b""
        self._more: list[bytes] = []
        self._offset = 0
        self._open: list[bytes] = []
        self._last = b""
        """A bracket that opened, a comma, or ``v`` for a value that is whole."""

    def feed(self, data: bytes) -> None:
        """Lay out more. Raises LayoutError where this is no JSON."""
        self._more.append(data)
        # What goes on is looked at again when it has doubled: a long string costs what it is long.
        if sum(map(len, self._more)) < len(self._rest):
            return
        if not self._offset and not self._last:
            self._skip_mark()
        self._read()

    def finish(self) -> None:
        """There is no more. Raises LayoutError for a document that is not complete."""
        self._read()
        alone = _ALONE.match(self._rest)
        if self._open:
            raise LayoutError(f"the document ends with {len(self._open)} open brackets")
        if alone is not None:
            self._place(None, alone[1], self._offset)
        elif self._rest.strip():
            raise LayoutError(f"byte {self._offset}: {_begun(self._rest)}")
        if not self._last:
            raise LayoutError("the document is empty")
        self._text.append(b"\n")

    def take(self) -> tuple[bytes, bytes]:
        """The lines that became whole, with their newlines, up to a mistake too; and a byte for
        each line that was begun: its depth, from 0 to :data:`DEEPEST`, plus :data:`CLOSING`."""
        text, depths = b"".join(self._text), bytes(self._depths)
        whole = text.rfind(b"\n") + 1
        self._text = [text[whole:]]
        self._depths.clear()
        return text[:whole], depths

    def _skip_mark(self) -> None:
        data = b"".join([self._rest, *self._more])
        self._more = []
        self._rest = data
        if data.startswith(_BYTE_ORDER_MARK):
            self._rest, self._offset = data[3:], 3

    def _read(self) -> None:
        data = b"".join([self._rest, *self._more])
        position = 0
        for unit in _UNIT.finditer(data):
            if unit.start() != position:
                break
            key, value, item, closer, comma = unit.groups()
            if closer is not None:
                self._close(closer, self._offset + position)
            elif key is not None:
                self._place(key, value, self._offset + position)
            elif item is not None:
                self._place(None, item, self._offset + position)
            if comma is not None:
                self._separate(self._offset + position)
            position = unit.end()
        self._rest, self._more = data[position:], []
        self._offset += position
        if _GOES_ON.match(self._rest) is None:
            at = self._offset + _SPACE.match(self._rest).end()  # type: ignore[union-attr]
            raise LayoutError(f"byte {at}: {_begun(self._rest)}")

    def _place(self, key: bytes | None, value: bytes, at: int) -> None:
        last, depth = self._last, len(self._open)
        if last == b"v" or (not depth and key is not None):
            raise LayoutError(f"byte {at}: {_shown(key or value)} is out of place")
        if depth and (self._open[-1] == b"{") is (key is None):
            what = "has no name" if key is None else "has a name in a list"
            raise LayoutError(f"byte {at}: {_shown(key or value)} {what}")
        self._begin(depth, 0)
        self._text += (value,) if key is None else (key, b": ", value)
        if value in (b"{", b"["):
            self._open.append(value)
            self._last = value
        else:
            self._last = b"v"

    def _close(self, closer: bytes, at: int) -> None:
        opened = self._open.pop() if self._open else b""
        if opened != (b"{" if closer == b"}" else b"["):
            raise LayoutError(f"byte {at}: {closer.decode()} closes nothing")
        if self._last == b",":
            raise LayoutError(f"byte {at}: nothing follows a comma")
        if self._last == b"v":
            self._begin(len(self._open), CLOSING)
        self._text.append(closer)
        self._last = b"v"

    def _separate(self, at: int) -> None:
        if self._last != b"v" or not self._open:
            raise LayoutError(f"byte {at}: a comma is out of place")
        self._text.append(b",")
        self._last = b","

    def _begin(self, depth: int, kind: int) -> None:
        if self._last:
            self._text.append(_BEGINS[depth if depth < _DEEPEST_INDENT else _DEEPEST_INDENT])
        self._depths.append((depth if depth < DEEPEST else DEEPEST) | kind)


def _shown(data: bytes) -> str:
    return data[:20].decode(errors="replace")


def _begun(data: bytes) -> str:
    """What is wrong with what begins so."""
    data = data.lstrip()
    if data.startswith(b'"') and re.match(_STRING, data) is None:
        control = re.match(b'"' + _CONTENT + rb"\\?+[\x00-\x1f]", data)
        return "a string with a control character" if control else "a string without its end"
    return f"{_shown(data)} is out of place"

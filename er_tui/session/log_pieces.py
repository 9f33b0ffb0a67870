# SPDX-License-Identifier: AGPL-3.0-or-later
"""A log, or rows of it, a piece at a time: to be copied, saved, or read where a line is long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from er_tui.session.log import Log
from er_tui.text.ansi import plain_line
from er_tui.text.line_index import Line, LineIndex

PIECE: Final = 64 << 10
_ROWS: Final = 256
_SEGMENT: Final = 1 << 20
_LONGEST_SEQUENCE: Final = 64
_UNFINISHED: Final = re.compile(rb"\x1b[^\x1b]{0,63}\Z|[\xc0-\xff][\x80-\xbf]{0,2}\Z")
_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[^\x1b\[\]PX^_])")


def whole_piece(data: bytes) -> int:
    """How much of ``data`` can be drawn by itself: no character or sequence is cut in two."""
    found = _UNFINISHED.search(data, max(0, len(data) - _LONGEST_SEQUENCE))
    if found is None or found.start() == 0:
        return len(data)
    if found[0][0] == 0x1B and _SEQUENCE.match(found[0]):
        return len(data)
    if found[0][0] >= 0xC0 and len(found[0]) == _character_length(found[0][0]):
        return len(data)
    return found.start()


def pieces_of(
    index: LineIndex, stream: str, start: int, end: int, most: int = PIECE
) -> Iterator[bytes]:
    """The bytes from ``start`` to ``end``, in pieces that can each be drawn by themselves."""
    while start < end:
        data = index.read(stream, start, min(most, end - start))
        if not data:
            return
        data = data[: whole_piece(data)] if start + len(data) < end else data
        yield data
        start += len(data)


def plain_rows(log: Log, rows: range) -> Iterator[str]:
    """The text of the rows as it is shown, safe; each ends with a newline."""
    for line in _lines(log, rows):
        if line.cut:
            for piece in pieces_of(
                log.reader.index, line.stream, line.start, line.start + line.length
            ):
                yield plain_line(piece)
            yield "\n"
        else:
            yield plain_line(line.raw) + "\n"


def plain_span(log: Log, rows: range, start: int, end: int) -> Iterator[str]:
    """The text from character ``start`` of the first of the rows, as it is shown, to ``end`` of the
    last one."""
    last = rows.stop - 1
    for row, line in zip(rows, _lines(log, rows), strict=False):
        text = plain_line(line.raw)
        begin = start if row == rows.start else 0
        if row == last:
            yield text[begin:end]
            return
        yield text[begin:]
        if line.cut and log.reader.index.read(line.stream, line.start, len(line.raw)) == line.raw:
            # The head is what is shown; of a progress bar it is the end, and all there is.
            behind = line.start + len(line.raw)
            rest = pieces_of(log.reader.index, line.stream, behind, line.start + line.length)
            yield from map(plain_line, rest)
        yield "\n"


def raw_rows(log: Log, rows: range) -> Iterator[bytes]:
    """The bytes of the rows as they were captured, each with a newline."""
    for line in _lines(log, rows):
        if not line.cut:
            yield line.raw + b"\n"
            continue
        end = line.start + line.length
        for at in range(line.start, end, _SEGMENT):
            yield log.reader.index.read(line.stream, at, min(_SEGMENT, end - at))
        yield b"\n"


def raw_log(log: Log) -> Iterator[bytes]:
    """All bytes that are indexed now, in the order in which they came."""
    index = log.reader.index
    size, done = index.size, 0
    segment = index.segment(None, _SEGMENT)
    while segment is not None and done < size:
        for at in range(segment.start, segment.end, _SEGMENT):
            yield index.read(segment.stream, at, min(_SEGMENT, segment.end - at))
        done += segment.end - segment.start
        segment = index.segment(segment, _SEGMENT)


def _lines(log: Log, rows: range) -> Iterator[Line]:
    for first in range(rows.start, rows.stop, _ROWS):
        for _number, line in log.rows(first, min(_ROWS, rows.stop - first)):
            yield line


def _character_length(first: int) -> int:
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4

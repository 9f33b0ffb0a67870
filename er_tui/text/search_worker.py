# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process that searches stretches of files, so that whoever shows them is never kept waiting.

Requests come as JSON lines on standard input, answers go as frames to standard output: the header
:data:`HEADER`, and the matches as a little-endian bit set, bit n for the n-th line that ends in the
stretch. A request with ``texts`` is answered with JSON instead: see :func:`_found`. It ends when
its input does.
"""

import json
import os
import struct
import sys
from typing import Any, Final

from er_tui.text.pattern import Pattern
from er_tui.text.plain import plain_lines

HEADER: Final = struct.Struct("<IIB")
"""Number of the request, bytes of the bit set, whether the line in progress at the end matches."""
MOST_BEFORE: Final = 64 << 10
"""Bytes before a stretch that are looked at for a line that began there. Of a longer line each
stretch is searched by itself."""

MOST_TEXT: Final = 400
"""Bytes of a line that was found that are told,"""
_MOST_AHEAD: Final = 80
"""and how many of them ahead of the match, at most."""
_MOST_CANDIDATES: Final = 2000
"""In one stretch; above it, stripping all lines at once is quicker."""


def main() -> None:
    os.nice(5)  # keys are answered first
    files: dict[str | int, int] = {}
    patterns: dict[str, Pattern] = {}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        key = json.dumps(request["pattern"])
        if key not in patterns:
            patterns = {key: Pattern(**request["pattern"])}
        path = request["path"]
        if path not in files:
            files[path] = _open(path)
        if "texts" in request:
            found = _found(patterns[key], files[path], request)
            data, tail = json.dumps(found).encode(), found["tail"] is not None
            os.close(files.pop(path))  # there are many of them
        else:
            bits, tail = _search(patterns[key], files[path], request)
            data = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
        sys.stdout.buffer.write(HEADER.pack(request["number"], len(data), tail) + data)
        sys.stdout.buffer.flush()


def _open(path: str | int) -> int:
    """A file that cannot be read has no lines; the index tells why. One without a name was handed
    over open."""
    if isinstance(path, int):
        return path
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def _search(pattern: Pattern, file: int, request: dict[str, Any]) -> tuple[int, bool]:
    start = max(request["line_start"], request["start"] - MOST_BEFORE)
    try:
        data = os.pread(file, request["end"] - start, start)
    except OSError:
        return 0, False
    return _matches(pattern, data)


def _matches(pattern: Pattern, data: bytes) -> tuple[int, bool]:
    """As :func:`matching_lines`, of lines with their escape sequences."""
    if b"\x1b" not in data:
        return matching_lines(pattern, plain_lines(data))
    hinted = _by_hint(pattern, data)
    return matching_lines(pattern, plain_lines(data)) if hinted is None else hinted


def _found(pattern: Pattern, file: int, request: dict[str, Any]) -> dict[str, Any]:
    """What is found in a stretch of a file of which nothing is known.

    ``newlines``: how many lines end in it; ``count``: how many of them match; ``lines``: of at most
    ``texts`` of these, the number (from 0 in the stretch) and the text around the match; ``tail``:
    that of what follows the last newline, if it matches; ``long``: whether it begins in a line so
    long that this is not looked at whole.
    """
    start, before = request["start"], max(0, request["start"] - MOST_BEFORE)
    try:
        data = os.pread(file, request["end"] - before, before)
    except OSError:
        data = b""
    begin = data.rfind(b"\n", 0, start - before) + 1
    is_long = begin == 0 and before > 0
    data = data[begin:]
    bits, tail = _matches(pattern, data)
    lines: list[tuple[int, str]] = []
    left = bits
    at = number = 0
    while left and len(lines) < request["texts"]:
        skipped = (left & -left).bit_length() - 1
        for _ in range(skipped):
            at = data.index(b"\n", at) + 1
        end = data.index(b"\n", at)
        number += skipped
        lines.append((number, _text(pattern, data[at:end])))
        at, number, left = end + 1, number + 1, left >> skipped + 1
    return {
        "newlines": data.count(b"\n"),
        "count": bits.bit_count(),
        "lines": lines,
        "tail": _text(pattern, data[data.rfind(b"\n") + 1 :]) if tail else None,
        "long": is_long,
    }


def _text(pattern: Pattern, line: bytes) -> str:
    """So much of a line as fits on a screen, with the match; not made safe."""
    line = plain_lines(line)
    match = pattern.compiled.search(line)
    start = max(0, match.start() - _MOST_AHEAD) if match is not None else 0
    end = min(start + MOST_TEXT, len(line))
    # Not through the middle of a character.
    while 0 < start < end and line[start] & 0xC0 == 0x80:
        start += 1
    while start < end < len(line) and line[end] & 0xC0 == 0x80:
        end -= 1
    text = line[start:end].decode(errors="replace")
    return ("…" if start else "") + text + ("…" if end < len(line) else "")


def _by_hint(pattern: Pattern, data: bytes) -> tuple[int, bool] | None:
    """As :func:`matching_lines`, but only lines are stripped of their sequences where a text that
    must be there is; None if there is no such text, or too many of such lines."""
    if pattern.hint is None:
        return None
    candidates, found = 0, 0
    number, counted, position = 0, 0, 0
    while (hint := pattern.hint.search(data, position)) is not None:
        at = hint.start()
        start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        matches = pattern.compiled.search(plain_lines(data[start : end if end >= 0 else None]))
        if end < 0:
            return found, matches is not None
        number += data.count(b"\n", counted, start)
        counted = start
        if matches is not None:
            found |= 1 << number
        candidates += 1
        if candidates > _MOST_CANDIDATES:
            return None
        position = end + 1
    return found, False


def matching_lines(pattern: Pattern, data: bytes) -> tuple[int, bool]:
    """Bit n for line n of ``data``; and whether what follows the last newline matches."""
    search = pattern.compiled.search
    last = data.rfind(b"\n")
    found = bytearray()
    number, counted, position = 0, 0, 0
    while (match := search(data, position, last + 1)) is not None:
        at = match.start()
        if at > last:
            break
        number += data.count(b"\n", counted, at)
        counted = at
        byte = number >> 3
        if byte >= len(found):
            found.extend(bytes(byte + 1 - len(found)))
        found[byte] |= 1 << (number & 7)
        position = data.find(b"\n", at) + 1
        if position > last:
            break
    tail = last + 1 < len(data) and search(data, last + 1) is not None
    return int.from_bytes(found, "little"), tail


if __name__ == "__main__":
    main()

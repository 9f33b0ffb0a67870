# SPDX-License-Identifier: AGPL-3.0-or-later
"""A capture of a GiB: opened, jumped about in, indexed, searched; and a line as long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from er_tui.text.line_index import LineIndex
from er_tui.text.pattern import Pattern
from er_tui.text.search import Search
from tests.bench.harness import Figure, bench, timed
from tests.bench.screen import Screen
from tests.bench.watching import (
    dashboard,
    folder_in_memory,
    keys,
    mark_keys,
    percentile,
    resident_megabytes,
    rival,
    told,
    write_invocation,
)

_SIZE = 1 << 30
_LINES = 12_000_000
_BLOCKS = 1_200
_NEEDLES = 12
_JUMPS = 20
_FIRST, _LAST = "the-very-first-line", "the-very-last-line"
_RARE = Pattern("needle [0-9]+ of [a-z]+$", regex=True)
_LOOK_SECONDS = 0.002


def _write_lines(path: Path, *, coloured: bool = False) -> None:
    """Twelve million lines in a GiB, of which a few hold a needle."""
    lines = _LINES // _BLOCKS
    length = _SIZE // _LINES
    with open(path, "wb") as file:
        for block in range(_BLOCKS):
            if block == 0:
                said = _block(lines, length, coloured)
            body = bytearray(said)
            if block % (_BLOCKS // _NEEDLES) == 0:
                body[: length - 1] = f"{'needle 17 of many':>{length - 1}}".encode()
            if block == 0:
                body[length : 2 * length - 1] = f"{_FIRST:<{length - 1}}".encode()
            if block == _BLOCKS - 1:
                body[-length:-1] = f"{_LAST:<{length - 1}}".encode()
            file.write(body)


def _block(lines: int, length: int, coloured: bool) -> bytes:
    before, after = ("\x1b[32m", "\x1b[0m") if coloured else ("", "")
    room = length - 1 - len(before + after)
    return "".join(
        f"{before}{f'{number:06} says what lines of a log say, at some length':<{room}.{room}}"
        f"{after}\n"
        for number in range(lines)
    ).encode()


def _run(screen: Screen) -> None:
    """Run the invocation that prints it all, and go on to the next."""
    screen.seconds_until(b"jobs 0/")
    screen.settle()
    screen.type("r")
    screen.seconds_until(b"1 succeeded")
    screen.settle()
    screen.type("j")
    screen.settle()


def _beside(path: Path, name: str) -> str:
    """How a viewer of files fares with the same file."""
    program = rival(name)
    if program is None:
        return f"{name}: not installed"
    with Screen([program, str(path)]) as screen:
        try:
            screen.seconds_until(b"at some length")
            begun = time.perf_counter()
            screen.type("G")
            screen.seconds_until(_LAST.encode())
            end = f"the end after {time.perf_counter() - begun:.1f} s"
        except TimeoutError:
            end = "the end not within 20 s"
        return f"{name}: {end}, {resident_megabytes(screen.pid):.0f} MB"


@bench("large")
def large() -> Iterator[Figure]:
    """A finished run that printed a GiB, opened again; then the search alone."""
    with folder_in_memory() as folder:
        lines = folder / "lines.txt"
        _write_lines(lines)
        write_invocation(folder, "a-large", ["cat", str(lines)])
        write_invocation(folder, "b-other", ["true"])
        with dashboard(folder) as screen:
            screen.seconds_until(b"jobs 0/")
            screen.settle()
            before = resident_megabytes(screen.pid)
            _run(screen)
            yield from _opened(screen, before)
        rivals = "; ".join(_beside(lines, name) for name in ("lnav", "tl"))
        yield from _searched(lines, "plain", 1.5, rivals)
        _write_lines(lines, coloured=True)
        yield from _searched(lines, "ansi", 4.0, "every line coloured")


def _opened(screen: Screen, before: float) -> Iterator[Figure]:
    screen.type("k")
    shown = screen.seconds_until(b"at some length")
    taken, indexed = mark_keys(screen, 1, f"{_LINES:,} lines".encode())
    yield Figure(
        "large-first-lines",
        "12,000,000 lines in 1 GiB: from the key to lines of it",
        *(shown * 1000, "ms", 150.0, "the cursor goes to a finished run"),
    )
    yield Figure(
        "large-index",
        "the same until all lines are counted",
        *(shown + indexed, "s", 1.5),
        f"keys meanwhile: p95 {percentile(taken):.0f} ms, {told(taken)}",
    )
    screen.settle()
    screen.type("\t")
    screen.settle()
    jumps = []
    for _ in range(_JUMPS):
        jumps += keys(screen, "g", lambda _: _FIRST, range(1))
        jumps += keys(screen, "G", lambda _: _LAST, range(1))
    yield Figure(
        "large-jump",
        "from g or G until the first or the last line is shown, p95",
        *(percentile(jumps), "ms", 30.0, told(jumps)),
    )
    grown = resident_megabytes(screen.pid) - before
    yield Figure(
        "large-memory",
        "what the dashboard grew by",
        *(grown, "MB", 40.0, f"from {before:.0f} MB"),
    )


def _searched(path: Path, name: str, target: float, beside: str) -> Iterator[Figure]:
    index = LineIndex({"stdout": path})
    size = path.stat().st_size
    counting = timed(lambda: _index_all(index, size))
    search = Search(_RARE, index, {"stdout": path})
    try:
        seconds = timed(lambda: _finish(search))
        found = len(search.matches)
    finally:
        search.close()
    yield Figure(
        f"large-search-{name}",
        f"a rare expression in 1 GiB ({name}): all {found} matches",
        *(seconds, "s", target, f"counting the lines alone {counting:.2f} s; {beside}"),
    )
    search = Search(_RARE, index, {"stdout": path})
    search.step()
    until = time.perf_counter() + seconds / 2
    while search.busy and time.perf_counter() < until:
        search.step()
        time.sleep(_LOOK_SECONDS)
    yield Figure(
        *(f"large-cancel-{name}", "the search given up half-way"),
        *(timed(search.close) * 1000, "ms", 100.0, f"{search.searched / size:.0%} was searched"),
    )
    index.close()


def _index_all(index: LineIndex, size: int) -> None:
    while index.extend("stdout", size) < size:
        pass


def _finish(search: Search) -> None:
    """Search as the dashboard does: a step now and then. Raises RuntimeError if it fails."""
    search.step()
    while search.busy:
        time.sleep(_LOOK_SECONDS)
        search.step()
    if search.failure is not None:
        raise RuntimeError(search.failure)


@bench("long-line")
def long_line() -> Iterator[Figure]:
    """A GiB without a newline, shown while it is printed and after."""
    with folder_in_memory() as folder:
        path = folder / "line.txt"
        with open(path, "wb") as file:
            for _ in range(_SIZE >> 20):
                file.write(b"x" * (1 << 20))
        write_invocation(folder, "a-long", ["cat", str(path)])
        with dashboard(folder) as screen:
            screen.seconds_until(b"jobs 0/")
            screen.settle()
            before = resident_megabytes(screen.pid)
            screen.type("r")
            taken, _ = mark_keys(screen, 40, b"1 succeeded")
            grown = resident_megabytes(screen.pid) - before
    yield Figure(
        "long-line-key",
        "a line of 1 GiB: keys while it is printed and after, p95",
        *(percentile(taken), "ms", 50.0, f"{told(taken)}; grown by {grown:.0f} MB"),
    )

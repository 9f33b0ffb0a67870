# SPDX-License-Identifier: AGPL-3.0-or-later
"""Twenty thousand invocations: first paint, all read, and the cursor's keys meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, bench
from tests.bench.screen import Screen
from tests.bench.watching import (
    REPEAT_SECONDS,
    dashboard,
    folder_in_memory,
    keys,
    percentile,
    told,
    write_invocation,
)

_FILES = 20_000
_LIVE = 200
_PRESSES = 150
_TALKS = "import time\nwhile True: print(time.time(), flush=True); time.sleep(1)"


def _name(number: int) -> str:
    return f"n{number:05}-{'live' if number < _LIVE else 'idle'}"


def _write(folder: Path) -> None:
    for number in range(_FILES):
        live = number < _LIVE
        command = [sys.executable, "-I", "-S", "-c", _TALKS] if live else ["true"]
        write_invocation(folder, _name(number), command)


def _titled(number: int) -> str:
    """As the title of the run side has it, which is drawn last; the list shows no such thing."""
    return f"{_name(number)} · subprocess"


def _while_loading(screen: Screen) -> tuple[float, list[float]]:
    """Seconds until all is read, and those of the keys meanwhile."""
    begun = time.perf_counter()
    taken: list[float] = []
    text = f"{_FILES} not run".encode()
    while True:
        screen.type("j")
        taken.append(screen.seconds_until(_name(len(taken) + 1).encode()))
        screen.settle_for(REPEAT_SECONDS)
        if screen.has_drawn(text):
            return time.perf_counter() - begun, taken


@bench("many")
def many() -> Iterator[Figure]:
    """The dashboard on 20,000 files, from its start on; then 200 of them run."""
    with folder_in_memory() as folder:
        _write(folder)
        with dashboard(folder, "--jobs", str(_LIVE)) as screen:
            first = screen.seconds_until(_name(0).encode())
            read, loading = _while_loading(screen)
            yield Figure(
                "many-first-paint",
                "20,000 files: from the start of the process to a list",
                *(first, "s", 1.0, "the names; the files are not read yet"),
            )
            yield Figure(
                "many-read",
                "20,000 files: until all are read and counted",
                *(first + read, "s", 4.0),
                f"keys meanwhile: p95 {percentile(loading):.0f} ms, {told(loading)}",
            )
            screen.settle()
            screen.type("g")
            screen.settle()
            idle = keys(screen, "j", _titled, range(1, _PRESSES))
            yield Figure(
                "many-key",
                "20,000 listed: cursor key to the run side's title, p95",
                *(percentile(idle), "ms", 20.0, told(idle)),
            )
            yield from _live(screen)


def _live(screen: Screen) -> Iterator[Figure]:
    screen.type("g/")
    screen.settle()
    screen.type("live")
    screen.seconds_until(f"{_LIVE} of {_FILES}".encode())
    screen.type("\r")
    screen.settle()
    screen.type("R")
    screen.seconds_until(f"{_LIVE} running".encode())
    screen.type("\x1b")
    screen.settle_for(3.0)
    screen.type("g")
    screen.settle_for(1.0)
    live = keys(screen, "j", _titled, range(1, _PRESSES))
    yield Figure(
        "many-key-live",
        "the same with 200 runs live that print a line a second",
        *(percentile(live), "ms", 20.0, told(live)),
    )

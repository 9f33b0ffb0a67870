# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the benches of the screen have in common: folders of invocations, keys, rivals."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.screen import Screen

REPEAT_SECONDS = 1 / 30
"""Between two keys where one is held down."""
_MOST_PRESSES = 300


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A fresh folder, in memory where there is any: what is measured is not the disk."""
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="er-tui-bench-", dir=place) as folder:
        yield Path(folder)


def write_invocation(folder: Path, name: str, command: list[str], **metadata: str) -> None:
    """Runs are kept in ``folder/runs``, not among the invocation files."""
    document = {
        "schema_version": "0.1",
        "contract_kind": "runtime_invocation",
        "invocation_id": name,
        "runtime_name": "bench",
        "runtime_kind": "subprocess",
        "working_directory": str(folder),
        "command": command,
        "environment": {},
        "timeout_seconds": 3600,
        "input_payload_path": None,
        "output_result_path": None,
        "artifact_directory": str(folder / ".runs"),
        "metadata": metadata,
    }
    (folder / f"{name}.json").write_text(json.dumps(document))


def dashboard(folder: Path, *options: str) -> Screen:
    """The real dashboard in a terminal."""
    return Screen([sys.executable, "-m", "er_tui", *options, str(folder)])


def rival(name: str) -> str | None:
    """The program's path, from ``PATH`` or the folders of ``ER_TUI_BENCH_PATH``."""
    more = os.environ.get("ER_TUI_BENCH_PATH", "")
    return shutil.which(name, path=os.pathsep.join((more, os.environ.get("PATH", ""))))


def percentile(values: list[float], part: float = 0.95) -> float:
    """In milliseconds, of values in seconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


def told(values: list[float]) -> str:
    """Median and worst, for ``beside``."""
    worst = max(values) * 1000
    return f"median {percentile(values, 0.5):.1f} ms, worst of {len(values)} {worst:.0f} ms"


def keys(screen: Screen, key: str, drawn: Callable[[int], str], numbers: range) -> list[float]:
    """Seconds from each press of ``key`` until what it changes (by number) is drawn.

    The presses come as of a key that is held down. Pressed as soon as the last one is drawn, each
    would come just after a frame and wait for the next one.
    """
    taken = []
    for number in numbers:
        screen.settle_for(REPEAT_SECONDS)
        screen.type(key)
        taken.append(screen.seconds_until(drawn(number).encode()))
    return taken


def mark_keys(screen: Screen, least: int, upto: bytes = b"") -> tuple[list[float], float]:
    """Presses of the key that marks all, or unmarks it: seconds until the list says how many are
    marked, and from the first press until ``upto`` was drawn (infinity if that never was).

    The key changes nothing in the panes, so whatever they show goes on.
    """
    begun, taken, came = time.perf_counter(), list[float](), math.inf
    while len(taken) < least or (upto and came == math.inf and len(taken) < _MOST_PRESSES):
        for wanted in (b" marked", b""):
            screen.type("*")
            if wanted:
                taken.append(screen.seconds_until(wanted))
            screen.settle_for(REPEAT_SECONDS)
            if came == math.inf and upto and screen.has_drawn(upto):
                came = time.perf_counter() - begun
    return taken, came


def resident_megabytes(pid: int) -> float:
    return _status_megabytes(pid, "VmRSS")


def most_resident_megabytes(pid: int) -> float:
    """The most it ever was."""
    return _status_megabytes(pid, "VmHWM")


def _status_megabytes(pid: int, name: str) -> float:
    with open(f"/proc/{pid}/status") as file:
        lines = (line.split() for line in file)
        return next(float(words[1]) * 1024 / 1e6 for words in lines if words[0] == f"{name}:")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A child that prints a million coloured lines while it is shown, alone and among fifty."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.harness import Figure, bench
from tests.bench.screen import Screen
from tests.bench.watching import (
    dashboard,
    folder_in_memory,
    mark_keys,
    most_resident_megabytes,
    percentile,
    rival,
    told,
    write_invocation,
)

_LINES = 1_000_000
_ROUNDS = 3
_PRESSES = 60
_OTHERS = 49
_FLOOD = """
import json, os, sys, time
lines, report = int(sys.argv[1]), sys.argv[2]
begun = time.monotonic()
write = sys.stdout.write
line = "\\x1b[32m%07d\\x1b[0m all of these lines "
line += "\\x1b[1;31mhave colours\\x1b[0m and plain words.\\n"
for number in range(lines):
    write(line % number)
write("the-very-last-line\\n")
sys.stdout.flush()
ended = time.monotonic()
with open(report + ".new", "w") as file:
    json.dump([begun, ended], file)
os.rename(report + ".new", report)
"""
_TALKS = "import time\nwhile True: print(time.time(), flush=True); time.sleep(1)"
_LAST = b"the-very-last-line"


def _flood(report: Path, lines: int = _LINES) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", _FLOOD, str(lines), str(report)]


def _reported(report: Path) -> tuple[float, float]:
    """When the child began to print and when it had, on the clock that all processes share."""
    begun, ended = json.loads(report.read_text())
    report.unlink()
    return begun, ended


def _into_file(folder: Path) -> float:
    """The child's seconds where nothing stands between it and a file."""
    report = folder / "plain-report"
    with open(folder / "plain.txt", "wb") as file:
        subprocess.run(_flood(report), stdout=file, check=True)
    begun, ended = _reported(report)
    return ended - begun


def _shown(screen: Screen, report: Path) -> tuple[float, float]:
    """The child's seconds where it is shown, and those from its last line to the screen."""
    screen.type("r")
    screen.seconds_until(_LAST)
    drawn = time.monotonic()
    screen.settle()
    begun, ended = _reported(report)
    return ended - begun, drawn - ended


def _beside(folder: Path, name: str) -> str:
    """How a viewer of files fares that follows the same child's file."""
    program = rival(name)
    if program is None:
        return f"{name}: not installed"
    path, report = folder / "followed.log", folder / "followed-report"
    path.write_text("the first line\n")
    with Screen([program, str(path)]) as screen:
        screen.seconds_until(b"the first line")
        screen.settle()
        with open(path, "ab") as file:
            child = subprocess.Popen(_flood(report), stdout=file)
        try:
            screen.seconds_until(_LAST)
            late = f"last line {time.monotonic() - _reported(report)[1]:.2f} s late"
        except TimeoutError:
            late = "last line not shown within 20 s"
        finally:
            child.wait()
        resident = most_resident_megabytes(screen.pid)
    path.unlink()
    return f"{name}: {late}, {resident:.0f} MB"


@bench("flood")
def flood() -> Iterator[Figure]:
    """One child, shown from its first line to its last."""
    with folder_in_memory() as folder:
        report = folder / "report"
        write_invocation(folder, "flood", _flood(report), **{"subprocess.unbuffered": "false"})
        plain, child, late = [], [], []
        with dashboard(folder) as screen:
            screen.seconds_until(b"jobs 0/")
            screen.settle()
            for _ in range(_ROUNDS):
                plain.append(_into_file(folder))
                seconds, behind = _shown(screen, report)
                child.append(seconds)
                late.append(behind)
            resident = most_resident_megabytes(screen.pid)
            idle, _ = mark_keys(screen, _PRESSES)
        others = "; ".join(_beside(folder, name) for name in ("lnav", "tl"))
    yield Figure(
        "flood-child",
        "a million coloured lines, shown, against the same into a file",
        *(median(child) / median(plain), "×", 1.2),
        f"{median(child):.2f} s, into a file {median(plain):.2f} s",
    )
    yield Figure(
        "flood-last-line",
        "from the child's last write until the screen shows it, worst",
        *(max(late), "s", 0.5, others),
    )
    yield Figure(
        "flood-memory",
        f"the most that the dashboard took in {_ROUNDS} floods",
        *(resident, "MB", 150.0, others),
    )
    yield Figure(
        "flood-key-idle",
        "the key that marks all, until that is told, after the flood, p95",
        *(percentile(idle), "ms", 20.0, told(idle)),
    )
    yield from _keys_meanwhile("flood-key", 0)


@bench("flood-50")
def flood_50() -> Iterator[Figure]:
    """The same where 49 others are live."""
    yield from _keys_meanwhile("flood-50-key", _OTHERS)


def _keys_meanwhile(name: str, others: int) -> Iterator[Figure]:
    """A flood without an end, and keys while it is shown."""
    with folder_in_memory() as folder:
        report = folder / "report"
        command = _flood(report, 1_000_000_000)
        unbuffered = {"subprocess.unbuffered": "false"}
        write_invocation(folder, "flood", command, **unbuffered)
        for number in range(others):
            talks = [sys.executable, "-I", "-S", "-c", _TALKS]
            write_invocation(folder, f"talk-{number:02}", talks)
        with dashboard(folder, "--jobs", str(others + 1)) as screen:
            screen.seconds_until(b"jobs 0/")
            screen.settle()
            screen.type("R")
            screen.seconds_until(f"{others + 1} running".encode())
            screen.settle_for(1.0)
            taken, _ = mark_keys(screen, _PRESSES)
            resident = most_resident_megabytes(screen.pid)
        written = sum(path.stat().st_size for path in folder.rglob("stdout.txt"))
    yield Figure(
        name,
        f"the same key while a child floods and {others} others are live, p95",
        *(percentile(taken), "ms", 50.0),
        f"{told(taken)}; {written / 1e6:.0f} MB printed meanwhile, dashboard {resident:.0f} MB",
    )

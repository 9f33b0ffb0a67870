# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dashboard, engine and guard killed with -9 at random instants while runs are being spawned."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from er_tui.runtime.process.table import read_table
from tests.bench.harness import Figure, bench
from tests.bench.kept import KeptTerminal
from tests.bench.marked import Marked, marked

T = TypeVar("T")

_KILLS = 200
_RUNS = 60
_JOBS = 8
_LONGEST_DELAY = 0.6
"""Seconds after the first process of a run: by then some runs have ended, others begin."""
_LOOK_SECONDS = 0.003
_LONGEST_SECONDS = 10.0
_START_SECONDS = 20.0
_ORPHAN_SECONDS = 1.0
_TARGETS = {"engine": 150.0, "dashboard": 1000.0, "guard": 1000.0}
"""Milliseconds. A dead engine's runs are killed at once, the others' have a grace of 400 ms."""

_WAITER = "trap '' TERM HUP INT; : < \"$1\""
"""Deaf, and waits for what never comes; with the mark for ``$0``."""
_LOAD = """\
trap '' TERM HUP INT
env -i setsid /bin/sh -c "$2" "$0" "$1" &
(env -i setsid /bin/sh -c "$2" "$0" "$1" &)
/bin/sh -c "$2" "$0" "$1" &
"""
_SHAPES = (_LOAD + ': < "$1"', _LOAD + "sleep 0.1")
"""One that stays, and one that ends and makes room for the next."""


@bench("orphans")
def orphans() -> Iterator[Figure]:
    """Who is alive how long after the kill; and the terminal that is left."""
    taken: dict[str, list[float]] = {victim: [] for victim in _TARGETS}
    left = faults = 0
    for number in range(_KILLS):
        victim = list(_TARGETS)[number % len(_TARGETS)]
        seconds, late, unusable = _kill_one(victim)
        taken[victim].append(seconds)
        left += late
        faults += unusable
    for victim, seconds_of in taken.items():
        median = sorted(seconds_of)[len(seconds_of) // 2]
        yield Figure(
            f"orphans-{victim}",
            f"worst time from kill -9 of the {victim} until nothing of its runs is alive",
            max(seconds_of) * 1000,
            "ms",
            _TARGETS[victim],
            f"{len(seconds_of)} kills, median {median * 1000:.0f} ms",
        )
    yield Figure("orphans-left", "alive 1 s after", left, "", 0, f"{_KILLS} kills")
    yield Figure("orphans-terminal", "terminals not restored", faults, "", 0, f"{_KILLS} kills")


def _kill_one(victim: str) -> tuple[float, int, bool]:
    """Seconds until nothing was left, how many were after 1 s, whether the terminal is spoilt."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, marked() as mark:
        _write_load(Path(folder), mark)
        command = [sys.executable, "-m", "er_tui", folder, "--run", "--jobs", str(_JOBS)]
        terminal = KeptTerminal(command, mark.environment)
        try:
            with ExitStack() as stack:
                pidfds = _open_all(terminal.pid, stack)
                _until(mark.members, _START_SECONDS)
                time.sleep(random.uniform(0, _LONGEST_DELAY))
                killed_at = time.monotonic()
                signal.pidfd_send_signal(pidfds[victim], signal.SIGKILL)
                seconds, late = _watch(mark, killed_at, pidfds["engine"])
                if victim != "dashboard":
                    # With the guard dead there is nobody else to restore the terminal.
                    last = signal.SIGTERM if victim == "guard" else signal.SIGKILL
                    signal.pidfd_send_signal(pidfds["dashboard"], last)
            return seconds, late, not _is_restored(terminal)
        finally:
            terminal.close()


def _write_load(folder: Path, mark: Marked) -> None:
    never = folder / "never"
    os.mkfifo(never)
    for number in range(_RUNS):
        script = _SHAPES[number % len(_SHAPES)]
        document = {
            "invocation_id": f"load-{number:02}",
            "runtime_name": "bench",
            "runtime_kind": "subprocess",
            "working_directory": str(folder),
            "command": ["/bin/sh", "-c", script, mark.mark, str(never), _WAITER],
        }
        (folder / f"load-{number:02}.json").write_text(json.dumps(document))


def _open_all(dashboard: int, stack: ExitStack) -> dict[str, int]:
    """A pidfd of each of the three, once all are there."""

    def child_of(parent: int) -> int:
        def look() -> list[int]:
            return [p.pid for p in read_table().values() if p.parent == parent and p.alive]

        return _until(look, _START_SECONDS)[0]

    guard = child_of(dashboard)
    pids = {"dashboard": dashboard, "guard": guard, "engine": child_of(guard)}
    pidfds = {victim: os.pidfd_open(pid) for victim, pid in pids.items()}
    for pidfd in pidfds.values():
        stack.callback(os.close, pidfd)
    return pidfds


def _watch(mark: Marked, killed_at: float, engine: int) -> tuple[float, int]:
    """When a look had found nobody (seconds after the kill), and how many there were after 1 s."""
    seconds: float | None = None
    late = 0
    while (looked_at := time.monotonic() - killed_at) < _LONGEST_SECONDS:
        # In this order: an engine that lives could start one after the look.
        dead = bool(select.select([engine], [], [], 0)[0])
        members = mark.members()
        if members:
            seconds = None
            if looked_at > _ORPHAN_SECONDS:
                late = late or len(members)
        else:
            seconds = seconds or time.monotonic() - killed_at
            if dead:
                return seconds, late
        time.sleep(_LOOK_SECONDS)
    return _LONGEST_SECONDS, late


def _is_restored(terminal: KeptTerminal) -> bool:
    try:
        _until(lambda: terminal.ended and not terminal.faults(), _ORPHAN_SECONDS)
    except TimeoutError:
        print(f"the terminal is left with: {', '.join(terminal.faults())}", flush=True)
        return False
    return True


def _until(look: Callable[[], T], seconds: float) -> T:
    """What ``look`` gives once that is true. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"not so after {seconds:g} s")
        time.sleep(_LOOK_SECONDS)
    return found

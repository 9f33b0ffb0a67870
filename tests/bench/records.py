# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the disk says of runs: after kills at random instants, of thousands, of two hundred live."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from er_tui.journal.reading import EventTail
from er_tui.journal.run_directory import is_run_id
from er_tui.session.past import read_run
from tests.bench.harness import Figure, bench
from tests.bench.kept import KeptTerminal
from tests.bench.watching import (
    REPEAT_SECONDS,
    dashboard,
    folder_in_memory,
    keys,
    percentile,
    resident_megabytes,
    told,
    write_invocation,
)

_KILLS = 200
_RUNS = 20
_LONGEST_DELAY = 1.2
"""Seconds after the first run directory: by then most runs have ended."""
_SCRIPT = "echo begun; sleep 0.0$0; echo ended; exit $1"
_PAST = 10_000
_LIVE = 200
_LIVE_SECONDS = 15.0
_PRESSES = 60
_TALKS = "import time\nwhile True: print(time.time(), flush=True); time.sleep(1)"


@bench("records")
def records() -> Iterator[Figure]:
    """Every directory that 200 killed dashboards left, read back."""
    faults: list[str] = []
    states: Counter[str] = Counter()
    for number in range(_KILLS):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            _write_runs(Path(folder))
            _kill_at_random(Path(folder), "dashboard" if number % 2 else "engine")
            for directory in Path(folder).glob(".runs/*/*"):
                fault, state = _look_at(directory)
                states[state] += 1
                faults += [f"{directory.name}: {fault}"] if fault else []
            faults += _doubles(Path(folder))
    for fault in faults[:5]:
        print(fault, flush=True)
    beside = ", ".join(f"{count} {state}" for state, count in states.most_common())
    yield Figure(
        "records-faults",
        f"of {states.total()} records after {_KILLS} kills: unreadable, torn, wrong, double",
        *(len(faults), "", 0.0, beside),
    )


def _write_runs(folder: Path) -> None:
    for number in range(_RUNS):
        command = ["/bin/sh", "-c", _SCRIPT, str(number % 10), str(number % 2)]
        write_invocation(folder, f"r{number:02}", command)


def _kill_at_random(folder: Path, victim: str) -> None:
    command = [sys.executable, "-m", "er_tui", str(folder), "--run", "--jobs", "4"]
    terminal = KeptTerminal(command, os.environ)
    try:
        until = time.monotonic() + 20
        while not any(folder.glob(".runs/*/*")):
            if time.monotonic() > until:
                raise TimeoutError("no run began")
            time.sleep(0.005)
        time.sleep(random.uniform(0, _LONGEST_DELAY))
        seen = psutil.Process(terminal.pid)
        (guard,) = seen.children()
        engines = guard.children()
        (engines[0] if victim == "engine" and engines else seen).kill()
        _wait_dead(engines)
        if victim == "engine":
            seen.terminate()
        _wait_dead([seen, guard])  # a guard keeps the terminal of its dashboard
    finally:
        terminal.close()


def _wait_dead(processes: list[psutil.Process]) -> None:
    """Zombies are dead: whoever should reap them may be dead too."""
    until = time.monotonic() + 20
    while not all(map(_is_dead, processes)):
        if time.monotonic() > until:
            raise TimeoutError("a killed dashboard left its engine or guard")
        time.sleep(0.005)


def _is_dead(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _look_at(directory: Path) -> tuple[str | None, str]:
    """What is wrong with a run directory that nobody writes to any more, and how it stands."""
    for path in directory.glob("*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            return f"{path.name} is torn", "torn"
    run = read_run(directory)
    state = run.badge or run.status
    if not is_run_id(directory.name) or run.unread:
        return "cannot be read", state
    result = directory / "result.json"
    finished = [e for e in EventTail(directory).read() if e.name == "finished"]
    if len(finished) > 1:
        return "finished twice", state
    if result.exists():
        wanted = json.loads(result.read_bytes())["status"]
        ok = state == wanted and (wanted == "cancelled" or _as_asked(directory, wanted))
    else:
        ok = state == "lost" and not finished
    return (None if ok else f"says {state}, result {result.exists()}, {len(finished)} ends"), state


def _as_asked(directory: Path, status: str) -> bool:
    """Whether an uncancelled run ended as its script says."""
    document = json.loads((directory / "invocation.json").read_bytes())
    code = document["command"][-1]
    return status == ("failed" if code == "1" else "succeeded")


def _doubles(folder: Path) -> list[str]:
    return [
        f"{path.name} has {count} runs"
        for path in folder.glob(".runs/*")
        if path.is_dir() and (count := len(list(path.iterdir()))) > 1
    ]


@bench("history")
def history() -> Iterator[Figure]:
    """A folder of 100 invocations that ran 100 times each."""
    with folder_in_memory() as folder:
        for number in range(100):
            write_invocation(folder, f"p{number:02}", ["sh", "-c", f"echo {number}; exit 1"])
        empty = _resident_of(folder)
        _run_once(folder)
        _multiply(folder, _PAST // 100)
        with dashboard(folder) as screen:
            first = screen.seconds_until(b"p00")
            listed = screen.seconds_until(b"100 failed")
            screen.settle()
            screen.type("g")
            screen.settle()
            titles = lambda number: f"p{number:02} \u00b7 subprocess"  # noqa: E731
            taken = keys(screen, "j", titles, range(1, _PRESSES))
            screen.type("g")
            screen.settle()
            screen.type("\x1b[C")  # unfolds the runs of the first
            screen.seconds_until("▾".encode())
            screen.settle_for(REPEAT_SECONDS * 10)
            grown = resident_megabytes(screen.pid) - empty
    yield Figure(
        "history-first-paint",
        f"{_PAST:,} past runs: from the start of the process to a list",
        *(first, "s", 1.0, f"how each stands: {listed:.2f} s"),
    )
    yield Figure(
        "history-key", "cursor key meanwhile, p95", percentile(taken), "ms", 20.0, told(taken)
    )
    yield Figure(
        "history-memory",
        "grown by, against the same folder without runs",
        *(grown, "MB", 100.0, f"{empty:.0f} MB without"),
    )


def _resident_of(folder: Path) -> float:
    with dashboard(folder) as screen:
        screen.seconds_until(b"100 not run")
        screen.settle()
        return resident_megabytes(screen.pid)


def _run_once(folder: Path) -> None:
    command = [sys.executable, "-m", "er_tui", str(folder), "--headless", "--jobs", "4"]
    subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


def _multiply(folder: Path, times: int) -> None:
    """Copy each run to earlier days."""
    for place, run in enumerate(list(folder.glob(".runs/*/*"))):
        for number in range(1, times):
            day = f"20250101T00{number // 60:02d}{number % 60:02d}"
            shutil.copytree(run, run.parent / f"{day}.000000Z-{place:06x}")


@bench("monitor")
def monitor() -> Iterator[Figure]:
    """200 runs of another process that print a line a second, watched."""
    with folder_in_memory() as folder:
        for number in range(_LIVE):
            talks = [sys.executable, "-I", "-S", "-c", _TALKS]
            write_invocation(folder, f"m{number:03}", talks)
        command = [sys.executable, "-m", "er_tui", str(folder), "--headless", "--jobs", str(_LIVE)]
        runner = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            with dashboard(folder, "--monitor") as screen:
                screen.seconds_until(f"{_LIVE} running".encode())
                screen.settle_for(3.0)
                process = psutil.Process(screen.pid)
                before, begun = sum(process.cpu_times()[:2]), time.monotonic()
                screen.settle_for(_LIVE_SECONDS)
                used = sum(process.cpu_times()[:2]) - before
                share = 100 * used / (time.monotonic() - begun)
                resident = resident_megabytes(screen.pid)
        finally:
            os.kill(runner.pid, signal.SIGTERM)
            runner.wait()
    yield Figure(
        "monitor-cpu",
        f"of one core: {_LIVE} live runs of another process, a line a second each",
        *(share, "%", 10.0, f"{_LIVE_SECONDS:.0f} s, {resident:.0f} MB"),
    )

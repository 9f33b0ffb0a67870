# SPDX-License-Identifier: AGPL-3.0-or-later
"""How soon an end is noticed, how soon a cancel is complete, what waiting costs, and races."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from er_tui.journal.events import Event, ProcessExited, ProcessSpawned, RunFinished
from er_tui.journal.reading import EventTail
from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.rxp import RuntimeInvocation
from tests.bench import family
from tests.bench.harness import Figure, bench
from tests.bench.kept import KeptTerminal
from tests.bench.marked import Marked, marked
from tests.bench.supervisors import write_invocation

_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
_EXITS = 60
_CANCELS = 15
_LIVE = 50
_SETTLE_SECONDS = 5.0
_IDLE_SECONDS = 20.0
_RACES = 1000
_RACERS = 4
_LATEST_CANCEL_SECONDS = 0.008
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.01

T = TypeVar("T", bound=Sized)

_LAST_ACT = """
import os, time
time.sleep(0.05)
os.write(1, b"%d" % time.monotonic_ns())
os._exit(0)
"""


@bench("exit-notice")
def exit_notice() -> Iterator[Figure]:
    """From a child's last act until its run tells of its exit; a pidfd in a thread is the floor."""
    ours: list[float] = []
    floor: list[float] = []
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        for _ in range(_EXITS):
            noticed, possible = _exit_noticed(folder)
            ours.append(noticed)
            floor.append(possible)
    bare = [_popen_noticed() for _ in range(_EXITS // 3)]
    yield Figure(
        "exit-notice",
        "from a child's last act until its run has told of its exit (median)",
        statistics.median(ours) * 1000,
        "ms",
        5,
        f"a thread on its pidfd {statistics.median(floor) * 1000:.1f} ms, "
        f"Popen.wait(timeout=60) {statistics.median(bare) * 1000:.1f} ms; "
        f"slowest of {_EXITS} {max(ours) * 1000:.1f} ms",
    )


def _exit_noticed(folder: str) -> tuple[float, float]:
    """Seconds from the last act until the event, and until a pidfd was readable."""
    moments: dict[str, float] = {}
    watchers: list[threading.Thread] = []

    def watch(pidfd: int) -> None:
        select.select([pidfd], [], [])
        moments["possible"] = time.monotonic()
        os.close(pidfd)

    def take(event: Event) -> None:
        if isinstance(event, ProcessSpawned):
            pidfd = os.pidfd_open(event.process.pid)
            watchers.append(threading.Thread(target=watch, args=(pidfd,)))
            watchers[0].start()
        elif isinstance(event, ProcessExited):
            moments["noticed"] = time.monotonic()

    command = [sys.executable, "-I", "-S", "-c", _LAST_ACT]
    result = ExecutorRuntime().run(_invocation(folder, command), control=RunControl(on_event=take))
    watchers[0].join()
    assert result.stdout_path is not None
    last_act = int(Path(result.stdout_path).read_bytes()) / 1e9
    return moments["noticed"] - last_act, moments["possible"] - last_act


def _popen_noticed() -> float:
    command = [sys.executable, "-I", "-S", "-c", _LAST_ACT]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        child.wait(timeout=60)
        now = time.monotonic()
        assert child.stdout is not None
        return now - int(child.stdout.read()) / 1e9


@bench("cancel")
def cancel() -> Iterator[Figure]:
    """From the key to an empty group; the floor is one signal to a group of the same kind."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder, marked() as mark:
        command = family.command(mark.mark, "pair", Path(folder, "go"))
        write_invocation(Path(folder), "pair", command)
        with _dashboard(mark, folder) as terminal:
            terminal.wait_for("jobs 0/")
            terminal.wait_for("1 not run")
            for _ in range(_CANCELS):
                terminal.type("r")
                terminal.wait_for("1 running")
                pidfds = _family(mark)
                start = time.monotonic()
                terminal.type("c")
                taken.append(_seconds_to_all(pidfds, start))
                terminal.wait_for("1 cancelled")
        bare = [_killpg_seconds(mark, command) for _ in range(_CANCELS)]
    words = "from the key c in the dashboard until a leader and a child, both willing, are dead"
    beside = f"killpg alone {statistics.median(bare) * 1000:.1f} ms"
    median = statistics.median(taken) * 1000
    yield Figure("cancel", f"{words} (median of {_CANCELS})", median, "ms", 150, beside)
    yield Figure("cancel-worst", f"{words} (slowest)", max(taken) * 1000, "ms", 150, beside)


def _family(mark: Marked) -> list[int]:
    """Pidfds of both members, once they are there."""
    return [os.pidfd_open(pid) for pid in _once(mark.members, 2)]


def _seconds_to_all(pidfds: list[int], start: float) -> float:
    """From ``start`` until all of them have ended; closes them."""
    until = start + _PATIENCE_SECONDS
    for pidfd in pidfds:
        if not select.select([pidfd], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError("a process outlived its cancel")
    seconds = time.monotonic() - start
    for pidfd in pidfds:
        os.close(pidfd)
    return seconds


def _killpg_seconds(mark: Marked, command: list[str]) -> float:
    with subprocess.Popen(command, start_new_session=True) as leader:
        pidfds = _family(mark)
        start = time.monotonic()
        os.killpg(leader.pid, signal.SIGTERM)
        return _seconds_to_all(pidfds, start)


@contextmanager
def _dashboard(mark: Marked, *arguments: str) -> Iterator[KeptTerminal]:
    """A dashboard in a terminal, on the folder named last; ended by SIGTERM after the block."""
    command = [sys.executable, "-m", "er_tui", *arguments]
    terminal = KeptTerminal(command, mark.environment_in(arguments[-1]))
    try:
        yield terminal
        if not terminal.ended:
            os.kill(terminal.pid, signal.SIGTERM)
        _once(lambda: [0] * terminal.ended, 1)
    finally:
        terminal.close()


def _once(look: Callable[[], T], size: int) -> T:
    """What ``look`` gives once it has so many items."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while len(found := look()) != size:
        if time.monotonic() > until:
            raise TimeoutError(f"waited for {size}, there are {len(found)}")
        time.sleep(_LOOK_SECONDS)
    return found


@bench("idle")
def idle() -> Iterator[Figure]:
    """What it costs to watch processes that do nothing."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder, marked() as mark:
        for number in range(_LIVE):
            write_invocation(Path(folder), f"sleeper-{number:02d}", ["sleep", "600"])
        with _dashboard(mark, "--run", "--jobs", str(_LIVE), folder) as terminal:
            terminal.wait_for(f"{_LIVE} running")
            time.sleep(_SETTLE_SECONDS)
            parts = _parts(terminal.pid)
            before = {name: _cpu_seconds(process) for name, process in parts.items()}
            start = time.monotonic()
            time.sleep(_IDLE_SECONDS)
            seconds = time.monotonic() - start
            shares = {
                name: (_cpu_seconds(process) - before[name]) / seconds * 100
                for name, process in parts.items()
            }
    yield Figure(
        "idle",
        f"of one core, {_LIVE} runs of sleep on the list of the dashboard, {seconds:.0f} s",
        sum(shares.values()),
        "%",
        4,
        ", ".join(f"{name} {share:.2f} %" for name, share in shares.items()),
    )


def _parts(dashboard: int) -> dict[str, psutil.Process]:
    """er-tui's own processes: the one that is the parent of the runs is the engine."""
    top = psutil.Process(dashboard)
    below = top.children(recursive=True)
    engine = next(process.parent() for process in below if process.name() == "sleep")
    assert engine is not None
    parts = {"dashboard": top, "engine": engine}
    others = (process for process in below if process.name() != "sleep" and process != engine)
    return parts | {f"guard {n}" if n else "guard": other for n, other in enumerate(others)}


def _cpu_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


@bench("races")
def races() -> Iterator[Figure]:
    """Cancels that meet exits, from several threads: one end a run, told everywhere alike."""
    runtime = ExecutorRuntime()
    statuses: Counter[str] = Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:

        def race(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(_RACES // _RACERS):
                status, fault = _race(runtime, folder, chance.uniform(0, _LATEST_CANCEL_SECONDS))
                statuses[status] += 1
                faults.extend(fault)

        racers = [threading.Thread(target=race, args=(n,)) for n in range(_RACERS)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
    faults += ["run without an end"] * (_RACES - statuses.total())
    shown = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    first = f"; first: {faults[0]}" if faults else ""
    yield Figure(
        "races",
        f"of {_RACES} runs cancelled about when they exit, in {_RACERS} threads: "
        "without exactly one end, the same in journal and result",
        len(faults),
        "",
        0,
        shown + first,
    )


def _race(runtime: ExecutorRuntime, folder: str, seconds: float) -> tuple[str, list[str]]:
    """The status of one run, and what is wrong with it, if anything."""
    control = RunControl()
    timer = threading.Timer(seconds, control.cancel)
    timer.start()
    result = runtime.run(_invocation(folder, ["true"]), control=control)
    timer.join()
    directory = Path(result.metadata["run_directory"])
    recorded = json.loads((directory / "result.json").read_bytes())["status"]
    told = [e.result["status"] for e in EventTail(directory).read() if isinstance(e, RunFinished)]
    good = result.status in ("succeeded", "cancelled") and told == [recorded] == [result.status]
    return result.status, [] if good else [f"returned {result.status}, {recorded=}, {told=}"]


def _invocation(folder: str, command: list[str]) -> RuntimeInvocation:
    return RuntimeInvocation(
        invocation_id="bench",
        runtime_name="bench",
        runtime_kind="subprocess",
        working_directory=folder,
        command=command,
    )

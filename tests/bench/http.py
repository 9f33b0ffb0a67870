# SPDX-License-Identifier: AGPL-3.0-or-later
"""What HTTP runs cost: one poll, hundreds of runs at once, and the keys meanwhile."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from er_tui.runtime.runners import AsyncHttpRunner
from er_tui.rxp import RuntimeInvocation
from er_tui.session.client import EngineClient
from er_tui.session.library import Library
from er_tui.session.session import Session
from tests.bench.backend import backend
from tests.bench.harness import Figure, bench, timed
from tests.bench.screen import Screen

_POLLS = 5
_BLOCKS = 12
_BLOCK_POLLS = 100
_KEYS = 60


def _invocation(url: str, folder: str, number: int, interval: float) -> RuntimeInvocation:
    return RuntimeInvocation(
        invocation_id=f"run-{number:04d}",
        runtime_name="bench",
        runtime_kind="http_async",
        working_directory=folder,
        command=["-"],
        timeout_seconds=120,
        metadata={
            "http.url": f"{url}/runs",
            "http.poll_url_template": f"{url}/runs/{{run_id}}",
            "http.poll_run_id_path": "run_id",
            "http.poll_status_path": "status",
            "http.poll_terminal_states": "completed,failed",
            "http.poll_interval_seconds": str(interval),
        },
    )


@bench("http-poll")
def poll() -> Iterator[Figure]:
    """A poll on a kept connection, with its events and its look at the status, against httpx."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, backend(_BLOCK_POLLS) as url:
        client = httpx.Client(trust_env=False)
        client.get(f"{url}/warm")

        def ours() -> None:
            result = AsyncHttpRunner().run(_invocation(url, folder, 1, 0.0))
            if result.status != "succeeded":
                raise RuntimeError(result.error_summary)

        def bare() -> None:
            for _ in range(_BLOCK_POLLS):
                client.get(f"{url}/bare").read()

        ours()
        pairs = [(timed(ours), timed(bare)) for _ in range(_BLOCKS)]
        client.close()
    ours_ms, bare_ms = (
        statistics.median(values) / _BLOCK_POLLS * 1000 for values in zip(*pairs, strict=True)
    )
    yield Figure(
        "http-poll",
        "one poll on a kept connection against a bare httpx.Client.get",
        ours_ms / bare_ms,
        "×",
        1.5,
        f"{ours_ms:.2f} ms, bare {bare_ms:.2f} ms; a run's kickoff and record are in ours",
    )


def _write_all(folder: str, url: str, count: int, interval: float) -> None:
    for number in range(count):
        document = _invocation(url, folder, number, interval).model_dump()
        Path(folder, f"run-{number:04d}.json").write_text(json.dumps(document))


def _through_engine(count: int, interval: float) -> Iterator[Figure]:
    """``count`` runs at once through an engine: wall time and memory."""
    ideal = (_POLLS - 1) * interval
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, backend(_POLLS) as url:
        _write_all(folder, url, count, interval)
        session = Session(Library([Path(folder)]))
        for entry in session.library.scan():
            session.add(entry)
        news = threading.Event()
        client = EngineClient(2, news.set, waiting_jobs=count)
        session.engine = client
        engine = psutil.Process(client.pid)
        while not session.jobs:
            news.wait()
            news.clear()
            session.drain()
        before = peak = engine.memory_info().rss
        start = time.perf_counter()
        session.start_all(list(session.entries))
        while session.live_count:
            news.wait(0.05)
            news.clear()
            session.drain()
            peak = max(peak, engine.memory_info().rss)
        wall = time.perf_counter() - start
        good = sum(run.status == "succeeded" for run in session.runs.values())
        client.close(15)
    if good != count:
        raise RuntimeError(f"{good} of {count} succeeded")
    yield Figure(
        f"http-{count}",
        f"{count} http_async runs at {interval:g} s: wall against the 4 intervals of an ideal run",
        wall / ideal,
        "×",
        2.5 if count < 1000 else 1.6,
        f"{wall:.2f} s, ideal {ideal:.1f} s",
    )
    yield Figure(
        f"http-{count}-memory",
        f"the engine's growth with {count} http_async runs",
        (peak - before) / 2**20,
        "MiB",
        80,
        f"{before / 2**20:.0f} MiB before",
    )


def _keys(count: int, interval: float) -> Iterator[Figure]:
    """Key presses while that many runs poll in the dashboard."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, backend(1000) as url:
        _write_all(folder, url, count, interval)
        command = [sys.executable, "-m", "er_tui", "--jobs", str(count), folder]
        with Screen(command) as screen:
            screen.seconds_until(b"jobs 0/")
            screen.seconds_until(f"{count} not run".encode())
            screen.type("R")
            screen.seconds_until(f"{count} running".encode())
            for number in range(1, _KEYS + 1):
                screen.type("j")
                title = f"run-{number:04d} · http_async".encode()
                taken.append(screen.seconds_until(title))
    taken.sort()
    yield Figure(
        f"http-{count}-keys",
        f"key to screen (p95) while {count} runs poll every {interval:g} s in the dashboard",
        taken[int(len(taken) * 0.95)] * 1000,
        "ms",
        60,
        f"median {statistics.median(taken) * 1000:.0f} ms, slowest {taken[-1] * 1000:.0f} ms",
    )


@bench("http-200")
def two_hundred() -> Iterator[Figure]:
    """200 runs at 0.2 s."""
    yield from _through_engine(200, 0.2)
    yield from _keys(200, 0.2)


@bench("http-1000")
def thousand() -> Iterator[Figure]:
    """1,000 runs at 2 s."""
    yield from _through_engine(1000, 2.0)
    yield from _keys(1000, 2.0)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs do not know of each other: thirty at once, one client or thirty, each gets what is its."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from er_tui.runtime.runners import AsyncHttpRunner
from er_tui.rxp import RuntimeResult
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.runtime.http.asking import artifact, ended, workflow

RUNS = 30
POLLS = 4


class Backend:
    """Names each run after what its kickoff asked for, and ends it at its fourth poll."""

    def __init__(self) -> None:
        self._polls: dict[str, int] = {}

    def __call__(self, received: Received) -> Step:
        if received.method == "POST":
            return reply({"run": {"id": f"run-{received.json['n']}"}}, 202)
        run_id = received.path.rpartition("/")[2]
        count = self._polls[run_id] = self._polls.get(run_id, 0) + 1
        if count < POLLS:
            return reply({"run": {"id": run_id, "status": "running", "n": count}})
        odd = int(run_id.removeprefix("run-")) % 2
        return reply({"run": {"id": run_id, "status": "failed" if odd else "completed"}})


@pytest.mark.parametrize("shared", [False, True])
def test_thirty_runs_from_thirty_threads_are_each_correct(tmp_path: Path, shared: bool) -> None:
    together = threading.Barrier(RUNS)

    def one(number: int) -> RuntimeResult:
        invoked = workflow(tmp_path, server.url, body=f'{{"n": {number}}}')
        together.wait(20)
        return runner.run(invoked)

    with Scripted(Backend()) as server, httpx.Client(trust_env=False) as client:
        runner = AsyncHttpRunner(client=client if shared else None)
        with ThreadPoolExecutor(RUNS) as pool:
            results = list(pool.map(one, range(RUNS)))
        assert len(server.requests) == RUNS * (POLLS + 1)
        if not shared:
            assert server.connection_count == RUNS
    assert len({result.metadata["run_directory"] for result in results}) == RUNS
    for number, result in enumerate(results):
        assert result.metadata["backend_run_id"] == f"run-{number}"
        assert result.status == ("failed" if number % 2 else "succeeded")
        assert f'"run-{number}"'.encode() in artifact(result, "poll-last")
        assert [attempt.number for attempt in ended(result)] == [1, 2, 3, 4, 5]

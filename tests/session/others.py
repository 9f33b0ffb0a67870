# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs of other processes: programs that use the library, alive until they are told to end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import wait_until

_PROGRAM = """
import sys, threading
from er_tui.runtime import ExecutorRuntime
from er_tui.rxp import read_invocation
def run(path):
    print(ExecutorRuntime().run(read_invocation(path)).status, flush=True)
threads = [threading.Thread(target=run, args=(path,)) for path in sys.argv[1:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@contextmanager
def library_user(*invocations: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs these files in threads; killed at the end, with what it runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, invocations)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def run_here(path: Path) -> Path:
    """Run an invocation file to its end in another process; its newest run directory."""
    with library_user(path) as process:
        assert process.wait(20) == 0
    return newest_run(path)


def begun_run(path: Path) -> Path:
    """The run directory of an invocation that is about to run, once it is one."""
    base = _base(path)
    wait_until(lambda: any(base.glob("*/events.jsonl")))
    return newest_run(path)


def newest_run(path: Path) -> Path:
    return max(_base(path).iterdir(), key=lambda run: run.name)


def _base(path: Path) -> Path:
    document = json.loads(path.read_text())
    own = f"{document['working_directory']}/.executor_runtime"
    return Path(document.get("artifact_directory") or own, document["invocation_id"])

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one run costs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator

from er_tui.runtime import ExecutorRuntime
from er_tui.rxp import RuntimeInvocation
from tests.bench.harness import Figure, alternate, bench, timed

_ROUNDS = 400
_WARM_UP = 20


@bench("run-true")
def run_true() -> Iterator[Figure]:
    """A run that does nothing, against the spawn it cannot do without."""
    # Memory, not disk: what is measured is the runtime, not the file system's moods.
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        runtime = ExecutorRuntime()
        invocation = RuntimeInvocation(
            invocation_id="true",
            runtime_name="bench",
            runtime_kind="subprocess",
            working_directory=folder,
            command=["true"],
        )

        def ours() -> None:
            result = runtime.run(invocation)
            if result.status != "succeeded":
                raise RuntimeError(result.error_summary)

        def bare() -> None:
            subprocess.Popen(["true"], start_new_session=True).wait()

        for _ in range(_WARM_UP):
            ours()
            bare()
        ours_seconds, bare_seconds = alternate(_ROUNDS, lambda: timed(ours), lambda: timed(bare))
    yield Figure(
        "run-true",
        "run(['true']) with directory, journal and result against a bare Popen and wait",
        ours_seconds / bare_seconds,
        "×",
        2.0,
        f"{ours_seconds * 1000:.2f} ms, bare {bare_seconds * 1000:.2f} ms",
    )

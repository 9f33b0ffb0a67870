# SPDX-License-Identifier: AGPL-3.0-or-later
"""The library in somebody's program: any thread may run, and no trace is left in the program."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from er_tui.runtime import ExecutorRuntime, RunControl
from er_tui.rxp import RuntimeResult
from tests.runtime.invoking import (
    Background,
    host_output,
    invocation,
    pid_in,
    run,
    shell,
    stderr,
    stdout,
)


def test_fifty_threads_run_at_once_each_with_its_own_result(tmp_path: Path) -> None:
    def previous(_number: int, _frame: object) -> None:
        pass

    before = signal.signal(signal.SIGTERM, previous)
    runtime = ExecutorRuntime()
    together = threading.Barrier(50)
    results: dict[int, RuntimeResult] = {}

    def one(n: int) -> None:
        invoked = shell(
            tmp_path, f"seq {n} {n + 999}; echo err-{n} >&2; exit {n}", invocation_id=f"job-{n}"
        )
        together.wait(20)
        results[n] = runtime.run(invoked)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(50)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert signal.getsignal(signal.SIGTERM) is previous
    finally:
        signal.signal(signal.SIGTERM, before)
    assert sorted(results) == list(range(50))
    for n, result in results.items():
        assert (result.invocation_id, result.exit_code) == (f"job-{n}", n)
        assert result.status == ("failed" if n else "succeeded")
        assert stdout(result).split() == [b"%d" % k for k in range(n, n + 1000)]
        assert stderr(result) == b"err-%d\n" % n


def test_runs_of_one_invocation_at_once_have_a_directory_each(tmp_path: Path) -> None:
    backgrounds = [Background(shell(tmp_path, "echo $$")) for _ in range(20)]
    results = [background.result() for background in backgrounds]
    assert len({stdout(result) for result in results}) == 20
    assert len({result.metadata["run_directory"] for result in results}) == 20
    assert (tmp_path / ".executor_runtime" / ".gitignore").read_text() == "*\n"


def test_a_control_in_use_by_another_thread_is_refused(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    invoked = shell(tmp_path, f"echo $$ > {pid}; exec sleep 60")
    background = Background(invoked)
    pid_in(pid)
    try:
        with pytest.raises(ValueError, match="already"):
            run(invoked, background.control)
    finally:
        background.control.cancel()
        assert background.result().status == "cancelled"


def test_a_run_in_the_main_thread_leaves_every_handler_as_it_was(tmp_path: Path) -> None:
    numbers = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    before = {number: signal.getsignal(number) for number in numbers}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    run(invocation(tmp_path))
    run(invocation(tmp_path, "no-such-program"))
    assert {number: signal.getsignal(number) for number in numbers} == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask


def test_fifty_runs_leave_no_descriptor_no_zombie_and_no_thread(tmp_path: Path) -> None:
    run(invocation(tmp_path))
    children = psutil.Process().children()
    descriptors = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()
    cancelled = RunControl()
    cancelled.cancel()
    for n in range(50):
        run(shell(tmp_path, f"echo {n}; sleep 60 & exit {n}"))
    run(invocation(tmp_path, "no-such-program"))
    run(invocation(tmp_path / "missing"))
    run(invocation(tmp_path, invocation_id="../x"))
    run(invocation(tmp_path, runtime_kind="manual"))
    run(invocation(tmp_path), cancelled)
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
    assert psutil.Process().children() == children


def test_a_host_that_ignores_sigchld_gets_a_failure_that_says_so(tmp_path: Path) -> None:
    code = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for script in ('exit 3', 'true', 'sleep 0.2; exit 3', 'echo out'):\n"
        "    for _ in range(5):\n"
        "        result = run(shell(Path(sys.argv[1]), script))\n"
        "        print(result.status, result.exit_code, result.error_summary)"
    )
    words = "exit status lost: this program ignores SIGCHLD or waits for children elsewhere"
    assert set(host_output(code, tmp_path).splitlines()) == {f"failed None {words}"}


def test_a_host_that_ignores_sigterm_goes_on_ignoring_it(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "script = f'kill -TERM {os.getpid()}; sleep 0.1; exit 6'\n"
        "print(run(shell(Path(sys.argv[1]), script)).exit_code)"
    )
    assert host_output(code, tmp_path) == "6\n"

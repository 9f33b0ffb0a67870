# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program told to end while it runs an invocation in its main thread ends the run first."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until
from tests.runtime.invoking import host, is_live, kill, pid_in

RUN = """
import signal, sys
from pathlib import Path
from tests.runtime.invoking import run, shell
folder = Path(sys.argv[1])
{before}
try:
    result = run(shell(folder, {script!r}, output_result_path=str(folder / "out.json")))
    print("returned", result.status, flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
"""

HEEDFUL = "echo begun; sleep 60 & echo $! > member; echo $$ > leader; wait"
DEAF = f"trap '' TERM INT; {HEEDFUL}; while :; do wait; done"

HANDLER = """
def told(number, frame):
    print("told", number, flush=True)
signal.signal(signal.SIGTERM, told)
"""


@contextmanager
def signalled(
    folder: Path, number: signal.Signals, script: str, before: str = "", times: int = 1
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """How a host program ended that got the signal while its run was live, and the result."""
    with host(RUN.format(before=before, script=script), folder) as program:
        members = [pid_in(folder / "member"), pid_in(folder / "leader")]
        try:
            for _ in range(times):
                program.send_signal(number)
            printed, _complaint = program.communicate(timeout=20)
        finally:
            program.kill()
        alive = [pid for pid in members if is_live(pid)]
        for pid in alive:
            kill(pid)
    assert alive == []
    results = list((folder / ".executor_runtime" / "job").glob("*/result.json"))
    assert len(results) == 1
    document = json.loads(results[0].read_bytes())
    assert json.loads((folder / "out.json").read_bytes()) == document
    events = (results[0].parent / "events.jsonl").read_text().splitlines()
    assert json.loads(events[-1])["event"] == "finished"
    assert (results[0].parent / "stdout.txt").read_text() == "begun\n"
    yield program.returncode, printed, document


@pytest.mark.parametrize("script", [HEEDFUL, DEAF])
def test_sigterm_ends_the_group_then_the_program_as_it_would_have(
    tmp_path: Path, script: str
) -> None:
    with signalled(tmp_path, signal.SIGTERM, script) as (code, printed, document):
        assert code == -signal.SIGTERM
        assert printed == ""
        assert document["status"] == "cancelled"
        assert document["error_summary"].startswith("SIGTERM received")


def test_a_handler_of_the_programs_own_is_called_once_the_run_is_recorded(tmp_path: Path) -> None:
    with signalled(tmp_path, signal.SIGTERM, HEEDFUL, HANDLER) as (code, printed, document):
        assert code == 0
        assert printed == "told 15\nreturned cancelled\n"
        assert document["status"] == "cancelled"


def test_an_observer_that_raises_does_not_swallow_the_signal(tmp_path: Path) -> None:
    before = (
        "from er_tui.runtime import RunControl\n"
        "from tests.runtime import invoking\n"
        "def observe(event):\n"
        "    if event.name == 'cancel_requested': raise ZeroDivisionError\n"
        "def run(invoked): return invoking.run(invoked, RunControl(on_event=observe))\n"
    )
    with signalled(tmp_path, signal.SIGTERM, HEEDFUL, before) as (code, _, document):
        assert code == -signal.SIGTERM
        assert document["status"] == "cancelled"


@pytest.mark.parametrize("script", [HEEDFUL, DEAF])
def test_a_keyboard_interrupt_ends_the_group_is_recorded_and_goes_on(
    tmp_path: Path, script: str
) -> None:
    with signalled(tmp_path, signal.SIGINT, script) as (code, printed, document):
        assert code == -signal.SIGINT
        assert printed == "interrupted\n"
        assert document["status"] == "cancelled"
        assert document["error_summary"] == "interrupted by KeyboardInterrupt"


def test_sigterm_to_a_program_whose_runs_are_in_other_threads_is_the_programs_own_affair(
    tmp_path: Path,
) -> None:
    """The library cannot set a handler there; the program's cancels the control."""
    code = (
        "import signal, sys, time\n"
        "from pathlib import Path\n"
        "from tests.runtime.invoking import Background, shell\n"
        "folder = Path(sys.argv[1])\n"
        "background = Background(shell(folder, 'echo $$ > leader; exec sleep 60'))\n"
        "signal.signal(signal.SIGTERM, lambda *_: background.control.cancel())\n"
        "(folder / 'ready').touch()\n"
        # A signal that comes just before a long wait is handled after it: Python's affair too.
        "while not background.is_over: time.sleep(0.01)\n"
        "print(background.result(30).status)"
    )
    with host(code, tmp_path) as program:
        leader = pid_in(tmp_path / "leader")
        wait_until((tmp_path / "ready").exists)
        program.send_signal(signal.SIGTERM)
        printed, _ = program.communicate(timeout=20)
    assert printed == "cancelled\n"
    assert program.returncode == 0
    assert not is_live(leader)


def test_a_keyboard_interrupt_in_the_midst_of_the_spawn_leaves_no_child(tmp_path: Path) -> None:
    """The child is there, and nobody could have ended it: the interrupt waits for that."""
    code = """
import os, signal, subprocess, sys
from pathlib import Path
from tests.runtime.invoking import run, shell
folder = Path(sys.argv[1])
spawn = subprocess.Popen._execute_child
def interrupted(self, *arguments):
    spawn(self, *arguments)
    (folder / "pid").write_text(f"{self.pid}\\n")
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(100000):
        pass
subprocess.Popen._execute_child = interrupted
try:
    run(shell(folder, "exec sleep 60"))
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    with host(code, tmp_path) as program:
        printed, complaint = program.communicate(timeout=20)
    assert printed == "interrupted True\n", complaint
    child = pid_in(tmp_path / "pid")
    alive = is_live(child)
    kill(child)
    assert not alive

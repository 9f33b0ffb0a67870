# SPDX-License-Identifier: AGPL-3.0-or-later
"""However a command without a screen is ended, it leaves nothing running and says what it can."""

import fcntl
import os
import signal
import subprocess
import termios
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

from tests.conftest import wait_until
from tests.engine.tagged import Tagged
from tests.session.commands import ER_TUI, headless
from tests.session.conftest import Write

Begin: TypeAlias = Callable[..., "subprocess.Popen[bytes]"]

SLEEPER = "touch $$.ready; exec sleep 600"
DEAF = "trap '' TERM INT HUP; touch $$.ready; while :; do sleep 0.05; done"


@pytest.fixture
def begin(folder: Path, tagged: Tagged, runtime_folder: Path) -> Iterator[Begin]:
    """Starts the command and waits until so many of its children are up."""
    processes: list[subprocess.Popen[bytes]] = []

    def begin(*options: str, ready: int, shell: str = "") -> subprocess.Popen[bytes]:
        command = [*ER_TUI, "--headless", str(folder), *options]
        if shell:
            command = ["/bin/sh", "-c", shell, *command]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        processes.append(process)
        wait_until(lambda: len(list(folder.glob("*.ready"))) >= ready)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()
    tagged.wait_gone(3)
    assert list(runtime_folder.iterdir()) == []


def report(process: subprocess.Popen[bytes], seconds: float = 10) -> str:
    """All that was reported, once the command has ended."""
    _stdout, stderr = process.communicate(timeout=seconds)
    return stderr.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_every_run_and_the_report_goes_on(
    begin: Begin, write: Write, tagged: Tagged, number: signal.Signals
) -> None:
    for name in ("a", "b", "queued"):
        write(name, SLEEPER)
    process = begin("--jobs", "2", "--json", ready=2)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    lines = stderr.decode().splitlines()
    assert "er-tui     cancelling every run" in lines
    assert sum(line.startswith("cancelled  ") for line in lines) == 3
    assert stdout.count(b'"status": "cancelled"') == 3
    assert tagged.alive() == []


def test_a_second_signal_kills(begin: Begin, write: Write, tagged: Tagged) -> None:
    for name in ("a", "b"):
        write(name, DEAF, metadata={"subprocess.grace_seconds": "600"})
    process = begin("--jobs", "2", ready=2)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while b"cancelling" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    said = report(process)
    assert process.returncode == 128 + signal.SIGINT
    assert "er-tui     killing every run" in said
    assert said.count("SIGKILL was needed") == 2
    assert tagged.alive() == []


def test_runs_are_ended_though_nobody_reads_the_report(
    begin: Begin, write: Write, tagged: Tagged
) -> None:
    for number in range(60):
        write(f"{number:02d}", "printf %4000s x >&2; exit 1")
    for name in ("x", "y"):
        write(name, DEAF, metadata={"subprocess.grace_seconds": "0.2"})
    process = begin("--jobs", "4", ready=2)
    assert process.stderr is not None
    waiting = array("i", [0])

    def full() -> bool:
        assert process.stderr is not None
        fcntl.ioctl(process.stderr, termios.FIONREAD, waiting)
        return waiting[0] > 60_000

    wait_until(full)
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: not any("trap" in alive for alive in tagged.alive()))

    # Over and over: the one that comes while it is stuck has it give up.
    def ended() -> bool:
        process.send_signal(signal.SIGTERM)
        return process.poll() is not None

    wait_until(ended)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_storm_of_signals_hangs_nothing(begin: Begin, write: Write) -> None:
    for number in range(20):
        write(f"{number:02d}", "echo x; " + (SLEEPER if number < 2 else "true"))
    process = begin("--jobs", "2", ready=2)
    for _ in range(300):
        process.send_signal(signal.SIGINT)
    report(process)
    assert process.returncode == 128 + signal.SIGINT


def test_killed_it_leaves_no_run_behind(begin: Begin, write: Write, tagged: Tagged) -> None:
    write("a", SLEEPER)
    write("b", DEAF)
    process = begin("--jobs", "2", ready=2)
    process.kill()
    process.wait()
    tagged.wait_gone(2)


def test_a_hangup_that_is_ignored_stays_ignored(begin: Begin, folder: Path, write: Write) -> None:
    os.mkfifo(folder / "fifo")
    write("a", "touch $$.ready; read word < fifo; echo $word", timeout_seconds=30)
    process = begin("--json", ready=1, shell='trap "" HUP; exec "$0" "$@"')
    process.send_signal(signal.SIGHUP)
    (folder / "fifo").write_text("unharmed\n")
    assert "succeeded  a" in report(process)
    assert process.returncode == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_goes_away_leaves_no_run_behind(
    begin: Begin, folder: Path, write: Write, tagged: Tagged, stream: str
) -> None:
    os.mkfifo(folder / "fifo")
    write("a", "touch $$.ready; read word < fifo", timeout_seconds=30)
    write("b", SLEEPER)
    process = begin("--jobs", "2", "--json", ready=2)
    closed, other = process.stdout, process.stderr
    if stream == "stderr":
        closed, other = other, closed
    assert closed is not None
    assert other is not None
    closed.close()
    (folder / "fifo").write_text("end\n")  # something to be reported
    rest = other.read()
    assert process.wait(10) != 0
    assert b"Traceback" not in rest
    assert tagged.alive() == []


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_streams_that_are_closed_from_the_start_do_no_harm(
    begin: Begin, folder: Path, write: Write, closed: str
) -> None:
    os.mkfifo(folder / "fifo")
    write("a", "touch $$.ready; read word < fifo", timeout_seconds=30)
    process = begin("--json", ready=1, shell=f'exec "$0" "$@" {closed}')
    (folder / "fifo").write_text("end\n")
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_an_engine_that_is_killed_is_told_and_gives_1(
    begin: Begin, write: Write, tagged: Tagged
) -> None:
    write("a", SLEEPER)
    process = begin(ready=1)
    (engine,) = (pid for pid in tagged.pids() if "er_tui.engine" in psutil.Process(pid).cmdline())
    os.kill(engine, signal.SIGKILL)
    said = report(process)
    assert process.returncode == 1
    assert "er-tui     the engine ended unexpectedly" in said
    assert "lost       a" in said
    tagged.kill()


def test_nothing_that_was_recorded_is_touched_by_the_next_command(
    folder: Path, write: Write, runtime_folder: Path
) -> None:
    write("a", "echo $$")
    assert headless(folder).returncode == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert headless(folder).returncode == 0
    assert {path: path.read_bytes() for path in before} == before
    assert list(runtime_folder.iterdir()) == []

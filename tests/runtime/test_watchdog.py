# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program that uses the library is killed: its runs do not outlive it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from er_tui.runtime.process.table import descendants, read_table
from tests.conftest import wait_until
from tests.runtime.invoking import PYTHON, host, host_output, is_live, kill, pid_in

WAIT = """
import sys, threading
from pathlib import Path
from tests.runtime.invoking import run, shell
folder = Path(sys.argv[1])
scripts = {scripts!r}
threads = [threading.Thread(target=lambda s=s: run(shell(folder, s))) for s in scripts]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

SPAWN = """
import sys, threading
from pathlib import Path
from tests.runtime.invoking import run, shell
folder = Path(sys.argv[1])
def spawn():
    while True:
        run(shell(folder, sys.argv[2]))
for _ in range(4):
    threading.Thread(target=spawn).start()
"""


def bearing(mark: str) -> list[int]:
    """The live processes that have ``mark`` among their arguments, but for this one's own."""
    found = []
    for pid, process in read_table().items():
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if process.alive and mark.encode() in arguments and pid != os.getpid():
            found.append(pid)
    return found


@contextmanager
def ended_at_last(mark: str) -> Iterator[None]:
    try:
        yield
    finally:
        for pid in bearing(mark):
            kill(pid)


def watchdogs(of: int) -> list[int]:
    """Of the process with that pid: it is among their arguments."""
    found = []
    for pid, process in read_table().items():
        if process.parent == of:
            continue  # what started it, and is gone in a moment
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"process.watchdog" in command and str(of).encode() in command.split(b"\0"):
                found.append(pid)
        except OSError:
            pass
    return found


def test_kill_9_of_a_program_ends_all_of_its_runs(tmp_path: Path) -> None:
    scripts = [
        "trap '' TERM; echo $$ > deaf; while :; do sleep 1; done",
        "setsid sh -c 'echo $$ > escaped; exec sleep 60' & wait",
        "env -i setsid sh -c 'echo $$ > bare; exec sleep 60' & wait",
        "(setsid sh -c 'echo $$ > orphan; exec sleep 60' &); sleep 60",
        "sleep 60 & echo $! > member; wait",
    ]
    with host(WAIT.format(scripts=scripts), tmp_path) as program:
        names = ("deaf", "escaped", "bare", "orphan", "member")
        pids = [pid_in(tmp_path / name) for name in names]
        program.kill()
        program.wait()
        try:
            wait_until(lambda: not any(map(is_live, pids)), 1.0)
        finally:
            for pid in pids:
                kill(pid)


def test_kill_9_in_the_midst_of_spawning_leaves_nobody(tmp_path: Path) -> None:
    chance = random.Random(4)
    for round_ in range(8):
        mark = f"{600 + round_}.{os.getpid()}"
        script = f"sleep {mark} & setsid sleep {mark} & exec sleep {mark}"
        cheap = f"setsid sleep {mark} & exec sleep 0.0{round_ + 1}"
        with ended_at_last(mark), host(SPAWN, tmp_path, script if round_ % 2 else cheap) as program:
            wait_until(lambda mark=mark: bool(bearing(mark)))  # type: ignore[misc]
            try:
                program.wait(chance.uniform(0, 0.1))
            except subprocess.TimeoutExpired:
                pass
            before = set(bearing(mark))
            program.kill()
            program.wait()
            # Those of runs that had ended by themselves were left alone on purpose.
            if round_ % 2:
                wait_until(lambda mark=mark: not bearing(mark), 2.0)  # type: ignore[misc]
            assert before


def test_a_program_that_ends_in_the_midst_of_a_run_in_a_thread_leaves_nobody(
    tmp_path: Path,
) -> None:
    code = WAIT.format(scripts=["echo $$ > pid; exec sleep 60"]).partition("for thread in threads")[
        0
    ]
    code += (
        "import os, time\nfor thread in threads:\n    thread.daemon = True\n    thread.start()\n"
        "while not (folder / 'pid').exists(): time.sleep(0.01)\nos._exit(3)"
    )
    with host(code, tmp_path) as program:
        assert program.wait(15) == 3
    pid = pid_in(tmp_path / "pid")
    try:
        wait_until(lambda: not is_live(pid), 1.0)
    finally:
        kill(pid)


def test_the_program_has_no_child_and_no_descriptor_to_inherit_after_its_run(
    tmp_path: Path,
) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "result = run(shell(Path(sys.argv[1]), 'true'))\n"
        "try:\n    os.waitpid(-1, os.WNOHANG)\n"
        "except ChildProcessError:\n    print('none')\n"
        "print(*[fd for fd in map(int, os.listdir('/proc/self/fd'))"
        " if os.path.exists(f'/proc/self/fd/{fd}') and fd > 2 and os.get_inheritable(fd)])\n"
    )
    assert host_output(code, tmp_path).split() == ["none"]


def test_the_watchdog_goes_with_the_program(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "print(run(shell(Path(sys.argv[1]), 'true')).status, flush=True)\n"
        "sys.stdin.readline()"
    )
    with subprocess.Popen(
        [PYTHON, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdin is not None
        assert program.stdout.readline() == "succeeded\n"
        (ours,) = watchdogs(program.pid)
        assert ours not in descendants(read_table(), [program.pid])
        program.stdin.write("\n")
        program.stdin.flush()
        program.wait(10)
    wait_until(lambda: not is_live(ours))


def test_a_watchdog_that_was_killed_is_replaced_and_told_of_what_is_live(tmp_path: Path) -> None:
    code = """
import os, sys, signal, threading
from pathlib import Path
from tests.conftest import wait_until
from tests.runtime.invoking import Background, pid_in, run, shell
from tests.runtime.test_watchdog import watchdogs
folder = Path(sys.argv[1])
background = Background(shell(folder, "echo $$ > live; exec sleep 60"))
pid_in(folder / "live")
wait_until(lambda: len(watchdogs(os.getpid())) == 1)
(first,) = watchdogs(os.getpid())
os.kill(first, signal.SIGKILL)
wait_until(lambda: first not in watchdogs(os.getpid()))
print(run(shell(folder, "true")).status, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with host(code, tmp_path) as program:
        printed, complaint = program.communicate(timeout=30)
    assert (printed, program.returncode) == ("succeeded\n", -signal.SIGKILL), complaint
    pid = pid_in(tmp_path / "live")
    try:
        wait_until(lambda: not is_live(pid), 1.0)
    finally:
        kill(pid)


def test_a_fork_of_the_program_has_a_watchdog_of_its_own(tmp_path: Path) -> None:
    """And the program's own sees its end, though the fork goes on."""
    code = """
import os, sys, signal
from pathlib import Path
from tests.runtime.invoking import Background, pid_in, shell
folder = Path(sys.argv[1])
background = Background(shell(folder, "echo $$ > parents; exec sleep 60"))
pid_in(folder / "parents")
if os.fork() == 0:
    background = Background(shell(folder, "echo $$ > forks; exec sleep 60"))
    pid_in(folder / "forks")
    (folder / "fork").write_text(f"{os.getpid()}\\n")
    signal.pause()
pid_in(folder / "fork")
os.kill(os.getpid(), signal.SIGKILL)
"""
    with host(code, tmp_path) as program:
        program.wait(30)
        pids = {name: pid_in(tmp_path / name) for name in ("parents", "forks", "fork")}
        try:
            wait_until(lambda: not is_live(pids["parents"]), 1.0)
            assert is_live(pids["forks"])
            os.kill(pids["fork"], signal.SIGKILL)
            wait_until(lambda: not is_live(pids["forks"]), 1.0)
        finally:
            for pid in pids.values():
                kill(pid)


def test_a_host_that_closes_or_takes_our_descriptor_loses_neither_runs_nor_its_file(
    tmp_path: Path,
) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from tests.runtime.invoking import Background, pid_in, run, shell
folder = Path(sys.argv[1])
print(run(shell(folder, "true")).status)
os.closerange(3, 1000)
files = [open(folder / f"host{n}", "w") for n in range(8)]
print(run(shell(folder, "true")).status)
background = Background(shell(folder, "echo $$ > pid; exec sleep 60"))
pid_in(folder / "pid")
print(*[(folder / f"host{n}").stat().st_size for n in range(8)], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with host(code, tmp_path) as program:
        printed, complaint = program.communicate(timeout=30)
    assert printed.split() == ["succeeded"] * 2 + ["0"] * 8, complaint
    pid = pid_in(tmp_path / "pid")
    try:
        wait_until(lambda: not is_live(pid), 1.0)
    finally:
        kill(pid)


def test_a_program_without_an_interpreter_runs_without_a_watchdog_and_says_so(
    tmp_path: Path,
) -> None:
    code = """
import sys
from pathlib import Path
from tests.runtime.invoking import run, run_directory, shell
folder = Path(sys.argv[1])
for executable in (None, "", "/gone", "/bin/true"):
    sys.executable = executable
    result = run(shell(folder, "true"))
    told = "no watchdog" in (run_directory(result) / "events.jsonl").read_text()
    pty = run(shell(folder, "true", metadata={"subprocess.pty": "true"}))
    print(result.status, told, pty.status)
"""
    assert host_output(code, tmp_path).splitlines() == [
        "succeeded True rejected",
        "succeeded True rejected",
        "succeeded True rejected",
        "succeeded False rejected",
    ]

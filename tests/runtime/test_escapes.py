# SPDX-License-Identifier: AGPL-3.0-or-later
"""Processes that leave the group of their run: ended with it, unless it ends by itself."""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.runtime import RunControl
from er_tui.runtime.process.table import read_table
from er_tui.rxp import RuntimeResult
from tests.runtime.invoking import (
    PYTHON,
    Background,
    host_output,
    invocation,
    is_live,
    journal,
    kill,
    pid_in,
    run,
    shell,
)

PROMPT = {"subprocess.grace_seconds": "0.2"}
DEAF = "trap '' TERM HUP INT; "

WAYS = {
    "a session of its own": "setsid sh -c 'echo $$ > escaped; exec sleep 60' & wait",
    "a bare environment too": "env -i setsid sh -c 'echo $$ > escaped; exec sleep 60' & wait",
    "its parent gone": (
        "(setsid sh -c 'echo $$ > escaped; exec sleep 60' >/dev/null 2>&1 &); sleep 60"
    ),
    "its parent gone and a bare environment": (
        "(env -i setsid sh -c 'echo $$ > escaped; exec sleep 60' &); sleep 60"
    ),
    "deaf": f'setsid sh -c "{DEAF}echo \\$\\$ > escaped; while :; do sleep 1; done" & wait',
    "a group of its own in a job shell": (
        "exec bash -c \"set -m; sh -c 'echo \\$\\$ > escaped; exec sleep 60' & wait\""
    ),
}


def ended(result: RuntimeResult) -> list[int]:
    """The pids that the journal names as having left the group."""
    told = [e.escaped for e in journal(result) if isinstance(e, events.SignalSent)]
    return [member.pid for members in told for member in members]


@pytest.mark.parametrize("way", WAYS)
def test_one_that_left_the_group_is_ended_with_a_cancel_and_named(tmp_path: Path, way: str) -> None:
    background = Background(shell(tmp_path, WAYS[way], metadata=PROMPT))
    escaped = pid_in(tmp_path / "escaped")
    background.control.cancel()
    result = background.result()
    try:
        assert result.status == "cancelled"
        assert not is_live(escaped)
        assert escaped in ended(result)
        assert str(escaped) in result.metadata["escaped"]
        assert "survivors" not in result.metadata
    finally:
        kill(escaped)


def test_one_that_left_the_group_is_ended_with_a_timeout(tmp_path: Path) -> None:
    script = WAYS["a bare environment too"]
    result = run(shell(tmp_path, script, timeout_seconds=1, metadata=PROMPT))
    assert result.status == "timed_out"
    assert not is_live(pid_in(tmp_path / "escaped"))


def test_one_that_left_the_group_is_left_alone_on_a_normal_exit(tmp_path: Path) -> None:
    script = (
        "setsid sh -c 'echo $$ > escaped; exec sleep 60' >/dev/null 2>&1 & "
        "until [ -s escaped ]; do :; done"
    )
    result = run(shell(tmp_path, script))
    escaped = pid_in(tmp_path / "escaped")
    try:
        assert result.status == "succeeded"
        assert is_live(escaped)
    finally:
        kill(escaped)


def test_the_deaf_child_of_one_that_left_is_ended_too(tmp_path: Path) -> None:
    script = (
        "env -i setsid sh -c '"
        '(trap "" TERM; echo $(exec sh -c "echo \\$PPID") > deaf; while :; do sleep 1; done) & '
        "echo $$ > escaped; sleep 60; wait' & wait"
    )
    background = Background(shell(tmp_path, script, metadata=PROMPT))
    pids = [pid_in(tmp_path / name) for name in ("escaped", "deaf")]
    background.control.cancel()
    assert background.result().status == "cancelled"
    alive = [pid for pid in pids if is_live(pid)]
    for pid in alive:
        kill(pid)
    assert alive == []


def test_one_that_was_seen_below_the_leader_is_known_when_it_has_left_all_else(
    tmp_path: Path,
) -> None:
    """What a look at the tree remembered counts, whatever was shed since."""
    script = "(env -i setsid sh -c 'echo $$ > escaped; exec sleep 60' >/dev/null 2>&1 &); sleep 60"
    control = RunControl()
    background = Background(shell(tmp_path, script, metadata=PROMPT), control)
    escaped = pid_in(tmp_path / "escaped")
    fields = Path(f"/proc/{escaped}/stat").read_bytes().rpartition(b")")[2].split()
    control.relatives.add((escaped, int(fields[19])))
    control.cancel()
    background.result()
    alive = is_live(escaped)
    kill(escaped)
    assert not alive


def test_one_whose_first_thread_has_ended_is_alive(tmp_path: Path) -> None:
    """The kernel calls it a zombie, and the threads that are left go on."""
    code = (
        "import ctypes, os, signal, threading, time\n"
        "if os.fork():\n"
        "    time.sleep(60)\n"
        "os.setsid()\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "def go_on():\n"
        "    while open(f'/proc/{os.getpid()}/stat').read().rpartition(')')[2].split()[0] != 'Z':\n"
        "        time.sleep(0.01)\n"
        "    open('escaped', 'w').write(f'{os.getpid()}\\n')\n"
        "    time.sleep(60)\n"
        "threading.Thread(target=go_on).start()\n"
        f"ctypes.CDLL(None).syscall({60 if os.uname().machine == 'x86_64' else 93}, 0)\n"
    )
    background = Background(invocation(tmp_path, PYTHON, "-c", code, metadata=PROMPT))
    pidfd = os.pidfd_open(pid_in(tmp_path / "escaped"))
    background.control.cancel()
    result = background.result()
    gone = bool(select.select([pidfd], [], [], 0)[0])
    if not gone:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)
    assert gone
    assert result.metadata["escaped_count"] == "1"


def test_one_that_opens_and_closes_files_all_the_time_is_known_by_the_output(
    tmp_path: Path,
) -> None:
    code = (
        "import os\n"
        "open('escaped', 'w').write(f'{os.getpid()}\\n')\n"
        "while True:\n"
        "    opened = [os.open('/dev/null', os.O_RDONLY) for _ in range(40)]\n"
        "    for descriptor in opened:\n"
        "        os.close(descriptor)\n"
    )
    (tmp_path / "busy.py").write_text(code)
    script = f"(env -i setsid {PYTHON} -S busy.py &); sleep 60"
    for _ in range(5):
        background = Background(shell(tmp_path, script, metadata=PROMPT))
        escaped = pid_in(tmp_path / "escaped")
        background.control.cancel()
        background.result()
        alive = is_live(escaped)
        kill(escaped)
        assert not alive
        (tmp_path / "escaped").unlink()


def test_nobody_else_is_taken_for_one_of_the_run(tmp_path: Path) -> None:
    """Not a run beside it, and not a fork of this process that has all our descriptors."""
    other = Background(shell(tmp_path, "echo $$ > other; exec sleep 60", metadata=PROMPT))
    script = "echo $$ > leader; (setsid sh -c 'echo $$ > escaped; exec sleep 60' &); sleep 60"
    background = Background(shell(tmp_path, script, metadata=PROMPT))
    bystander, escaped = pid_in(tmp_path / "other"), pid_in(tmp_path / "escaped")
    reading, writing = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(7)
    try:
        background.control.cancel()
        assert background.result().status == "cancelled"
        assert not is_live(escaped)
        assert is_live(bystander)
    finally:
        os.close(writing)
        os.close(reading)
        _pid, status = os.waitpid(fork, 0)
        other.control.cancel()
        assert other.result().status == "cancelled"
    assert os.waitstatus_to_exitcode(status) == 7


def test_a_run_inside_a_run_is_ended_with_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "run(shell(Path(sys.argv[1]), 'echo $$ > inner; exec sleep 60'))"
    )
    outer = invocation(
        tmp_path,
        *(PYTHON, "-c", code, str(tmp_path)),
        metadata=PROMPT,
        environment={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    background = Background(outer)
    inner = pid_in(tmp_path / "inner")
    background.control.cancel(grace_seconds=0)
    assert background.result().status == "cancelled"
    alive = is_live(inner)
    kill(inner)
    assert not alive


def test_a_chain_that_forks_faster_than_anybody_looks_is_swept(tmp_path: Path) -> None:
    """Each link lives a moment and leaves a new one, in the group of a leader long gone."""
    code = (
        "import os, time\n"
        "open('chain', 'w').write(f'{os.getpgid(0)}\\n')\n"
        "if os.fork():\n"
        "    os._exit(0)\n"
        "until = time.monotonic() + 20\n"
        "while time.monotonic() < until:\n"
        "    if os.fork():\n"
        "        os._exit(0)\n"
    )
    result = run(invocation(tmp_path, PYTHON, "-c", code))
    assert result.status == "succeeded"
    group = pid_in(tmp_path / "chain")
    members = [p for p in _groups() if p == group]
    assert members == []


def _groups() -> list[int]:
    return [process.group for process in read_table().values() if process.alive]


def test_a_fork_made_while_others_look_can_look_for_itself(tmp_path: Path) -> None:
    code = """
import os, sys, threading
from pathlib import Path
from er_tui.runtime.process.table import fresh_table
stop = threading.Event()
def look():
    while not stop.is_set():
        fresh_table()
threads = [threading.Thread(target=look) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(30):
    fork = os.fork()
    if fork == 0:
        fresh_table()
        os._exit(0)
    os.waitpid(fork, 0)
stop.set()
print("done")
"""
    assert host_output(code, tmp_path) == "done\n"


def test_without_descriptors_left_the_group_is_ended_and_the_status_is_right(
    tmp_path: Path,
) -> None:
    code = """
import os, resource, sys
from pathlib import Path
from tests.runtime.invoking import Background, pid_in, shell
folder = Path(sys.argv[1])
background = Background(shell(folder, "setsid sleep 60 & echo $! > escaped; wait",
                              metadata={"subprocess.grace_seconds": "0.2"}))
pid_in(folder / "escaped")
hog = []
try:
    while True:
        hog.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
background.control.cancel()
import threading
threading.Timer(0.6, lambda: [os.close(fd) for fd in hog]).start()
print(background.result().status)
"""
    assert host_output(code, tmp_path) == "cancelled\n"
    escaped = pid_in(tmp_path / "escaped")
    alive = is_live(escaped)
    kill(escaped)
    assert not alive

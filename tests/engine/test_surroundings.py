# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the engine leaves to its children, and what it takes from where it was started."""

import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import MakeTalk
from tests.engine.talk import Talk

LOOK = """\
import json, os
with open("/proc/self/status") as file:
    status = dict(line.split(":", 1) for line in file)
descriptors = {}
for name in os.listdir("/proc/self/fd"):
    try:
        descriptors[name] = os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:
        pass  # the one that listed them
print(json.dumps({
    "ignored": int(status["SigIgn"], 16),
    "blocked": int(status["SigBlk"], 16),
    "descriptors": descriptors,
    "session": os.getsid(0) == os.getpid() == os.getpgid(0),
    "stdin": os.read(0, 10).decode(),
}))
"""


def look(talk: Talk) -> dict[str, Any]:
    """What a child says of itself."""
    result = talk.result(talk.start(sys.executable, "-c", LOOK))
    assert result["status"] == "succeeded", result["error_summary"]
    seen: dict[str, Any] = json.loads(Path(result["stdout_path"]).read_bytes())
    return seen


def test_children_inherit_no_descriptor_of_ours(talk: Talk) -> None:
    assert sorted(look(talk)["descriptors"]) == ["0", "1", "2"]


def test_children_lead_their_own_session_and_read_nothing(talk: Talk) -> None:
    seen = look(talk)
    assert seen["session"] is True
    assert seen["stdin"] == ""
    assert seen["descriptors"]["0"] == "/dev/null"


def test_children_do_not_inherit_ignored_or_blocked_signals(make_talk: MakeTalk) -> None:
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        talk = make_talk()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    seen = look(talk)
    for number in (*numbers, signal.SIGTERM):
        assert not seen["ignored"] & 1 << (number - 1), number.name
    assert seen["blocked"] == 0


def test_a_parent_that_ignores_sigchld_costs_no_exit_status(make_talk: MakeTalk) -> None:
    previous = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        talk = make_talk()
    finally:
        signal.signal(signal.SIGCHLD, previous)
    assert talk.result(talk.start("/bin/sh", "-c", "exit 7"))["exit_code"] == 7


def test_the_socket_is_for_this_user_alone(talk: Talk, runtime_folder: Path) -> None:
    (path,) = runtime_folder.glob("er-tui-*/engine.sock")
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.stat().st_uid == os.getuid()
    assert talk.client.pid  # the engine is up


def test_python_files_in_the_current_folder_are_not_taken_for_ours(
    make_talk: MakeTalk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("queue", "select", "random", "er_tui"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger was imported')\n")
    monkeypatch.chdir(tmp_path)
    talk = make_talk()
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"


def test_relative_paths_are_those_of_whoever_started_the_engine(
    make_talk: MakeTalk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    talk = make_talk()
    result = talk.result(talk.start("/bin/pwd", working_directory="."))
    assert Path(result["stdout_path"]).read_text() == f"{tmp_path}\n"
    assert Path(result["stdout_path"]).is_relative_to(tmp_path)


@pytest.mark.parametrize("base", ["missing", "x" * 100])
def test_a_runtime_folder_that_cannot_hold_a_socket_is_passed_over(
    make_talk: MakeTalk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    if base != "missing":
        (tmp_path / base).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / base))
    talk = make_talk()
    assert talk.result(talk.start("/bin/true"))["status"] == "succeeded"

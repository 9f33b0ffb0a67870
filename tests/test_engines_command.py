# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui engines`` and what ``er-tui attach`` says: whose, which, and nobody else's."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from er_tui.cli.engines import engines
from er_tui.engine.messages import PROTOCOL_VERSION
from er_tui.session.attached import AttachedClient
from er_tui.session.client import EngineClient
from er_tui.session.engines import EngineError, find_engines, stop_engines
from tests.engine.conftest import MakeTalk, make_talk, runtime_folder
from tests.engine.tagged import tagged
from tests.engine.talk import SLEEPER
from tests.session.commands import ER_TUI

__all__ = ["make_talk", "runtime_folder", "tagged"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command without a terminal."""
    return subprocess.run(
        [*ER_TUI, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )


def attach(*arguments: str) -> tuple[int, str]:
    """`er-tui attach` in a terminal, where it only says something: exit code and words."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*ER_TUI, "attach", *arguments], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 4096):
            said += data
    except OSError:
        pass  # it has ended
    os.close(ours)
    return process.wait(), said.decode().replace("\r\n", "\n")


def test_the_list_tells_runs_clients_and_paths(make_talk: MakeTalk, tmp_path: Path) -> None:
    talk = make_talk(1, keep=True)
    talk.pid(talk.start(*SLEEPER))
    talk.start(*SLEEPER)
    said = run("engines")
    assert said.returncode == 0
    title, line = said.stdout.splitlines()
    assert title.split() == ["PID", "SINCE", "RUNNING", "QUEUED", "CLIENTS", "PATHS"]
    pid, _day, _time, *counts, path = line.split()
    assert (int(pid), counts, path) == (talk.client.pid, ["1", "1", "1"], str(tmp_path))


def test_the_list_for_scripts_is_json(make_talk: MakeTalk, tmp_path: Path) -> None:
    talk = make_talk(2, keep=True)
    talk.pid(talk.start(*SLEEPER))
    (line,) = run("engines", "--json").stdout.splitlines()
    document = json.loads(line)
    assert document["pid"] == talk.client.pid
    assert time.time() - 60 < document["started_at"] <= time.time()
    told = {name: document[name] for name in ("paths", "jobs", "running", "queued", "clients")}
    assert told == {"paths": [str(tmp_path)], "jobs": 2, "running": 1, "queued": 0, "clients": 1}
    assert (document["keep"], document["protocol"]) == (True, PROTOCOL_VERSION)


@pytest.mark.usefixtures("runtime_folder")
def test_without_an_engine_that_is_said() -> None:
    listed = run("engines")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert listed.stderr == "no engine of yours is running here\n"
    assert run("engines", "--json").stdout == ""
    assert run("engines", "--stop", "all").returncode == 0
    code, said = attach()
    assert code == 2
    assert "no engine of yours is running here; er-tui PATH... starts one" in said


def test_one_is_stopped_by_its_pid_and_is_gone_then(make_talk: MakeTalk) -> None:
    one, other = make_talk(keep=True), make_talk(keep=True)
    run_id = one.start(*SLEEPER)
    one.pid(run_id)
    said = run("engines", "--stop", str(one.client.pid))
    assert said.returncode == 0
    assert re.fullmatch(rf"engine {one.client.pid}, for \d+s, \S+: ended\n", said.stdout)
    assert one.recorded(run_id)["status"] == "cancelled"
    assert [engine.pid for engine in find_engines()] == [other.client.pid]
    assert run("engines", "--stop", "all").returncode == 0
    assert find_engines() == []


def test_a_pid_that_is_no_engine_is_refused(make_talk: MakeTalk) -> None:
    talk = make_talk()
    talk.pid(talk.start(*SLEEPER))
    said = run("engines", "--stop", str(os.getpid()))
    assert said.returncode == 2
    assert f"no engine of yours has that pid (there are: {talk.client.pid})" in said.stderr


def test_of_several_the_one_to_attach_to_is_asked_for(make_talk: MakeTalk, tmp_path: Path) -> None:
    pids = []
    for _ in range(2):
        talk = make_talk(keep=True)
        pids.append(str(talk.client.pid))
    for words in ((), (tmp_path.name,)):
        code, said = attach(*words)
        assert code == 2
        assert "several engines are meant; name one by its pid or a part of its path:" in said
        assert all(f"\n  {pid}, for " in said for pid in pids)
    code, said = attach("no-such")
    assert code == 2
    assert "no engine is no-such; there are:" in said


def test_what_a_dead_engine_left_is_removed_when_it_is_seen(
    make_talk: MakeTalk, runtime_folder: Path
) -> None:
    talk = make_talk(keep=True)
    talk.pid(talk.start(*SLEEPER))
    (folder,) = runtime_folder.iterdir()
    dead = runtime_folder / "er-tui-dead"
    dead.mkdir(mode=0o700)
    document = json.loads((folder / "engine.json").read_bytes())
    document["process"]["start_time"] -= 1
    (dead / "engine.json").write_text(json.dumps(document))
    assert len(find_engines()) == 1
    assert list(runtime_folder.iterdir()) == [folder]


def test_of_an_engine_that_never_was_up_nothing_stays_either(runtime_folder: Path) -> None:
    young, old, strange = (runtime_folder / f"er-tui-{n}" for n in ("young", "old", "strange"))
    for folder in (young, old, strange):
        folder.mkdir(mode=0o700)
    for folder in (young, old):
        (folder / "engine.sock").touch(mode=0o600)
    for folder in (old, strange):
        os.utime(folder, (1, 1))
    assert find_engines() == []
    assert sorted(runtime_folder.iterdir()) == sorted([young, strange])
    for folder in (young, strange):
        os.utime(folder, (1, 1))


def test_a_folder_that_others_can_write_to_is_not_looked_into(
    make_talk: MakeTalk, runtime_folder: Path
) -> None:
    talk = make_talk(keep=True)
    talk.pid(talk.start(*SLEEPER))
    (folder,) = runtime_folder.iterdir()
    folder.chmod(0o770)
    assert find_engines() == []
    folder.chmod(0o700)
    (engine,) = find_engines()
    (folder / "engine.sock").chmod(0o666)
    with pytest.raises(EngineError, match="its socket is not ours alone"):
        engine.connect()
    (folder / "engine.sock").chmod(0o600)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make another user's folder")
def test_another_users_engine_is_none_of_ours(make_talk: MakeTalk, runtime_folder: Path) -> None:
    talk = make_talk(keep=True)
    talk.pid(talk.start(*SLEEPER))
    (folder,) = runtime_folder.iterdir()
    os.chown(folder, 12345, -1)
    assert find_engines() == []
    os.chown(folder, 0, -1)


def test_an_engine_of_another_protocol_is_named_listed_and_stopped(
    make_talk: MakeTalk, runtime_folder: Path
) -> None:
    talk = make_talk(keep=True)
    talk.pid(talk.start(*SLEEPER))
    (path,) = runtime_folder.glob("er-tui-*/engine.json")
    other = {"protocol": PROTOCOL_VERSION + 1, "version": "9.9", "surprise": True}
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **other}))
    (engine,) = find_engines()
    with pytest.raises(EngineError, match=r"is of er-tui 9\.9 and speaks protocol") as refused:
        AttachedClient(engine)
    assert f"er-tui engines --stop {talk.client.pid}" in str(refused.value)
    assert stop_engines([engine], 10) == []


def test_an_engine_that_does_not_answer_is_listed_with_question_marks(
    make_talk: MakeTalk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("er_tui.session.engines._ANSWER_SECONDS", 0.1)
    talk = make_talk(keep=True)
    talk.pid(talk.start(*SLEEPER))
    os.kill(talk.client.pid, signal.SIGSTOP)
    try:
        with pytest.raises(SystemExit) as ended:
            engines.main([])
    finally:
        os.kill(talk.client.pid, signal.SIGCONT)
    assert not ended.value.code
    assert capsys.readouterr().out.splitlines()[1].split()[3:6] == ["?", "?", "?"]


def test_all_that_an_engine_writes_of_itself_is_private(
    make_talk: MakeTalk, runtime_folder: Path
) -> None:
    talk = make_talk()
    talk.pid(talk.start(*SLEEPER))
    (folder,) = runtime_folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == dict.fromkeys(("engine.json", "engine.log", "engine.sock"), 0o600)


def test_a_place_for_sockets_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ER_TUI_RUNTIME_DIR", str(tmp_path / ("x" * 80)))
    with pytest.raises(FileNotFoundError, match="ER_TUI_RUNTIME_DIR"):
        EngineClient(1)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""er-tui and other supervisors, each started on one command and stopped as its user would.

Each has the setting that its own documentation gives for a clean stop; what is not installed (on
PATH, or in a folder of ER_TUI_BENCH_PATH, which is written like PATH) is left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from er_tui import __version__
from tests.bench.kept import KeptTerminal

GRACE_SECONDS = 3
"""er-tui's default, and given to others that let it be set."""
_LONGEST_END_SECONDS = 10.0
_SHOWN_BYTES = 500


class Running:
    """A supervisor at work, in a terminal or with a file for its output."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], log: Path, screen: bool
    ) -> None:
        self.command = command
        self.environment = environment
        self.terminal: KeptTerminal | None = None
        self._log = log
        if screen:
            self.terminal = KeptTerminal(command, environment)
            self.pid = self.terminal.pid
        else:
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            self.pid = self._process.pid

    @property
    def ended(self) -> bool:
        return self.terminal.ended if self.terminal else self._process.poll() is not None

    @property
    def said(self) -> str:
        """The end of what it wrote, for the reader of a failure."""
        data = self.terminal.seen if self.terminal else self._log.read_bytes()
        return repr(data[-_SHOWN_BYTES:])

    def signal(self, number: int) -> None:
        """Signal the supervisor itself; nothing happens if it has ended."""
        if not self.ended:
            os.kill(self.pid, number)

    def faults(self) -> list[str]:
        """What is wrong with the terminal, where there is one."""
        return self.terminal.faults() if self.terminal else []

    def close(self) -> None:
        """Kill it if it still runs."""
        if self.terminal:
            self.terminal.close()
        else:
            self.signal(signal.SIGKILL)
            self._process.wait(_LONGEST_END_SECONDS)


@dataclass(frozen=True, slots=True)
class Supervisor:
    """One kind of them."""

    name: str
    version: str
    setting: str
    """What it was told about stopping, and how it is stopped; for the reader of the table."""
    prepare: Callable[[Path, list[str]], list[str]]
    """Writes its configuration for a command into a folder; the command line to start."""
    stop: Callable[[Running], None]
    force: Callable[[Running], None] | None = None
    """Its second way to stop, for when the first one hangs."""
    screen: bool = False
    ours: bool = False

    def start(self, folder: Path, child: list[str], environment: Mapping[str, str]) -> Running:
        """Have it run ``child``. Files go to ``folder``."""
        command = self.prepare(folder, child)
        return Running(command, environment, folder / "log", self.screen)


def supervisors() -> tuple[list[Supervisor], list[str]]:
    """Those that are here, er-tui first, and the names of those that are not."""
    found, missing = [_headless(), _dashboard()], []
    for name, make in (("mprocs", _mprocs), ("honcho", _honcho), ("supervisord", _supervisord)):
        path = shutil.which(name, path=_search_path())
        if path is None:
            missing.append(name)
        else:
            found.append(make(path))
    return found, missing


def _search_path() -> str:
    folders = (os.environ.get("ER_TUI_BENCH_PATH"), os.environ.get("PATH", os.defpath))
    return os.pathsep.join(folder for folder in folders if folder)


def _version(*command: str) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found.group() if found else "?"


def _terminate(running: Running) -> None:
    running.signal(signal.SIGTERM)


def _headless() -> Supervisor:
    return Supervisor(
        "er-tui --headless",
        __version__,
        f"default grace of {GRACE_SECONDS} s; stopped by SIGTERM",
        lambda folder, child: _er_tui(folder, child, "--headless"),
        _terminate,
        ours=True,
    )


def _dashboard() -> Supervisor:
    def quit_it(running: Running) -> None:
        assert running.terminal is not None
        running.terminal.type("q")
        running.terminal.wait_for("is live")
        running.terminal.type("y")

    return Supervisor(
        "er-tui",
        __version__,
        "default settings, which give 0.5 s of grace when it is quit; stopped by the keys q, y",
        lambda folder, child: _er_tui(folder, child, "--run"),
        quit_it,
        screen=True,
        ours=True,
    )


def _er_tui(folder: Path, child: list[str], *options: str) -> list[str]:
    invocations = folder / "invocations"
    invocations.mkdir()
    write_invocation(invocations, "one", child)
    return [sys.executable, "-m", "er_tui", *options, str(invocations)]


def write_invocation(folder: Path, name: str, command: list[str]) -> None:
    """An invocation file; what it leaves goes to the same folder."""
    document = {
        "schema_version": "0.1",
        "contract_kind": "runtime_invocation",
        "invocation_id": name,
        "runtime_name": "bench",
        "runtime_kind": "subprocess",
        "working_directory": str(folder),
        "command": command,
        "environment": {},
        "timeout_seconds": 600,
        "input_payload_path": None,
        "output_result_path": None,
        "artifact_directory": None,
        "metadata": {},
    }
    (folder / f"{name}.json").write_text(json.dumps(document))


def _mprocs(path: str) -> Supervisor:
    program = _behind_wrapper(Path(path).resolve())

    def prepare(folder: Path, child: list[str]) -> list[str]:
        config = folder / "mprocs.json"
        config.write_text(json.dumps({"procs": {"one": {"cmd": child}}}))
        return [str(program), "--config", str(config), "--server", f"127.0.0.1:{_free_port()}"]

    def tell(running: Running, order: str) -> None:
        command = [str(program), *running.command[-2:], "--ctl", f"{{c: {order}}}"]
        subprocess.run(command, env=running.environment, check=True, capture_output=True)

    return Supervisor(
        "mprocs",
        _version(str(program), "--version"),
        "default stop (SIGTERM); stopped by its command quit (key q), and where that does not end "
        "it, forced by force-quit (key Q)",
        prepare,
        lambda running: tell(running, "quit"),
        lambda running: tell(running, "force-quit"),
        screen=True,
    )


def _behind_wrapper(path: Path) -> Path:
    """The program that npm's script starts: to kill the script would be to kill the wrong one."""
    if path.suffix != ".js":
        return path
    return next(path.parent.glob(f"mprocs-*-linux-{os.uname().machine}*/mprocs"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _honcho(path: str) -> Supervisor:
    def prepare(folder: Path, child: list[str]) -> list[str]:
        procfile = folder / "Procfile"
        # Without exec a shell would stand between, deaf to nothing and of no use.
        procfile.write_text(f"one: exec {shlex.join(child)}\n")
        return [path, "start", "-d", str(folder), "-f", str(procfile)]

    return Supervisor(
        "honcho",
        _version(path, "--version"),
        "has no settings (5 s of grace); stopped by SIGTERM",
        prepare,
        _terminate,
    )


def _supervisord(path: str) -> Supervisor:
    def prepare(folder: Path, child: list[str]) -> list[str]:
        config = folder / "supervisord.conf"
        config.write_text(
            f"[supervisord]\nnodaemon=true\nlogfile={folder}/supervisord.log\n"
            f"pidfile={folder}/supervisord.pid\nchildlogdir={folder}\n"
            f"[program:one]\ncommand={shlex.join(child)}\nautorestart=false\nstartsecs=0\n"
            f"stopasgroup=true\nkillasgroup=true\nstopwaitsecs={GRACE_SECONDS}\n"
        )
        return [path, "--configuration", str(config)]

    return Supervisor(
        "supervisor",
        _version(path, "--version"),
        f"stopasgroup, killasgroup, stopwaitsecs={GRACE_SECONDS}; stopped by SIGTERM; "
        "SIGHUP is documented to stop all, read the configuration and start all anew",
        prepare,
        _terminate,
    )

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever a test starts, found again: by an environment variable that all of it inherits."""

import os
import signal
import time
import uuid
from collections.abc import Iterator

import psutil
import pytest

VARIABLE = "ER_TUI_TEST_TAG"


class Tagged:
    """All processes that descend from this test and are alive; a zombie is not."""

    def __init__(self, value: str) -> None:
        self._mark = f"{VARIABLE}={value}".encode()

    def pids(self) -> list[int]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and self._is(name)]

    def alive(self) -> list[str]:
        """Pid and command of each, for the reader of a failure."""
        return [f"{pid} {_command(pid)}" for pid in self.pids()]

    def wait_gone(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while left := self.alive():
            assert time.monotonic() < until, f"still alive after {seconds} s: {left}"
            time.sleep(0.005)

    def kill(self) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _is(self, name: str) -> bool:
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if self._mark not in file.read().split(b"\0"):
                    return False
            return psutil.Process(int(name)).status() != psutil.STATUS_ZOMBIE
        except (OSError, psutil.NoSuchProcess):
            return False


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return "?"


@pytest.fixture
def tagged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tagged]:
    """What this test starts; killed after it, whatever became of the test."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(VARIABLE, value)
    found = Tagged(value)
    yield found
    while found.pids():
        found.kill()

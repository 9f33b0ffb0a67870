# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests of every room share: waiting for a condition, and a state folder of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is; what it costs is for the benches.
settings.register_profile("er-tui", deadline=None)
settings.load_profile("er-tui")


class Eventually(Protocol):
    """Waits until ``condition`` holds; fails, saying what was waited for, when it does not."""

    def __call__(self, condition: Callable[[], object], seconds: float = 10.0) -> None: ...


@pytest.fixture
def eventually() -> Eventually:
    return wait_until


for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    # Whoever runs the tests in the background ignores them, and what we start would inherit that.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Poll ``condition`` until it is true; AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds} s: {condition}")
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state folder, redirected: no test writes into the real one."""
    home = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Engines for the tests of this room, and the end of all that they started."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from er_tui.engine.messages import Welcome
from er_tui.session.engines import find_engines, stop_engines
from tests.engine.tagged import Tagged, tagged
from tests.engine.talk import RawClient, Talk

__all__ = ["tagged"]

MakeTalk: TypeAlias = Callable[..., Talk]


@pytest.fixture
def runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where engines make their private folders; short, as the path of a socket must be."""
    folder = Path(tempfile.mkdtemp(prefix="er-tui-test-"))
    monkeypatch.setenv("ER_TUI_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_talk(tmp_path: Path, tagged: Tagged, runtime_folder: Path) -> Iterator[MakeTalk]:
    """Starts engines that end with the test."""
    talks: list[Talk] = []

    def make(jobs: int = 2, **options: Any) -> Talk:
        talks.append(Talk(tmp_path, jobs, **options))
        return talks[-1]

    yield make
    for talk in talks:
        if not talk.left:
            assert talk.client.close(10)
    assert stop_engines(find_engines(), 10) == []
    tagged.wait_gone(2)
    assert list(runtime_folder.iterdir()) == []


@pytest.fixture
def talk(make_talk: MakeTalk) -> Talk:
    """An engine that runs two processes at a time."""
    return make_talk()


@pytest.fixture
def stranger(talk: Talk, runtime_folder: Path) -> Iterator[RawClient]:
    """A second connection to the engine of `talk`."""
    talk.first(Welcome)
    (path,) = runtime_folder.glob("er-tui-*/engine.sock")
    client = RawClient(path)
    yield client
    client.close()

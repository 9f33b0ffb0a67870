# SPDX-License-Identifier: AGPL-3.0-or-later
"""Folders of invocations and sessions over them, and the end of all that they started."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from er_tui.session.client import EngineClient
from er_tui.session.library import Library
from er_tui.session.session import Session
from tests.engine.conftest import runtime_folder
from tests.engine.tagged import Tagged, tagged

__all__ = ["runtime_folder", "tagged"]

Write: TypeAlias = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test keeps its invocation files."""
    made = tmp_path / "invocations"
    made.mkdir()
    return made


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes `<name>.json`, an invocation of `/bin/sh -c <script>` with `fields` put in."""

    def write(name: str, script: str = "true", **fields: object) -> Path:
        document = {
            "invocation_id": Path(name).name,
            "runtime_name": "test",
            "runtime_kind": "subprocess",
            "working_directory": str(folder),
            "command": ["/bin/sh", "-c", script],
            **fields,
        }
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2))
        return path

    return write


@pytest.fixture
def session(folder: Path, tagged: Tagged, runtime_folder: Path) -> Iterator[Session]:
    """A session over the folder, with an engine of its own and nothing listed yet."""
    session = Session(Library([folder]))
    client = EngineClient(2)
    session.engine = client
    yield session
    assert client.close(10)
    assert list(runtime_folder.iterdir()) == []
    tagged.kill()


def listed(session: Session) -> list[str]:
    """The keys of what the library holds, once the session has read it."""
    for entry in session.library.scan():
        session.add(entry)
    return sorted(session.entries)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Terminals over a folder of invocations, and the end of all that runs in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.engine.conftest import runtime_folder
from tests.engine.tagged import Tagged, tagged
from tests.session.conftest import folder, write
from tests.terminal.terminal import Terminal

__all__ = ["folder", "runtime_folder", "tagged", "write"]

Open: TypeAlias = Callable[..., Terminal]


@pytest.fixture
def open_terminal(
    tagged: Tagged,
    runtime_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:
    """Starts er-tui in a terminal; ended with the test, engine and runs included."""
    monkeypatch.setenv("HOME", str(tmp_path))
    terminals: list[Terminal] = []

    def start(*arguments: str | Path, **options: Any) -> Terminal:
        terminals.append(Terminal(*map(str, arguments), **options))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()
    tagged.wait_gone(5)
    assert list(runtime_folder.iterdir()) == []

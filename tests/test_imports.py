# SPDX-License-Identifier: AGPL-3.0-or-later
"""What importing a room loads, and the line every file begins with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for room in ("er_tui", "tests") for path in (ROOT / room).rglob("*.py"))


def loaded(*modules: str) -> set[str]:
    """Every module that a fresh interpreter holds after importing ``modules``."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


def within(package: str, modules: set[str]) -> set[str]:
    return {name for name in modules if name == package or name.startswith(f"{package}.")}


@pytest.mark.parametrize("package", ["textual", "rich", "httpx", "asyncio", "platformdirs"])
def test_the_library_loads_only_what_it_needs(package: str) -> None:
    assert within(package, loaded("er_tui.runtime.executor", "er_tui.runtime.runners")) == set()


def test_the_session_loads_no_runtime_and_of_the_engine_what_it_tells_alone() -> None:
    modules = loaded("er_tui.session.client", "er_tui.session.attached", "er_tui.session.session")
    assert within("er_tui.runtime", modules) == set()
    told = {"er_tui.engine", "er_tui.engine.messages", "er_tui.engine.description"}
    assert within("er_tui.engine", modules) <= told
    assert within("textual", modules) | within("httpx", modules) == set()


@pytest.mark.parametrize("room", ["rxp", "journal", "runtime", "engine", "session", "text"])
def test_no_room_but_the_screens_loads_textual(room: str) -> None:
    modules = loaded(f"er_tui.{room}")
    assert within("textual", modules) | within("rich", modules) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_under_which_license_it_is(path: Path) -> None:
    with path.open(encoding="utf-8") as file:
        assert file.readline() == "# SPDX-License-Identifier: AGPL-3.0-or-later\n"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Folders of invocations for dashboards, and the end of all that ran."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import runtime_folder
from tests.engine.tagged import Tagged, tagged
from tests.session.conftest import folder, write

__all__ = ["folder", "runtime_folder", "tagged", "write"]


@pytest.fixture(autouse=True)
def nothing_is_left(tagged: Tagged, runtime_folder: Path) -> Iterator[None]:
    """No process and no socket of a test outlives it."""
    yield
    tagged.wait_gone(5)
    assert list(runtime_folder.iterdir()) == []

# SPDX-License-Identifier: AGPL-3.0-or-later
"""No run leaves a thread or a descriptor behind, and none meets the proxies of this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from tests.conftest import wait_until
from tests.http_backend.tls import certificate

__all__ = ["certificate"]

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_until(lambda: set(threading.enumerate()) <= before, 7.0)


@pytest.fixture
def no_descriptor_is_left() -> Iterator[None]:
    """For tests that open none of their own before this fixture."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= before)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

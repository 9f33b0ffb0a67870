# SPDX-License-Identifier: AGPL-3.0-or-later
"""The runners: what executes one ``runtime_kind`` each. No runner knows another."""

from importlib import import_module
from typing import TYPE_CHECKING

from er_tui.runtime.runners.manual_runner import ManualRunner
from er_tui.runtime.runners.protocol import Dispatcher, RuntimeRunner
from er_tui.runtime.runners.subprocess_runner import SubprocessRunner

if TYPE_CHECKING:
    from er_tui.runtime.runners.async_http_runner import AsyncHttpRunner
    from er_tui.runtime.runners.http_runner import HttpRunner

__all__ = [
    "AsyncHttpRunner",
    "Dispatcher",
    "HttpRunner",
    "ManualRunner",
    "RuntimeRunner",
    "SubprocessRunner",
]

_ON_DEMAND = {"AsyncHttpRunner": "async_http_runner", "HttpRunner": "http_runner"}


def __getattr__(name: str) -> object:
    """Load the HTTP runners when somebody wants one: importing the runtime stays cheap."""
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)

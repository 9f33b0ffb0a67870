# SPDX-License-Identifier: AGPL-3.0-or-later
"""One run: the registry, the control of a run, and the runners under it.

This room runs in the caller's process and leaves no trace in it. It knows no queue and no screen.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from er_tui.runtime.control import RunControl
    from er_tui.runtime.executor import ExecutorRuntime

__all__ = ["ExecutorRuntime", "RunControl"]

_HOMES = {
    "ExecutorRuntime": "er_tui.runtime.executor",
    "RunControl": "er_tui.runtime.control",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the watchdog and the guard take the process table from this room, and
    # they run without anything that is not in the standard library.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value

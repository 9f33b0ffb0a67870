# SPDX-License-Identifier: AGPL-3.0-or-later
"""One run: the registry, the control of a run, and the runners under it.

This room runs in the caller's process and leaves no trace in it. It knows no queue and no screen.
"""

from er_tui.runtime.control import RunControl
from er_tui.runtime.executor import ExecutorRuntime

__all__ = ["ExecutorRuntime", "RunControl"]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The runners: what executes one ``runtime_kind`` each. No runner knows another."""

from er_tui.runtime.runners.manual_runner import ManualRunner
from er_tui.runtime.runners.protocol import Dispatcher, RuntimeRunner
from er_tui.runtime.runners.subprocess_runner import SubprocessRunner

__all__ = ["Dispatcher", "ManualRunner", "RuntimeRunner", "SubprocessRunner"]

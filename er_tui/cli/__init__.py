# SPDX-License-Identifier: AGPL-3.0-or-later
"""The er-tui command: options in, dashboard, headless run or report out, exit code."""

from er_tui.cli.program import main

__all__ = ["main"]

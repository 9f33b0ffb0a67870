# SPDX-License-Identifier: AGPL-3.0-or-later
"""All invocations run without a screen: progress, results as JSON lines, an exit code."""

from er_tui.session.headless.command import EXIT_FAILED, EXIT_OK, EXIT_USAGE, Headless, Wanted
from er_tui.session.headless.reporting import Lines, Reporter, Standing
from er_tui.session.headless.writing import Writing

__all__ = [
    "EXIT_FAILED",
    "EXIT_OK",
    "EXIT_USAGE",
    "Headless",
    "Lines",
    "Reporter",
    "Standing",
    "Wanted",
    "Writing",
]

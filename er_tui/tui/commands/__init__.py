# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command of the dashboard, defined once, in the order in which help and palette show them.

Bindings, footer, palette and help are all made from :data:`COMMANDS`; the main screen has one
``action_<id>`` for each.
"""

from er_tui.tui.commands import listing, output, panes, program, runs
from er_tui.tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    *runs.COMMANDS,
    *listing.COMMANDS,
    *panes.COMMANDS,
    *output.COMMANDS,
    *program.COMMANDS,
)
BY_ID = {command.id: command for command in COMMANDS}

__all__ = ["BY_ID", "COMMANDS", "Command"]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The program as a whole."""

from __future__ import annotations

from er_tui.tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "help",
        "question_mark",
        "?",
        "help",
        "Show all keys and what they do.",
        "Program",
        footer=True,
    ),
    Command(
        "palette",
        "ctrl+p",
        "^p",
        "palette",
        "Find a command by name.",
        "Program",
    ),
    Command(
        "suspend",
        "ctrl+z",
        "^z",
        "suspend",
        "Go back to the shell until fg; the runs and their deadlines go on.",
        "Program",
    ),
    Command(
        "detach",
        "D",
        "D",
        "detach",
        "Leave, and let the runs go on; er-tui attach comes back to them.",
        "Program",
        lambda screen: screen.can_detach,
    ),
    Command(
        "quit",
        "q,ctrl+q",
        "q",
        "quit",
        "Leave. Asks first while runs are live: to end them, or to detach.",
        "Program",
        footer=True,
    ),
)

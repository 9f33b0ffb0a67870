# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done to runs."""

from __future__ import annotations

from er_tui.tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "run",
        "r",
        "r",
        "run",
        "Run the invocation under the cursor, or all marked ones. Earlier runs are kept.",
        "Runs",
        lambda screen: screen.selection.can_run,
        footer=True,
    ),
    Command(
        "run_all",
        "R",
        "R",
        "run all",
        "Run every invocation that is listed and not running.",
        "Runs",
        lambda screen: screen.selection.can_run_all,
        footer=True,
    ),
    Command(
        "run_failed",
        "F",
        "F",
        "re-run failed",
        "Run every listed invocation again whose last run did not succeed.",
        "Runs",
        lambda screen: screen.selection.can_run_failed,
    ),
    Command(
        "cancel",
        "c",
        "c",
        "cancel",
        "End the selected run, or all marked ones: SIGTERM to the process group, SIGKILL after "
        "the grace. A second press kills at once.",
        "Runs",
        lambda screen: screen.selection.can_cancel,
        footer=True,
        now=lambda screen: "kill now" if screen.selection.all_ending else None,
    ),
    Command(
        "cancel_all",
        "C",
        "C",
        "cancel all",
        "End every live run, listed or not; asks first when there are several. Pressed again "
        "while they are ending, it kills them at once.",
        "Runs",
        lambda screen: screen.selection.has_live,
    ),
    Command(
        "pause",
        "p",
        "p",
        "pause",
        "Stop the processes of the selected run, or of all marked ones, where they are (SIGSTOP), "
        "or let them go on (SIGCONT). The deadline does not wait.",
        "Runs",
        lambda screen: bool(screen.selection.steerable()),
        footer=True,
        now=lambda screen: "resume" if screen.selection.all_paused else None,
    ),
    Command(
        "signal",
        "s",
        "s",
        "signal",
        "Choose a signal for the process group of the selected run, or of all marked ones.",
        "Runs",
        lambda screen: bool(screen.selection.signallable()),
    ),
    Command(
        "more_time",
        "plus",
        "+",
        "more time",
        "Move the deadline of the selected run, or of all marked ones that have one.",
        "Runs",
        lambda screen: bool(screen.selection.extendable()),
    ),
    Command(
        "close_lost",
        "L",
        "L",
        "close lost",
        "Give the selected run, or all marked ones, whose process is gone a result that says so: "
        "failed, lost. What they captured is kept.",
        "Runs",
        lambda screen: bool(screen.selection.lost()),
    ),
)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Moving about, and what panes other than Output offer."""

from __future__ import annotations

from er_tui.tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "next_pane",
        "right_square_bracket",
        "]",
        "next pane",
        "Show the next pane of the run.",
        "Panes",
        lambda screen: screen.selection.has_entry,
    ),
    Command(
        "previous_pane",
        "left_square_bracket",
        "[",
        "previous pane",
        "Show the pane before.",
        "Panes",
        lambda screen: screen.selection.has_entry,
    ),
    Command(
        "older_run",
        "comma",
        ",",
        "older run",
        "Show the run before this one of the same invocation.",
        "Panes",
        lambda screen: screen.selection.has_older_run,
    ),
    Command(
        "newer_run",
        "full_stop",
        ".",
        "newer run",
        "Show the run after this one of the same invocation.",
        "Panes",
        lambda screen: screen.selection.has_newer_run,
    ),
    Command(
        "switch_focus",
        "tab,shift+tab",
        "tab",
        "switch side",
        "Move between the list and the panes.",
        "Panes",
        footer=True,
    ),
    Command(
        "back",
        "escape",
        "esc",
        "back",
        "Return to the list; there, clear the filter.",
        "Panes",
    ),
    Command(
        "reveal",
        "x",
        "x",
        "reveal",
        "Show the secrets of the invocation on the screen, or mask them again.",
        "Panes",
        lambda screen: screen.pane_can("reveal"),
    ),
    Command(
        "copy",
        "y",
        "y",
        "copy",
        "Copy the selected lines of output, or the current one; or the selected attempt as a curl "
        "command, in which secrets become variables of the shell.",
        "Panes",
        lambda screen: screen.pane_can("copy"),
        footer=True,
    ),
    Command(
        "fold_all",
        "z",
        "z",
        "fold all",
        "Fold every object and list of the JSON that is shown, but for the outermost; enter, "
        "space or a click folds and opens one.",
        "Panes",
        lambda screen: screen.pane_can("fold_all"),
    ),
    Command(
        "open_all",
        "Z",
        "Z",
        "open all",
        "Open everything again that is folded in the JSON.",
        "Panes",
        lambda screen: screen.pane_can("open_all"),
    ),
    Command(
        "search_all",
        "ctrl+f",
        "^f",
        "search all",
        "Search what all runs wrote; enter goes to the run and the line that was found.",
        "Panes",
    ),
    Command(
        "all_output",
        "T",
        "T",
        "all output",
        "Show what all live runs write as it comes, each line with the name of its run.",
        "Panes",
    ),
)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command of the dashboard, defined once: key, name, help, and when it makes sense.

Bindings, footer, palette and help are all made from :data:`COMMANDS`; the main screen has one
``action_<id>`` for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from textual.binding import Binding

if TYPE_CHECKING:
    from er_tui.tui.screens.main import MainScreen

Group: TypeAlias = Literal["Runs", "List", "Panes", "Output", "Program"]


def _always(_screen: MainScreen) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do."""

    id: str
    keys: str
    """As Textual spells them, comma-separated; the first is the one that is shown."""
    shown: str
    """The key as a user reads it."""
    name: str
    """A word or two, for the footer and the palette."""
    help: str
    group: Group
    enabled: Callable[[MainScreen], bool] = _always
    footer: bool = False

    @property
    def binding(self) -> Binding:
        return Binding(self.keys, self.id, self.name, show=False, id=self.id)


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
    ),
    Command(
        "mark",
        "space",
        "space",
        "mark",
        "Mark the invocation under the cursor, or take the mark away.",
        "List",
        lambda screen: screen.selection.has_entry,
    ),
    Command(
        "filter",
        "slash",
        "/",
        "filter",
        "List only invocations whose name, id, kind or status holds all the words typed. "
        "Escape clears.",
        "List",
        footer=True,
    ),
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
        "copy_curl",
        "y",
        "y",
        "copy as curl",
        "Copy the selected attempt as a curl command; secrets become variables of the shell.",
        "Panes",
        lambda screen: screen.pane_can("copy_curl"),
        footer=True,
    ),
    Command(
        "follow",
        "f",
        "f",
        "follow",
        "Keep the end of the output in view, or stop doing so.",
        "Output",
        lambda screen: screen.pane_can("follow"),
        footer=True,
    ),
    Command(
        "stream",
        "o",
        "o",
        "streams",
        "Show both outputs in the order they came, stdout alone, or stderr alone.",
        "Output",
        lambda screen: screen.pane_can("stream"),
    ),
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
        "quit",
        "q,ctrl+q",
        "q",
        "quit",
        "Leave. Asks first while runs are live, because leaving ends them.",
        "Program",
        footer=True,
    ),
)
BY_ID = {command.id: command for command in COMMANDS}

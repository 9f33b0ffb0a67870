# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done to the list."""

from __future__ import annotations

from er_tui.tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
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
        "mark_listed",
        "asterisk",
        "*",
        "mark all",
        "Mark every invocation that is listed, or if all of them are marked, none.",
        "List",
        lambda screen: screen.selection.has_entry,
    ),
    Command(
        "mark_down",
        "shift+down,J",
        "⇧↓",
        "mark down",
        "Mark from here to the next invocation, and so on; back again takes the marks away. "
        "J does the same.",
        "List",
        lambda screen: screen.on_list and screen.selection.has_entry,
    ),
    Command(
        "mark_up",
        "shift+up,K",
        "⇧↑",
        "mark up",
        "Mark from here to the invocation before, and so on. K does the same.",
        "List",
        lambda screen: screen.on_list and screen.selection.has_entry,
    ),
    Command(
        "unfold",
        "right",
        "→",
        "unfold runs",
        "List the runs of the invocation under the cursor, the newest first; the one the cursor "
        "goes to is shown.",
        "List",
        lambda screen: screen.can_unfold(True),
    ),
    Command(
        "fold",
        "left",
        "←",
        "fold runs",
        "List the invocation as one again.",
        "List",
        lambda screen: screen.can_unfold(False),
    ),
    Command(
        "sort",
        "S",
        "S",
        "sort",
        "Choose the order of the list: as found, by name, status, live runs first, newest start, "
        "longest time.",
        "List",
    ),
    Command(
        "filter",
        "slash",
        "/",
        "filter",
        "List only invocations in whose name, id, kind, status or runtime all words are found; "
        "letters of a name may be left out. status:failed,lost names a field and values, "
        "-kind:http what is not to be. Escape clears. In the Output pane and in JSON: search what "
        "is shown.",
        "List",
        footer=True,
        now=lambda screen: "find" if screen.pane_can("find") else None,
    ),
    Command(
        "worst",
        "A",
        "A",
        "worst",
        "Go to what needs attention most: lost, failed, timed out, rejected, stalled.",
        "List",
        lambda screen: screen.selection.has_trouble,
    ),
    Command(
        "resources",
        "u",
        "u",
        "resources",
        "Show in the list what live runs use, or hide it: processor (100% is one core), memory, "
        "number of processes.",
        "List",
    ),
)

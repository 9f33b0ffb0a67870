# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every pane is given and has to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.containers import Vertical
from textual.widget import Widget

from er_tui.session.library import Entry
from er_tui.session.state import RunState


@dataclass(frozen=True, slots=True)
class Subject:
    """What the panes show: an entry, and one of its runs if it has any."""

    entry: Entry | None = None
    run: RunState | None = None
    number: int = 0
    """Which of the entry's runs it is, counted from 1; 0 without a run."""
    count: int = 0

    def same_run(self, other: Subject) -> bool:
        """Whether ``other`` is about the same run (or the same entry without one)."""
        return (self.entry and self.entry.key) == (other.entry and other.entry.key) and (
            self.run and self.run.run_id
        ) == (other.run and other.run.run_id)


class Pane(Vertical):
    """Shows one aspect of a :class:`Subject`.

    ``show`` is called with each new subject and with each newer state of the same one; a pane that
    is not visible is not called.
    """

    title: ClassVar[str]

    def show(self, subject: Subject) -> None:
        raise NotImplementedError

    def focus_target(self) -> Widget:
        """What gets the keyboard when the user goes to this pane."""
        raise NotImplementedError

    def can(self, command_id: str) -> bool:
        """Whether the command does something in this pane now."""
        del command_id
        return False

    def act(self, command_id: str) -> None:
        """Carry out a command that :meth:`can` said yes to."""
        raise NotImplementedError

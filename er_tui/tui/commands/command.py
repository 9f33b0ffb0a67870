# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a command is: key, name, help, and when it makes sense."""

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


def _as_named(_screen: MainScreen) -> str | None:
    return None


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
    now: Callable[[MainScreen], str | None] = _as_named
    """Another word than the name, where it does something else at the moment."""

    def word(self, screen: MainScreen) -> str:
        """What it is called now, in the footer and the palette."""
        return self.now(screen) or self.name

    @property
    def binding(self) -> Binding:
        return Binding(self.keys, self.id, self.name, show=False, id=self.id)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Leaving while runs are live ends them: that is asked first."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class ConfirmQuit(ModalScreen[bool]):
    """True: end the runs and leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape", "answer(False)", show=False),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, live: int) -> None:
        super().__init__()
        self._live = live

    def compose(self) -> ComposeResult:
        runs = "1 run is live" if self._live == 1 else f"{self._live} runs are live"
        with Vertical(id="quit-box") as box:
            box.border_title = "Quit?"
            yield Static(
                f"{runs}. Leaving ends them: SIGTERM, then SIGKILL after half a second. "
                "What they wrote so far is kept.",
                markup=False,
            )
            with Horizontal(id="quit-buttons"):
                yield Button(Content("Stay  n"), id="stay")
                yield Button(Content("End them and quit  y"), variant="error", id="leave")

    def on_mount(self) -> None:
        self.query_one("#stay").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "leave")

    def action_answer(self, leave: bool) -> None:
        self.dismiss(leave)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ends live runs is asked first."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Confirm(ModalScreen[bool]):
    """True: do it. The words are ours, not a stranger's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape", "answer(False)", show=False),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, words: str, stay: str, go: str) -> None:
        super().__init__()
        self._title, self._words, self._stay, self._go = title, words, stay, go

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm-box") as box:
            box.border_title = self._title
            yield Static(self._words, markup=False)
            with Horizontal(id="confirm-buttons"):
                yield Button(Content(f"{self._stay}  n"), id="stay")
                yield Button(Content(f"{self._go}  y"), variant="error", id="go")

    def on_mount(self) -> None:
        self.query_one("#stay").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "go")

    def action_answer(self, go: bool) -> None:
        self.dismiss(go)


class ConfirmQuit(Confirm):
    """True: end the runs and leave."""

    def __init__(self, live: int) -> None:
        super().__init__(
            "Quit?",
            f"{_are_live(live)}. Leaving ends them: SIGTERM, then SIGKILL after half a second. "
            "What they wrote so far is kept.",
            "Stay",
            "End them and quit",
        )


class ConfirmCancelAll(Confirm):
    """True: end every live run."""

    def __init__(self, live: int) -> None:
        super().__init__(
            "Cancel all?",
            f"{_are_live(live)}, those that the list does not show now among them. Each gets "
            "SIGTERM, and SIGKILL after its grace; C again kills what is left at once.",
            "Let them run",
            "Cancel all",
        )


def _are_live(count: int) -> str:
    return "1 run is live" if count == 1 else f"{count} runs are live"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ends live runs is asked first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from er_tui.engine.messages import Leaving

Answer = TypeVar("Answer")


class Question(ModalScreen[Answer]):
    """Words of ours, not a stranger's, and by key what can be answered and what that means.

    The first answer is the harmless one, the last the one that cannot be undone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, words: str, answers: Mapping[str, tuple[str, Answer]]) -> None:
        super().__init__()
        self._title, self._words, self._answers = title, words, dict(answers)

    def compose(self) -> ComposeResult:
        *_others, last = self._answers
        with Vertical(id="confirm-box") as box:
            box.border_title = self._title
            yield Static(self._words, markup=False)
            with Horizontal(id="confirm-buttons"):
                for key, (label, _answer) in self._answers.items():
                    button = Button(Content(f"{label}  {key}"), id=f"answer-{key}")
                    button.variant = "error" if key == last else "default"
                    yield button

    def on_mount(self) -> None:
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        assert event.button.id is not None
        self._answer(event.button.id.removeprefix("answer-"))

    def on_key(self, event: events.Key) -> None:
        key = next(iter(self._answers)) if event.key == "escape" else event.key
        if key in self._answers:
            event.stop()
            self._answer(key)

    def _answer(self, key: str) -> None:
        self.dismiss(self._answers[key][1])


class ConfirmQuit(Question[Leaving | None]):
    """How to leave; None: not at all."""

    def __init__(self, live: int, others: int) -> None:
        too = f", on an engine that {_dashboards(others)} too" if others else ""
        super().__init__(
            "Quit?",
            f"{_are_live(live)}{too}. Detached they go on, and er-tui attach comes back to them. "
            "Ending them means SIGTERM, then SIGKILL after half a second. What they wrote so far "
            "is kept.",
            {
                "n": ("Stay", None),
                "d": ("Detach", "keep"),
                "y": ("End them and quit", "end"),
            },
        )


class ConfirmCancelAll(Question[bool]):
    """True: end every live run."""

    def __init__(self, live: int) -> None:
        super().__init__(
            "Cancel all?",
            f"{_are_live(live)}, those that the list does not show now among them. Each gets "
            "SIGTERM, and SIGKILL after its grace; C again kills what is left at once.",
            {"n": ("Let them run", False), "y": ("Cancel all", True)},
        )


def _are_live(count: int) -> str:
    return "1 run is live" if count == 1 else f"{count} runs are live"


def _dashboards(count: int) -> str:
    return "another client uses" if count == 1 else f"{count} other clients use"

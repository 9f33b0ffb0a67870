# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a log is to be saved is asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from er_tui.text.safe import safe_line
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style


class SaveAs(ModalScreen[tuple[Path, bool]]):
    """The path, and whether what is there may be replaced; None when nothing is to be saved."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    SaveAs { align: center middle; background: $background 60%; }
    #save-box {
        width: 84; max-width: 96%; height: auto; padding: 1 2;
        border: round $primary; border-title-style: bold; border-title-color: $foreground;
        border-subtitle-color: $text-muted; background: $surface;
    }
    #save-box Input { height: 1; border: none; padding: 0; background: $panel; margin: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(self, proposed: str, what: str) -> None:
        super().__init__()
        self._proposed, self._what = proposed, what
        self._replaces: Path | None = None
        """What the next enter replaces: it was asked for this one."""

    def compose(self) -> ComposeResult:
        with Vertical(id="save-box") as box:
            box.border_title = "Save"
            box.border_subtitle = "enter saves · esc leaves it"
            yield Static(f"Save {self._what} as", markup=False)
            yield Input(self._proposed, compact=True, select_on_focus=False)
            yield Static(id="save-words", markup=False)

    def on_mount(self) -> None:
        self._say(f"in {safe_line(os.fspath(Path.cwd()))}", "text--muted")
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            return
        path = Path(event.value.strip()).expanduser()
        path = Path.cwd() / path
        if problem := _problem(path):
            self._say(problem, "bad")
        elif os.path.lexists(path) and path != self._replaces:
            self._replaces = path
            self._say("It is there already. Enter again replaces it.", "bad")
        else:
            self.dismiss((path, path == self._replaces))

    def _say(self, words: str, tone: str) -> None:
        self.query_one("#save-words", Static).update(Text(words, tone_style(self, tone)))


def _problem(path: Path) -> str | None:
    """Why nothing can be saved there, as far as can be seen before."""
    if path.is_dir():
        return "That is a folder."
    if not path.parent.is_dir():
        return "There is no such folder."
    if os.path.lexists(path) and not path.is_file():
        return "That is no regular file."
    return None if os.access(path.parent, os.W_OK) else "Nothing may be written in that folder."

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is to be run: the invocation with its secrets masked, or what is wrong with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from er_tui.journal.masking import Masking, mask_json_text
from er_tui.session.library import Entry
from er_tui.text.safe import safe_line
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.json_lines import json_lines
from er_tui.tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError

_LINES_AROUND = 4


class InvocationPane(Pane):
    """The invocation as its file holds it now."""

    title: ClassVar[str] = "Invocation"

    def __init__(self) -> None:
        super().__init__()
        self._entry: Entry | None = None
        self._revealed = False

    def compose(self) -> ComposeResult:
        yield LinesView(id="invocation")

    @property
    def _view(self) -> LinesView:
        return self.query_one("#invocation", LinesView)

    def focus_target(self) -> Widget:
        return self._view

    def show(self, subject: Subject) -> None:
        if subject.entry is not self._entry:
            if (subject.entry and subject.entry.key) != (self._entry and self._entry.key):
                self._revealed = False
            self._entry = subject.entry
            self._view.show(self._lines())

    def toggle_reveal(self) -> None:
        """Show the secrets on the screen, or mask them again; they are never written."""
        self._revealed = not self._revealed
        self._view.show(self._lines())

    def _lines(self) -> list[Text]:
        entry, muted = self._entry, self._view.tone("text--muted")
        if entry is None:
            return [Text("No invocation is selected.", style=muted)]
        path = Text(safe_line(entry.key, limit=2000), style=muted)
        if entry.error is not None:
            return [path, Text(""), *self._error_lines(entry.error)]
        if entry.invocation is None:
            return [path, Text(""), Text("The file is being read.", style=muted)]
        document = entry.invocation.model_dump()
        masking = Masking(document)
        lines = [path]
        if masking.secrets:
            words = (
                "secrets are shown: x masks them"
                if self._revealed
                else (f"{len(masking.secrets)} masked: x shows them")
            )
            lines.append(Text(words, style=self._view.tone("ending")))
        shown = document if self._revealed else masking.document
        return [
            *lines,
            Text(""),
            *json_lines(shown, self._view.tone),
        ]

    def _error_lines(self, error: InvocationFileError) -> list[Text]:
        bad, muted = self._view.tone("bad"), self._view.tone("text--muted")
        place = "" if error.line is None else f"line {error.line}"
        place += "" if error.column is None else f", column {error.column}"
        lines = [Text(f"! {place}" if place else "!", style=bad), Text(safe_line(error.reason))]
        if error.line is None:
            return lines
        lines.append(Text(""))
        for number, text in _around(error):
            here = number == error.line
            style = self._view.tone("text--strong") if here else muted
            lines.append(Text.assemble((f"{number:>5} ", bad if here else muted), (text, style)))
            if here and error.column is not None:
                lines.append(Text(" " * (5 + error.column) + "▲", style=bad))
        return lines


def _around(error: InvocationFileError) -> list[tuple[int, str]]:
    """The lines of the file about the place of the error, numbered; secrets masked, safe."""
    from er_tui.rxp import InvocationFileError, read_document

    assert error.line is not None
    try:
        text = read_document(error.path).decode(errors="replace")
    except InvocationFileError:
        return []
    lines = text.splitlines()
    first = max(0, error.line - 1 - _LINES_AROUND)
    shown = lines[first : error.line + _LINES_AROUND]
    return [
        (first + offset + 1, safe_line(mask_json_text(line), limit=200))
        for offset, line in enumerate(shown)
    ]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is to be run: the invocation with its secrets masked, or what is wrong with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from er_tui.journal.masking import Masking
from er_tui.session.library import Entry
from er_tui.text.safe import safe_line
from er_tui.tui.looks import fault_of
from er_tui.tui.panes.faulty_place import place_of
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.json_lines import json_lines
from er_tui.tui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError

_NUMBER_WIDTH = 6
_NARROWEST = 30


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

    def can(self, command_id: str) -> bool:
        invocation = self._entry.invocation if self._entry is not None else None
        if command_id != "reveal" or invocation is None:
            return False
        return bool(Masking(invocation.model_dump()).secrets)

    def act(self, command_id: str) -> None:
        """Show the secrets on the screen, or mask them again; they are never written."""
        del command_id
        self._revealed = not self._revealed
        self._view.show(self._lines())

    def _lines(self) -> list[Text]:
        entry, muted = self._entry, self._view.tone("text--muted")
        if entry is None:
            return [Text("No invocation is selected.", style=muted)]
        path = Text(safe_line(entry.key, limit=2000), style=muted)
        if error := fault_of(entry):
            return [path, Text(""), *self._error_lines(error)]
        if entry.invocation is None and entry.gone:
            return [path, Text(""), Text("The file was deleted.", style=muted)]
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
        where = "" if error.line is None else f" line {error.line}"
        where += "" if error.column is None else f", column {error.column}"
        lines = [Text(f"!{where}", style=bad), Text(safe_line(error.reason))]
        if error.line is None:
            return lines
        lines.append(Text(""))
        place = place_of(error, max(_NARROWEST, self._view.size.width - _NUMBER_WIDTH - 1))
        for number, text in place.lines:
            here = number == error.line
            style = self._view.tone("text--strong") if here else muted
            head = (f"{number:>{_NUMBER_WIDTH - 1}} ", bad if here else muted)
            lines.append(Text.assemble(head, (text, style)))
            if here and place.caret is not None:
                lines.append(Text(" " * (_NUMBER_WIDTH + place.caret) + "▲", style=bad))
        return lines

# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a run ended: the RuntimeResult."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.looks import duration, look_of_run, size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.json_lines import json_lines
from er_tui.tui.widgets.lines_view import LinesView

_NAME_WIDTH = 14


class ResultPane(Pane):
    """The facts first, the document after them."""

    title: ClassVar[str] = "Result"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, bool, str | None] | None = None

    def compose(self) -> ComposeResult:
        yield LinesView(hang=_NAME_WIDTH, id="result")

    @property
    def _view(self) -> LinesView:
        return self.query_one("#result", LinesView)

    def focus_target(self) -> Widget:
        return self._view

    def show(self, subject: Subject) -> None:
        run = subject.run
        # All that the lines are made of: output alone changes nothing here.
        shown = None if run is None else (run.run_id, run.result is not None, run.lost)
        if shown != self._shown or not self._view.has_lines:
            self._shown = shown
            self._view.show(self._lines(run))

    def _lines(self, run: RunState | None) -> list[Text]:
        muted = self._view.tone("text--muted")
        if run is None:
            return [Text("No run, so no result yet.", style=muted)]
        if run.result is None and run.lost is None:
            return [Text("The result is written when the run ends.", style=muted)]
        look = look_of_run(run)
        head = Text(f"{look.glyph} {look.word}", style=self._view.tone(look.tone))
        head.stylize("bold")
        lines = [head]
        for line in safe_block(run.error_summary or "").splitlines():
            lines.append(Text(f"  {line}"))
        if run.result is None:
            return lines
        lines.append(Text(""))
        lines += [self._fact(name, value) for name, value in _facts(run.result)]
        lines.append(Text(""))
        lines.append(Text("RuntimeResult", style=muted))
        return lines + json_lines(run.result, self._view.tone)

    def _fact(self, name: str, value: str) -> Text:
        return Text.assemble(
            (f"{name:<{_NAME_WIDTH}}", self._view.tone("text--muted")), safe_line(value)
        )


def _facts(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers an operator looks for, in words."""
    metadata = result["metadata"]
    facts = []
    if result["exit_code"] is not None:
        facts.append(("exit code", str(result["exit_code"])))
    for name, key in (("signal", "signal"), ("swept", "swept"), ("survivors", "survivors")):
        if key in metadata:
            facts.append((name, metadata[key]))
    for name, key in (
        ("wall time", "wall_seconds"),
        ("CPU, user", "cpu_user_seconds"),
        ("CPU, system", "cpu_system_seconds"),
    ):
        if key in metadata:
            facts.append((name, duration(float(metadata[key]))))
    if "peak_memory_bytes" in metadata:
        facts.append(("peak memory", size(int(metadata["peak_memory_bytes"]))))
    facts += [("started", result["started_at"]), ("finished", result["finished_at"])]
    if "run_directory" in metadata:
        facts.append(("directory", metadata["run_directory"]))
    return facts

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run left: its artifacts, and a look into the selected one."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from er_tui.text.safe import safe_line
from er_tui.tui.capture_reader import CaptureReader
from er_tui.tui.looks import size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.output_view import OutputView
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import tone_style

_SNIFFED_BYTES = 4096
_MARGINS = 4


class ArtifactList(OptionList):
    """Moved about in with the same keys as everything else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]


class ArtifactsPane(Pane):
    """The artifacts of the result above, the selected one below."""

    title: ClassVar[str] = "Artifacts"

    def __init__(self) -> None:
        super().__init__()
        self._result: Mapping[str, Any] | None = None
        self._artifacts: list[Mapping[str, Any]] = []
        self._shown = False

    def compose(self) -> ComposeResult:
        yield ArtifactList(id="artifact-list", markup=False)
        yield StatusLine(id="artifact-title")
        yield OutputView(id="artifact")

    @property
    def _view(self) -> OutputView:
        return self.query_one("#artifact", OutputView)

    @property
    def _list(self) -> ArtifactList:
        return self.query_one("#artifact-list", ArtifactList)

    def focus_target(self) -> Widget:
        return self._list if self._artifacts else self._view

    def show(self, subject: Subject) -> None:
        result = subject.run.result if subject.run is not None else None
        if result is self._result and self._shown:
            return
        self._shown = True
        self._result = result
        self._artifacts = list(result["artifacts"]) if result is not None else []
        self._list.clear_options()
        self._list.add_options([Option(self._row(artifact)) for artifact in self._artifacts])
        self._list.display = bool(self._artifacts)
        if self._artifacts:
            self._list.highlighted = 0
        else:
            self.query_one("#artifact-title", StatusLine).say(Text())
            self._view.show(None, live=False, follow=False)
            words = "This run left no artifacts." if result else "Artifacts come with the result."
            self._say(words)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._artifacts):
            self._preview(self._artifacts[event.option_index])

    def _row(self, artifact: Mapping[str, Any]) -> Text:
        muted = tone_style(self._view, "text--muted")
        return Text.assemble(
            f"{safe_line(artifact['artifact_id']):<12} ",
            (f"{safe_line(artifact['kind']):<14} ", muted),
            (f"{_size_of(artifact['path']):>10}  ", muted),
            (safe_line(artifact["description"]), muted),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _preview(self, artifact: Mapping[str, Any]) -> None:
        path = artifact["path"]
        title = self.query_one("#artifact-title", StatusLine)
        title.say(Text(_end_of(safe_line(path, limit=5000), self.size.width - _MARGINS)))
        problem = _why_not_text(path)
        reader = None if problem else CaptureReader.of_file(Path(path))
        self._view.show(reader, live=False, follow=False)
        self._say(problem or "The file is empty.")

    def _say(self, words: str) -> None:
        muted = tone_style(self._view, "text--muted")
        self._view.show_placeholder([Text(words, style=muted)])


def _end_of(path: str, columns: int) -> str:
    """The path cut at its left: its name is what tells it from the others."""
    if columns <= 1 or cell_len(path) <= columns:
        return path
    while cell_len(path) >= columns:
        path = path[cell_len(path) - columns + 1 :]
    return f"…{path}"


def _size_of(path: str) -> str:
    try:
        return size(os.stat(path).st_size)
    except (OSError, ValueError):
        return "missing"


def _why_not_text(path: str) -> str | None:
    """Why the file cannot be shown as text, as a sentence."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        return f"The file cannot be opened: {getattr(error, 'strerror', None) or error}."
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "This is not a regular file."
        if b"\0" in os.pread(descriptor, _SNIFFED_BYTES, 0):
            return f"Binary, {size(status.st_size)}: not shown as text."
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    finally:
        os.close(descriptor)
    return None

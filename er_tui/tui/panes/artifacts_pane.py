# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run left: its artifacts, and a look into the selected one."""

from __future__ import annotations

import os
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

from er_tui.session.artifact import Artifact, ArtifactError, look_at, open_artifact
from er_tui.session.capture_reader import CaptureReader
from er_tui.session.json_document import JsonDocument
from er_tui.text.safe import safe_line
from er_tui.tui.looks import size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.hex_view import HexView
from er_tui.tui.widgets.json_panel import JsonPanel
from er_tui.tui.widgets.log_panel import LogPanel
from er_tui.tui.widgets.log_words import view_words
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import tone_style

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
    """The artifacts of the result above, the selected one below, as suits what it is."""

    title: ClassVar[str] = "Artifacts"

    def __init__(self) -> None:
        super().__init__()
        self._result: Mapping[str, Any] | None = None
        self._artifacts: list[Mapping[str, Any]] = []
        self._shown = False
        self._path = ""
        self._artifact: Artifact | None = None
        """The one below; None where it cannot be shown."""
        self._reason: str | None = None
        """Why it is shown as something else than what it is named."""
        self._panel = LogPanel(view_id="artifact")
        self._json = JsonPanel(view_id="artifact-json")
        self._hex = HexView(id="artifact-hex")
        self._view: Widget = self._panel
        """What shows the selected one: one of these three."""
        self._title = StatusLine(id="artifact-title")
        self._status = StatusLine(id="artifact-status")

    def compose(self) -> ComposeResult:
        yield ArtifactList(id="artifact-list", markup=False)
        yield self._title
        yield self._panel
        yield self._json
        yield self._hex
        yield self._status

    def on_mount(self) -> None:
        self._bring_up(self._panel)

    @property
    def _list(self) -> ArtifactList:
        return self.query_one("#artifact-list", ArtifactList)

    def focus_target(self) -> Widget:
        return self._list if self._artifacts else self._panel.view

    def show(self, subject: Subject) -> None:
        result = subject.run.result if subject.run is not None else None
        if result is self._result and self._shown:
            if self._view is self._panel:
                self._panel.view.advance(live=False)  # it may be damaged under our eyes
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
            self._title.say(Text())
            self._show_text(None)
            words = "This run left no artifacts." if result else "Artifacts come with the result."
            self._say(words)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._artifacts):
            self._preview(self._artifacts[event.option_index])

    def on_option_list_option_selected(self) -> None:
        self._view_target().focus()

    def can(self, command_id: str) -> bool:
        if self._view is self._json:
            return self._json.can(command_id)
        return self._view is self._panel and self._panel.can(command_id)

    def act(self, command_id: str) -> None:
        (self._json if self._view is self._json else self._panel).act(command_id)

    def on_log_panel_changed(self) -> None:
        self._show_status()

    def on_json_panel_changed(self) -> None:
        self._show_status()

    def on_output_view_changed(self) -> None:
        self._show_status()

    def on_hex_view_changed(self) -> None:
        self._show_status()

    def on_json_view_changed(self) -> None:
        document = self._json.view.document
        if document is not None and document.problem is not None:
            self._reason = f"{document.problem}. Shown as text."
            self._show_text(self._path)
        self._show_status()

    def _row(self, artifact: Mapping[str, Any]) -> Text:
        muted = tone_style(self._panel.view, "text--muted")
        return Text.assemble(
            f"{safe_line(artifact['artifact_id']):<12} ",
            (f"{safe_line(artifact['kind']):<14} ", muted),
            (f"{_size_of(artifact['path']):>10}  ", muted),
            (safe_line(artifact["description"]), muted),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _preview(self, artifact: Mapping[str, Any]) -> None:
        self._path = artifact["path"]
        self._artifact = self._reason = None
        self._title.say(
            Text(_end_of(safe_line(self._path, limit=5000), self.size.width - _MARGINS))
        )
        try:
            self._artifact = look_at(self._path)
            self._open(self._artifact)
        except ArtifactError as error:
            self._artifact = None
            self._show_text(None)
            self._say(str(error))
        self._show_status()

    def _open(self, artifact: Artifact) -> None:
        """Show it in its view. Raises ArtifactError."""
        if artifact.kind == "json":
            try:
                document = JsonDocument(self._path)
            except OSError as error:
                raise ArtifactError(f"It cannot be laid out: {error.strerror}.") from None
            self._bring_up(self._json)
            self._json.show(document)
        elif artifact.kind == "binary":
            self._bring_up(self._hex)
            self._hex.show(open_artifact(self._path))
        elif artifact.kind == "image":
            self._show_text(None)
            self._say(*self._about_image(artifact))
        else:
            self._reason = artifact.remark
            self._show_text(self._path)
            self._say("The file is empty.")

    def _about_image(self, artifact: Artifact) -> list[str]:
        pixels = artifact.pixels
        shape = "size in pixels unknown" if pixels is None else f"{pixels[0]} × {pixels[1]} pixels"
        return [
            safe_line(os.path.basename(self._path)),
            "",
            f"{artifact.type} · {shape} · {size(artifact.size)}",
            "",
            "A terminal cannot show it; the path above opens in any image viewer.",
        ]

    def _show_text(self, path: str | None) -> None:
        self._bring_up(self._panel)
        if path is not None:
            self._panel.save_as = os.path.basename(path)
        reader = None if path is None else CaptureReader.of_file(Path(path))
        self._panel.show(reader, live=False, follow=False, keep=False)

    def _bring_up(self, wanted: Widget) -> None:
        """Make this the view below; the others let go of what they showed."""
        had_focus = any(v.has_focus_within for v in (self._panel, self._json, self._hex))
        if wanted is not self._json:
            self._json.show(None)
        if wanted is not self._hex:
            self._hex.show(None)
        if wanted is not self._panel:
            self._panel.show(None, live=False, follow=False, keep=False)
        self._view = wanted
        for view in (self._panel, self._json, self._hex):
            view.display = view is wanted
        if had_focus:
            self._view_target().focus()

    def _view_target(self) -> Widget:
        if self._view is self._hex:
            return self._hex
        return self._json.view if self._view is self._json else self._panel.view

    def _say(self, *lines: str) -> None:
        muted = tone_style(self._panel.view, "text--muted")
        self._panel.view.show_placeholder([Text(line, style=muted) for line in lines])

    def _show_status(self) -> None:
        artifact = self._artifact
        if artifact is None:
            self._status.say(Text())
            return
        parts: list[tuple[str, str]] = []
        if self._reason is not None:
            parts.append((safe_line(self._reason), "bad"))
        if self._view is self._json:
            parts += self._about_json()
        elif self._view is self._hex:
            if self._hex.problem is not None:
                parts.append((self._hex.problem, "bad"))
            at = self._hex.offset_in_view
            parts.append((f"{artifact.type} · {artifact.size:,} bytes · {at:08x}", "text--muted"))
        elif artifact.kind != "image":
            parts += self._about_text()
        view = self._panel.view
        joint = Text(" · ", style=tone_style(view, "text--muted"))
        self._status.say(
            joint.join(Text(words, style=tone_style(view, tone)) for words, tone in parts)
        )

    def _about_json(self) -> list[tuple[str, str]]:
        document = self._json.view.document
        if document is None or not document.line_count:
            return [("reading", "text--muted")]
        count = document.line_count
        lines = f"{count:,} line{'' if count == 1 else 's'}" + ("" if document.done else " so far")
        place = safe_line(document.path_of(self._json.view.cursor), limit=300)
        parts = [(place, "text--accent"), (f"JSON · {lines}", "text--muted")]
        return [(self._json.words, "text--accent"), *parts] if self._json.words else parts

    def _about_text(self) -> list[tuple[str, str]]:
        view = self._panel.view
        parts = [] if view.damage is None else [(view.damage, "bad")]
        count = view.line_count
        parts.append((f"{count:,} line{'' if count == 1 else 's'}", "text--muted"))
        return parts + [(words, "text--accent") for words in view_words(view)]


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

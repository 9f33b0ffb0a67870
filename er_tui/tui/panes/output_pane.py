# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run wrote, live."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.capture_reader import STREAMS, CaptureReader
from er_tui.tui.looks import fault_of, look_of_run, size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.output_view import OutputView
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import tone_style

Choice: TypeAlias = Literal["both", "stdout", "stderr"]
_NEXT: dict[Choice, Choice] = {"both": "stdout", "stdout": "stderr", "stderr": "both"}


class OutputPane(Pane):
    """The captures of the run, and a line that says what is shown of them."""

    title: ClassVar[str] = "Output"

    def __init__(self) -> None:
        super().__init__()
        self._subject = Subject()
        self._choice: Choice = "both"
        self._shown: tuple[str, Choice] | None = None

    def compose(self) -> ComposeResult:
        yield OutputView(id="output")
        yield StatusLine(id="output-status")

    @property
    def _view(self) -> OutputView:
        return self.query_one("#output", OutputView)

    def focus_target(self) -> Widget:
        return self._view

    def show(self, subject: Subject) -> None:
        fresh = not subject.same_run(self._subject)
        self._subject = subject
        run = subject.run
        wanted = None if run is None or run.directory is None else (run.directory, self._choice)
        if wanted != self._shown or fresh:
            self._shown = wanted
            live = run is not None and run.live
            follow = live if fresh else self._view.follow
            self._view.show(self._reader(wanted), live=live, follow=follow)
        else:
            self._view.advance(live=run is not None and run.live)
        self._view.show_placeholder(self._placeholder(subject))
        self._show_status()

    def can(self, command_id: str) -> bool:
        return command_id in ("follow", "stream") and self._subject.run is not None

    def act(self, command_id: str) -> None:
        if command_id == "follow":
            self._view.follow = not self._view.follow
        else:
            self.next_stream()

    def next_stream(self) -> None:
        """Both outputs, stdout, stderr, and around."""
        self._choice = _NEXT[self._choice]
        self.show(self._subject)

    def on_output_view_follow_changed(self) -> None:
        self._show_status()

    def _reader(self, wanted: tuple[str, Choice] | None) -> CaptureReader | None:
        if wanted is None:
            return None
        directory, choice = wanted
        return CaptureReader(directory, STREAMS if choice == "both" else (choice,))

    def _placeholder(self, subject: Subject) -> list[Text]:
        """What to say where there is no output: never an empty box without a reason."""
        strong = tone_style(self._view, "text--strong")
        muted = tone_style(self._view, "text--muted")
        run, entry = subject.run, subject.entry
        if entry is None:
            return [Text("No invocation is selected.", style=muted)]
        if error := fault_of(entry):
            return [
                Text("This file cannot be run.", style=tone_style(self._view, "bad")),
                Text(""),
                Text(safe_line(error.reason), style=strong),
                Text(""),
                Text(
                    "The Invocation pane shows the place. Save a good file and it can be run.",
                    style=muted,
                ),
            ]
        if run is None:
            return [
                Text("Not run yet.", style=strong),
                Text(""),
                Text("r runs it   R runs all   ? shows every key", style=muted),
            ]
        return self._why_silent(run)

    def _why_silent(self, run: RunState) -> list[Text]:
        muted = tone_style(self._view, "text--muted")
        if run.badge == "queued":
            return [Text("Queued: it starts when a job is free.", style=muted)]
        if run.live:
            return [Text("Running. Nothing was written yet.", style=muted)]
        look = look_of_run(run)
        head = Text(f"{look.glyph} {look.word}", style=tone_style(self._view, look.tone))
        summary = safe_block(run.error_summary or "").splitlines()
        reason = [Text(line, style=tone_style(self._view, "text--strong")) for line in summary]
        return [head, Text(""), *reason, Text(""), Text("It wrote nothing.", style=muted)]

    def _show_status(self) -> None:
        run = self._subject.run
        status = self.query_one("#output-status", StatusLine)
        if run is None or run.directory is None:
            status.say(Text())
            return
        muted, accent = (
            tone_style(self._view, "text--muted"),
            tone_style(self._view, "text--accent"),
        )
        parts = []
        if run.error_summary and not run.live:
            look = look_of_run(run)
            first = safe_line(run.error_summary.partition("\n")[0])
            parts.append(Text(f"{look.glyph} {first}", style=tone_style(self._view, look.tone)))
        if self._view.damage:
            parts.append(Text(self._view.damage, style=tone_style(self._view, "bad")))
        shown = {"both": "stdout + stderr"}.get(self._choice, self._choice)
        parts.append(Text(shown, style=accent if self._choice != "both" else muted))
        count = self._view.line_count
        parts.append(Text(f"{count:,} line{'' if count == 1 else 's'}", style=muted))
        parts.append(Text(f"out {size(run.stdout_bytes)}", style=muted))
        parts.append(Text(f"err {size(run.stderr_bytes)}", style=muted))
        if self._view.follow:
            parts.append(Text("following", style=accent))
        elif run.live:
            parts.append(Text("f follows", style=muted))
        if run.live and run.pid is not None:
            parts.append(Text(f"process {run.pid}", style=muted))
        status.say(Text(" · ", style=muted).join(parts))

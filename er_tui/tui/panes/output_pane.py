# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run wrote, live."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from er_tui.session.capture_reader import STREAMS, CaptureReader
from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.looks import fault_of, look_of_run, size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.log_panel import LogPanel
from er_tui.tui.widgets.log_words import view_words
from er_tui.tui.widgets.output_view import OutputView
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import tone_style

Choice: TypeAlias = Literal["both", "stdout", "stderr"]
_NEXT: dict[Choice, Choice] = {"both": "stdout", "stdout": "stderr", "stderr": "both"}


class OutputPane(Pane):
    """The captures of the run, and a line that says what is shown of them."""

    title: ClassVar[str] = "Output"

    class InputChanged(Message):
        """The keys go to a run from now on, or not any more."""

    def __init__(self) -> None:
        super().__init__()
        self._panel = LogPanel(view_id="output")
        self._subject = Subject()
        self._choice: Choice = "both"
        self._shown: tuple[str, tuple[str, ...]] | None = None
        self._typing: str | None = None
        self.input_lost_at = float("-inf")
        """When the end of a run ended its input mode (monotonic)."""

    def compose(self) -> ComposeResult:
        yield self._panel
        yield StatusLine(id="output-status")

    @property
    def _view(self) -> OutputView:
        return self._panel.view

    def focus_target(self) -> Widget:
        return self._view

    @property
    def typing(self) -> str | None:
        """The run that the keys go to, if they do."""
        return self._typing

    def end_input(self) -> None:
        """The keys do not go to a run any more."""
        if self._typing is not None:
            self._typing = None
            self.post_message(self.InputChanged())
            self._show_status()

    def show(self, subject: Subject) -> None:
        if subject.run is None or subject.run.run_id != self._typing:
            self.end_input()
        elif not _takes(subject.run):
            self.input_lost_at = time.monotonic()
            self.end_input()
        fresh = not subject.same_run(self._subject)
        was_unread = self._subject.run is not None and self._subject.run.unread
        self._subject = subject
        run = subject.run
        wanted = None
        if run is not None and run.directory is not None:
            wanted = (run.directory, self._streams(run))
        if wanted != self._shown or fresh:
            self._shown = wanted
            live = run is not None and run.live
            follow = live if fresh else self._view.follow
            if wanted is not None:
                self._panel.save_as = _file_name(*wanted)
            reader = None if wanted is None else CaptureReader(*wanted)
            self._panel.show(reader, live=live, follow=follow, keep=not fresh)
        else:
            live = run is not None and run.live
            self._view.advance(live=live)
            if was_unread and live:
                self._view.follow = True  # as it would have been, had that been known
        self._view.show_placeholder(self._placeholder(subject))
        self._show_status()

    def can(self, command_id: str) -> bool:
        run = self._subject.run
        if run is None:
            return False
        if command_id == "input":
            return _takes(run) and self._typing is None
        if command_id == "stream":
            return not run.terminal
        return command_id == "follow" or self._panel.can(command_id)

    def act(self, command_id: str) -> None:
        if command_id == "input":
            self._begin_input()
        elif command_id == "follow":
            self._view.follow = not self._view.follow
        elif command_id == "stream":
            self.next_stream()
        else:
            self._panel.act(command_id)

    def next_stream(self) -> None:
        """Both outputs, stdout, stderr, and around."""
        self._choice = _NEXT[self._choice]
        self.show(self._subject)

    def go_to_line(self, stream: str, number: int) -> None:
        """Bring a line (from 0) of the capture of one stream into view, as soon as it is read."""
        self._choice = "stderr" if stream == "stderr" else "stdout"
        self.show(self._subject)
        self._panel.go_to_line(number)

    def _begin_input(self) -> None:
        run = self._subject.run
        assert run is not None
        self._typing = run.run_id
        self._view.follow = True
        self.post_message(self.InputChanged())
        self._show_status()

    def _streams(self, run: RunState) -> tuple[str, ...]:
        """What there is to read: a terminal makes one stream of both outputs."""
        if run.terminal:
            return ("stdout",)
        return STREAMS if self._choice == "both" else (self._choice,)

    def on_output_view_changed(self) -> None:
        self._show_status()

    def on_log_panel_changed(self) -> None:
        self._show_status()
        self.post_message(self.InputChanged())

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
        if run.live and run.terminal:
            words = "Running, on a terminal of its own. Nothing was written yet.   i types to it"
            return [Text(words, style=muted)]
        if run.live:
            return [Text("Running. Nothing was written yet.", style=muted)]
        look = look_of_run(run)
        head = Text(f"{look.glyph} {look.word}", style=tone_style(self._view, look.tone))
        summary = safe_block(run.error_summary or "").splitlines()
        reason = [Text(line, style=tone_style(self._view, "text--strong")) for line in summary]
        missing = _missing(run)
        last = Text("It wrote nothing.", style=muted)
        if missing:
            names = " and ".join(f"{stream}.txt" for stream in missing)
            words = f"{names} {'are' if len(missing) > 1 else 'is'} missing from its directory."
            last = Text(words, style=tone_style(self._view, "bad"))
        return [head, Text(""), *reason, Text(""), last]

    def _show_status(self) -> None:
        run = self._subject.run
        status = self.query_one("#output-status", StatusLine)
        if run is None or run.directory is None:
            status.say(Text())
            return
        status.set_class(self._typing is not None, "-typing")
        if self._typing is not None:
            status.say(self._banner())
            return
        joint = Text(" · ", style=tone_style(self._view, "text--muted"))
        status.say(joint.join(self._facts(run)))

    def _banner(self) -> Text:
        entry = self._subject.entry
        assert entry is not None
        name = safe_line(entry.name, limit=40)
        return Text(f"Keys go to {name} · Ctrl+] takes them back")

    def _fact_of_capture(self, run: RunState, stream: str, muted: Style) -> Text:
        short, count = stream[3:], run.stdout_bytes if stream == "stdout" else run.stderr_bytes
        if stream in _missing(run):
            return Text(f"{short} missing", style=tone_style(self._view, "bad"))
        # Without a process there is no capture that could be empty.
        empty = not count and not run.live and run.pid is not None
        return Text(f"{short} {'empty' if empty else size(count)}", style=muted)

    def _facts(self, run: RunState) -> list[Text]:
        muted = tone_style(self._view, "text--muted")
        accent = tone_style(self._view, "text--accent")
        parts = []
        if run.error_summary and not run.live:
            look = look_of_run(run)
            first = safe_line(run.error_summary.partition("\n")[0])
            parts.append(Text(f"{look.glyph} {first}", style=tone_style(self._view, look.tone)))
        if self._view.damage:
            parts.append(Text(self._view.damage, style=tone_style(self._view, "bad")))
        parts += [Text(words, style=accent) for words in view_words(self._view)]
        if self._view.follow:
            parts.append(Text("following", style=accent))
        count = self._view.line_count
        lines = Text(f"{count:,} line{'' if count == 1 else 's'}", style=muted)
        if run.terminal:
            parts += [Text("terminal", style=muted), lines]
            parts.append(Text(size(run.stdout_bytes), style=muted))
        else:
            shown = {"both": "stdout + stderr"}.get(self._choice, self._choice)
            parts.append(Text(shown, style=accent if self._choice != "both" else muted))
            parts.append(lines)
            parts += [self._fact_of_capture(run, stream, muted) for stream in STREAMS]
        if run.live and not self._view.follow:
            parts.append(Text("f follows", style=muted))
        if run.live and run.pid is not None:
            parts.append(Text(f"process {run.pid}", style=muted))
        return parts


def _missing(run: RunState) -> list[str]:
    """The streams of an ended process whose captures are not there (any more)."""
    if run.live or run.pid is None or run.directory is None:
        return []
    streams = STREAMS[:1] if run.terminal else STREAMS
    return [s for s in streams if not os.path.lexists(f"{run.directory}/{s}.txt")]


def _takes(run: RunState) -> bool:
    """Whether it can be typed to."""
    return run.live and run.terminal


def _file_name(directory: str, streams: tuple[str, ...]) -> str:
    """What a saved capture is called, if the user does not call it something else."""
    name = streams[0] if len(streams) == 1 else "output"
    return safe_line(f"{Path(directory).parent.name}-{name}.txt")

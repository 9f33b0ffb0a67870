# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happened in a run, event by event, from its journal."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widget import Widget

from er_tui.journal.events import Event
from er_tui.journal.reading import EventTail
from er_tui.text.safe import safe_line
from er_tui.tui.event_words import Background, told
from er_tui.tui.looks import duration, local_time
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.lines_view import STEP_SECONDS, LinesView

_HANG = 25  # under the words, right of both times
_LONGEST_WORDS = 8000
_READ_BYTES = 1 << 14
"""At a time: what is decoded in a millisecond or two."""


class TimelinePane(Pane):
    """The journal of the run; what goes on beside its events is told in one line each.

    A long journal is read and shown step by step, and keys are answered in between.
    """

    title: ClassVar[str] = "Timeline"

    def __init__(self) -> None:
        super().__init__()
        self._tail: EventTail | None = None
        self._directory: str | None = None
        self._start: float | None = None
        self._background = Background()
        self._open = 0
        """How many lines at the end are of the background, and may still change."""
        self._more: Timer | None = None
        self._said_nothing = False

    def compose(self) -> ComposeResult:
        yield LinesView(hang=_HANG, id="timeline")

    @property
    def _view(self) -> LinesView:
        return self.query_one("#timeline", LinesView)

    def focus_target(self) -> Widget:
        return self._view

    def show(self, subject: Subject) -> None:
        directory = subject.run.directory if subject.run is not None else None
        if directory != self._directory or not self._view.has_lines:
            self._directory = directory
            self._tail = EventTail(directory) if directory is not None else None
            self._start, self._background, self._open = None, Background(), 0
            self._said_nothing = True
            nothing = Text("Nothing happened yet.", style=self._view.tone("text--muted"))
            self._view.show([nothing])
        if self._more is None:
            self._step()

    def _step(self) -> None:
        """Read and tell for a while."""
        self._more = None
        if self._tail is None:
            return
        until = time.monotonic() + STEP_SECONDS / 2  # the view takes its time too
        lines: list[Text] = []
        some = False
        while events := self._tail.read(_READ_BYTES):
            some = True
            for event in events:
                self._add(event, lines)
            if not self._tail.more or time.monotonic() >= until:
                break
        if some:
            replaced = self._open + self._said_nothing
            going_on = [self._line(at, "idle", words) for at, words in self._background.lines()]
            self._view.append([*lines, *going_on], in_place_of=replaced)
            self._open, self._said_nothing = len(going_on), False
        if self._tail.more:
            self._more = self.set_timer(0.001, self._step)

    def _add(self, event: Event, lines: list[Text]) -> None:
        """Put the lines that will not change any more to ``lines``."""
        if self._start is None:
            self._start = event.at
        if self._background.take(event):
            return
        lines += [self._line(at, "idle", words) for at, words in self._background.lines()]
        self._background.end()
        lines.append(self._line(event.at, *told(event)))

    def _line(self, at: float, tone: str, words: str) -> Text:
        assert self._start is not None
        return Text.assemble(
            (f"{local_time(at)} ", self._view.tone("text--muted")),
            (f"{'+' + duration(at - self._start):>8}  ", self._view.tone("text--muted")),
            (safe_line(words, limit=_LONGEST_WORDS), self._view.tone(tone)),
        )

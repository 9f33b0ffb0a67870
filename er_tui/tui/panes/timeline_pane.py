# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happened in a run, event by event, from its journal."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from er_tui.journal.events import (
    AttemptEnded,
    AttemptStarted,
    CancelRequested,
    DeadlinePassed,
    Event,
    Member,
    MembersSwept,
    Noted,
    OutputSeen,
    ProcessExited,
    ProcessSpawned,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.journal.reading import EventTail
from er_tui.text.safe import safe_line
from er_tui.tui.attempts import place
from er_tui.tui.looks import duration, local_time, size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.lines_view import LinesView

_HANG = 25  # under the words, right of both times
_LONGEST_WORDS = 8000


class TimelinePane(Pane):
    """The journal of the run; runs of output are told in one line each."""

    title: ClassVar[str] = "Timeline"

    def __init__(self) -> None:
        super().__init__()
        self._tail: EventTail | None = None
        self._directory: str | None = None
        self._lines: list[Text] = []
        self._start: float | None = None
        self._output: dict[str, int] | None = None
        """Bytes by stream of the output told in the last line, while it goes on."""
        self._before: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        yield LinesView(hang=_HANG, id="timeline")

    @property
    def _view(self) -> LinesView:
        return self.query_one("#timeline", LinesView)

    def focus_target(self) -> Widget:
        return self._view

    def show(self, subject: Subject) -> None:
        directory = subject.run.directory if subject.run is not None else None
        if directory != self._directory or self._tail is None:
            self._directory = directory
            self._tail = EventTail(directory) if directory is not None else None
            self._lines, self._start, self._output, self._before = [], None, None, {}
        events = self._tail.read() if self._tail is not None else []
        for event in events:
            self._add(event)
        if events or not self._lines:
            nothing = Text("Nothing happened yet.", style=self._view.tone("text--muted"))
            self._view.show(self._lines or [nothing])

    def _add(self, event: Event) -> None:
        if self._start is None:
            self._start = event.at
        if isinstance(event, OutputSeen):
            going_on = self._output is not None
            self._output = self._output or {}
            for stream, count, _at in event.marks:
                self._output[stream] = count - self._before.get(stream, 0)
            if going_on:
                self._lines.pop()
        elif self._output is not None:
            for stream, count in self._output.items():
                self._before[stream] = self._before.get(stream, 0) + count
            self._output = None
        tone, words = self._told(event)
        self._lines.append(
            Text.assemble(
                (f"{local_time(event.at)} ", self._view.tone("text--muted")),
                (f"{'+' + duration(event.at - self._start):>8}  ", self._view.tone("text--muted")),
                (safe_line(words, limit=_LONGEST_WORDS), self._view.tone(tone)),
            )
        )

    def _told(self, event: Event) -> tuple[str, str]:
        """The tone and the words of an event."""
        match event:
            case OutputSeen():
                amounts = (self._output or {}).items()
                return "idle", "output: " + ", ".join(f"{s} {size(n)}" for s, n in amounts)
            case RunFinished(result=result):
                summary = (result.get("error_summary") or "").partition("\n")[0]
                word = result["status"].replace("_", " ")
                tone = "good" if result["status"] == "succeeded" else "bad"
                return tone, f"{word}: {summary}" if summary else word
            case AttemptEnded(note=note):
                return "ending" if note else "text--strong", _ended(event)
            case _:
                return _TONES.get(type(event), "text--strong"), _words(event)


_TONES: dict[type, str] = {
    ProcessSpawned: "live",
    CancelRequested: "ending",
    DeadlinePassed: "ending",
    SignalSent: "ending",
    MembersSwept: "ending",
    Noted: "ending",
}


def _words(event: Event) -> str:
    match event:
        case RunStarted(run_id=run_id, timeout_seconds=timeout):
            deadline = f", deadline after {timeout}s" if timeout is not None else ""
            return f"run {run_id} started{deadline}"
        case ProcessSpawned(process=process):
            return f"process {process.pid} leads its own session and group"
        case CancelRequested(reason=reason, grace_seconds=grace):
            return f"cancel: {reason}{_kill(grace)}"
        case DeadlinePassed(timeout_seconds=timeout, grace_seconds=grace):
            return f"deadline of {timeout}s passed{_kill(grace)}"
        case SignalSent(signal=name, pgid=pgid, members=members):
            to_whom = f" (still alive: {_named(members)})" if members else ""
            return f"{name} to group {pgid}{to_whom}"
        case ProcessExited(exit_code=code, signal=None):
            return f"process exited with code {code}"
        case ProcessExited(exit_code=code, signal=name):
            return f"process ended by {name} (exit code {code})"
        case MembersSwept(members=members):
            return f"swept {len(members)} left behind: {_named(members)}"
        case AttemptStarted(number=number, phase=phase, method=method, url=url):
            return f"attempt {number}: {phase} {method} {place(url)}"
        case Noted(text=text):
            return text
        case _:
            return event.name


def _kill(grace_seconds: float) -> str:
    # Without a grace there is no process, or its SIGKILL is the next event.
    return f"; SIGKILL follows after {grace_seconds:g}s" if grace_seconds else ""


def _ended(event: AttemptEnded) -> str:
    parts = ["no response" if event.code is None else f"HTTP {event.code}"]
    if event.status:
        parts.append(event.status)
    if event.next_seconds is not None:
        parts.append(f"next in {duration(event.next_seconds)}")
    words = f"attempt {event.number}: {', '.join(parts)}"
    return f"{words}: {event.note}" if event.note else words


def _named(members: tuple[Member, ...]) -> str:
    return "; ".join(f"{member.pid} {member.command}" for member in members)

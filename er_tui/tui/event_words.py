# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events in words, for a reader of a timeline. What strangers wrote is not made safe here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from er_tui.journal.events import (
    AttemptEnded,
    AttemptStarted,
    CancelRequested,
    DeadlineMoved,
    DeadlinePassed,
    EndingCompleted,
    Event,
    InputSent,
    Member,
    MembersSwept,
    Noted,
    OutputSeen,
    ProcessExited,
    ProcessSpawned,
    ResourcesSampled,
    RunFinished,
    RunStarted,
    SignalSent,
)
from er_tui.tui.attempts import place
from er_tui.tui.looks import duration, size

_TONES: dict[type, str] = {
    ProcessSpawned: "live",
    CancelRequested: "ending",
    DeadlinePassed: "ending",
    SignalSent: "ending",
    MembersSwept: "ending",
    DeadlineMoved: "live",
    Noted: "ending",
}


def told(event: Event) -> tuple[str, str]:
    """The tone and the words of an event by itself; see :class:`Background` for the others."""
    match event:
        case RunFinished(result=result):
            return _finished(result)
        case AttemptEnded(note=note):
            return "ending" if note else "text--strong", _ended(event)
        case EndingCompleted(survivors=survivors):
            return "bad" if survivors else "ended", _words(event)
        case _:
            return _TONES.get(type(event), "text--strong"), _words(event)


def _words(event: Event) -> str:
    match event:
        case RunStarted(run_id=run_id, timeout_seconds=timeout):
            deadline = f", deadline after {timeout}s" if timeout is not None else ""
            return f"run {run_id} started{deadline}"
        case ProcessSpawned(process=process, terminal=terminal):
            on = ", on a terminal of its own" if terminal else ""
            return f"process {process.pid} leads its own session and group{on}"
        case CancelRequested(reason=reason, grace_seconds=grace):
            return f"cancel: {reason}{_kill(grace)}"
        case DeadlinePassed(timeout_seconds=timeout, grace_seconds=grace):
            return f"deadline of {timeout}s passed{_kill(grace)}"
        case DeadlineMoved(seconds=seconds, timeout_seconds=timeout):
            way = "later" if seconds >= 0 else "earlier"
            return f"deadline {duration(abs(seconds))} {way}: {duration(timeout)} after the start"
        case SignalSent():
            return _signal(event)
        case EndingCompleted(seconds=seconds, survivors=()):
            return f"nothing of it is left, after {duration(seconds)}"
        case EndingCompleted(seconds=seconds, survivors=survivors):
            return f"still alive after {duration(seconds)}, SIGKILL and all: {_named(survivors)}"
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


def _finished(result: Mapping[str, Any]) -> tuple[str, str]:
    summary = (result.get("error_summary") or "").partition("\n")[0]
    word = result["status"].replace("_", " ")
    tone = "good" if result["status"] == "succeeded" else "bad"
    return tone, f"{word}: {summary}" if summary else word


def _signal(event: SignalSent) -> str:
    """Which signal, who asked for it, and who got it."""
    words = f"{event.signal} to group {event.pgid}"
    if event.by_operator:
        words += ", asked for by the operator"
    if event.members:
        words += f" (still alive: {_named(event.members)})"
    if event.escaped:
        words += f"; and to {len(event.escaped)} that had left it: {_named(event.escaped)}"
    return words


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


class Background:
    """What goes on beside the events that matter, told in one line a kind until one of those comes.

    Output, input and samples of resources come by the thousand and in turns: each kind has one line
    for all of a stretch, with the time of the last.
    """

    def __init__(self) -> None:
        self._told: dict[type, tuple[float, str]] = {}
        self._grown: dict[str, int] = {}
        """Bytes by stream in this stretch."""
        self._before: dict[str, int] = {}
        self._typed = 0
        self._range: tuple[ResourcesSampled, ResourcesSampled] | None = None
        """The least and the greatest figures of this stretch."""

    def take(self, event: Event) -> bool:
        """Whether the event belongs here; any other ends the stretch."""
        match event:
            case OutputSeen():
                for stream, count, _at in event.marks:
                    self._grown[stream] = count - self._before.get(stream, 0)
                words = ", ".join(f"{s} {size(n)}" for s, n in self._grown.items())
                self._told[OutputSeen] = (event.at, f"output: {words}")
            case InputSent():
                self._typed += event.size
                plural = "" if self._typed == 1 else "s"
                self._told[InputSent] = (event.at, f"input: {self._typed} byte{plural} typed")
            case ResourcesSampled():
                self._told[ResourcesSampled] = (event.at, self._resources(event))
            case _:
                return False
        return True

    def lines(self) -> list[tuple[float, str]]:
        """The lines of the stretch: when it went on last, and the words."""
        return list(self._told.values())

    def end(self) -> None:
        """The stretch is over; its lines stand."""
        for stream, count in self._grown.items():
            self._before[stream] = self._before.get(stream, 0) + count
        self._told, self._grown = {}, {}
        self._typed, self._range = 0, None

    def _resources(self, last: ResourcesSampled) -> str:
        least, most = self._range or (last, last)
        least, most = _pick(min, least, last), _pick(max, most, last)
        self._range = (least, most)
        parts = []
        for now, low, high in zip(*map(_figures, (last, least, most)), strict=True):
            between = "" if low == high else f" ({low[0]} to {high[0]})"
            parts.append(" ".join(filter(None, now)) + between)
        return "resources: " + ", ".join(parts)


def _figures(sample: ResourcesSampled) -> list[tuple[str, str]]:
    """Each figure and what it counts."""
    return [
        (f"{sample.cpu_percent:.0f}%", "CPU"),
        (size(sample.memory_bytes), ""),
        (str(sample.processes), "process" if sample.processes == 1 else "processes"),
    ]


def _pick(which: Any, one: ResourcesSampled, other: ResourcesSampled) -> ResourcesSampled:
    """Of each figure the one that ``min`` or ``max`` picks."""
    return ResourcesSampled(
        at=other.at,
        cpu_percent=which(one.cpu_percent, other.cpu_percent),
        memory_bytes=which(one.memory_bytes, other.memory_bytes),
        processes=which(one.processes, other.processes),
    )

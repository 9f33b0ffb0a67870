# SPDX-License-Identifier: AGPL-3.0-or-later
"""The attempts of a run, put together from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from er_tui.journal.events import AttemptEnded, AttemptStarted, Event


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One request: how it began, and how it ended if it did."""

    started: AttemptStarted
    ended: AttemptEnded | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took in all; None of one that was not measured, or has not ended."""
        known = [part for _name, part in self.parts if part is not None]
        return sum(known) if known else None

    @property
    def parts(self) -> tuple[tuple[str, float | None], ...]:
        """What the time went to: connect, TLS, wait, body."""
        ended = self.ended
        if ended is None:
            return ()
        return (
            ("connect", ended.connect_seconds),
            ("TLS", ended.tls_seconds),
            ("wait", ended.wait_seconds),
            ("body", ended.body_seconds),
        )


class Attempts:
    """Gathers attempts; each event costs a look-up, however many there were."""

    def __init__(self) -> None:
        self.rows: list[AttemptRow] = []
        self._index: dict[int, int] = {}
        self._latest: dict[str, int] = {}
        """By phase the index of the last attempt with a body."""
        self._before: dict[int, int] = {}
        """By index that of the attempt before it whose body was another."""
        self.longest = 0.0
        """Seconds of the longest attempt that ended; the measure of the bars."""

    def take(self, events: Iterable[Event]) -> bool:
        """True if an attempt began or ended."""
        changed = False
        for event in events:
            if isinstance(event, AttemptStarted):
                self._index[event.number] = len(self.rows)
                self.rows.append(AttemptRow(event))
                changed = True
            elif isinstance(event, AttemptEnded) and event.number in self._index:
                index = self._index[event.number]
                self.rows[index] = replace(self.rows[index], ended=event)
                if event.phase != "events":
                    self.longest = max(self.longest, self.rows[index].seconds or 0.0)
                self._remember_body(index, event)
                changed = True
        return changed

    def _remember_body(self, index: int, event: AttemptEnded) -> None:
        if event.body is None:
            return
        latest = self._latest.get(event.phase)
        if latest is not None:
            ended = self.rows[latest].ended
            same = ended is not None and ended.body == event.body
            before = self._before.get(latest) if same else latest
            if before is not None:
                self._before[index] = before
        self._latest[event.phase] = index

    def before(self, index: int) -> AttemptRow | None:
        """The attempt of the same phase before this one that had another body."""
        before = self._before.get(index)
        return None if before is None else self.rows[before]


def place(url: str) -> str:
    """The part of a URL that tells attempts apart; all of what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

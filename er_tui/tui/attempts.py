# SPDX-License-Identifier: AGPL-3.0-or-later
"""The attempts of a run, put together from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from er_tui.journal.events import AttemptEnded, AttemptStarted, Event


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One request: how it began, and how it ended if it did."""

    started: AttemptStarted
    ended: AttemptEnded | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took in all."""
        if self.ended is None:
            return None
        return sum(part or 0.0 for _name, part in self.parts)

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
                changed = True
        return changed

    def before(self, index: int) -> AttemptRow | None:
        """The attempt of the same phase before this one that had another body."""
        row = self.rows[index]
        body = row.ended.body if row.ended else None
        for earlier in reversed(self.rows[:index]):
            stored = earlier.ended.body if earlier.ended else None
            if earlier.started.phase == row.started.phase and stored not in (None, body):
                return earlier
        return None

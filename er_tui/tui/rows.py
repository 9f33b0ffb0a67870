# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which entries are listed, in which order, and where each stands on the screen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from er_tui.session.library import Entry
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.tui.looks import fault_of, look_of_entry


def matches(words: Iterable[str], entry: Entry, run: RunState | None) -> bool:
    """Whether each word is in the name, id, kind or state of the entry, in any case."""
    fields = [entry.name, look_of_entry(entry, run).word]
    fields += ["deleted"] if entry.gone else []
    if entry.invocation is not None:
        invocation = entry.invocation
        fields += [invocation.invocation_id, invocation.runtime_kind, invocation.runtime_name]
    text = "\n".join(fields).casefold()
    return all(word in text for word in words)


class Rows:
    """The listed keys with their heights: one line, or two where there is something to add.

    Looking a line up costs a bisection; only a change of the list or of a height costs a pass.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._words: list[str] = []
        self.keys: list[str] = []
        self._position: dict[str, int] = {}
        self._heights: list[int] = []
        self._tops: list[int] = [0]

    @property
    def height(self) -> int:
        """Of all rows, in lines."""
        return self._tops[-1]

    @property
    def filtered(self) -> bool:
        return bool(self._words)

    def filter(self, text: str) -> None:
        self._words = text.casefold().split()
        self.rebuild()

    def rebuild(self) -> None:
        """Take the entries anew: some came, went, or (with a filter) changed state."""
        session = self._session
        self.keys = [
            key
            for key, entry in session.entries.items()
            if not self._words or matches(self._words, entry, session.latest(key))
        ]
        self._position = {key: index for index, key in enumerate(self.keys)}
        self._heights = [self._height(key) for key in self.keys]
        self._stack()

    def update(self, keys: Iterable[str]) -> bool:
        """Look at these entries again; True if the layout changed."""
        if self._words:
            before = self.keys, self._heights
            self.rebuild()
            return (self.keys, self._heights) != before
        changed = False
        for key in keys:
            index = self._position.get(key)
            if index is not None and self._heights[index] != (height := self._height(key)):
                self._heights[index] = height
                changed = True
        if changed:
            self._stack()
        return changed

    def position(self, key: str | None) -> int | None:
        return None if key is None else self._position.get(key)

    def top(self, index: int) -> int:
        return self._tops[index]

    def bottom(self, index: int) -> int:
        return self._tops[index + 1]

    def at(self, line: int) -> tuple[int, int] | None:
        """The row at a line, and which of its lines that is; None below the last."""
        if not 0 <= line < self.height:
            return None
        index = bisect_right(self._tops, line) - 1
        return index, line - self._tops[index]

    def _height(self, key: str) -> int:
        entry = self._session.entries[key]
        run = self._session.latest(key)
        if fault_of(entry) is not None:
            return 2
        if run is None:
            return 1
        said_something = run.live and (run.last_stream is not None or run.attempts > 0)
        return 2 if said_something or run.ending_since or run.error_summary else 1

    def _stack(self) -> None:
        tops = [0]
        for height in self._heights:
            tops.append(tops[-1] + height)
        self._tops = tops

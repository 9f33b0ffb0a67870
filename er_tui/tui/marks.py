# SPDX-License-Identifier: AGPL-3.0-or-later
"""The entries that commands act on together."""

from __future__ import annotations

from er_tui.tui.rows import Rows


class Marks:
    """Marks one by one, all that is listed, or a range that grows and shrinks with its end."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.keys: set[str] = set()
        self._anchor = ""
        self._end = ""
        self._before: set[str] = set()
        """What was marked when the range was begun."""

    @property
    def hidden(self) -> int:
        """How many of them are not listed."""
        if not self._rows.filtered:
            return 0
        return sum(1 for key in self.keys if not self._rows.lists(key))

    def toggle(self, key: str) -> None:
        self.keys ^= {key}
        self._end = ""

    def toggle_listed(self) -> None:
        """Mark all that is listed, or if that is so already, none of it."""
        listed = self._rows.keys
        if all(key in self.keys for key in listed):
            self.keys.difference_update(listed)
        else:
            self.keys.update(listed)
        self._end = ""

    def stretch(self, start: str, end: str) -> None:
        """Mark from ``start`` to the entry beside it; a range that ends at ``start`` goes on."""
        if start != self._end:
            self._anchor, self._before = start, set(self.keys)
        self._end = end
        self.keys |= {start, end}
        positions = [self._rows.position(key) for key in (self._anchor, start, end)]
        if None in positions:
            return  # the anchor is no longer listed: what is marked remains
        anchor, from_, to = (position or 0 for position in positions)
        if abs(to - anchor) < abs(from_ - anchor) and start not in self._before:
            self.keys.discard(start)

    def forget(self, key: str) -> None:
        """The entry is no longer there."""
        self.keys.discard(key)
        self._before.discard(key)

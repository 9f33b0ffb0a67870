# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which lines of a laid-out JSON document are shown while some of its containers are folded.

All is told by the depths of the lines, a byte each: where a container ends and what a line is part
of are searches for a byte, and what is shown is a set with a bit a line.
"""

from __future__ import annotations

import time
from bisect import insort
from typing import Final, TypeAlias

from er_tui.text.json_layout import CLOSING, DEEPEST
from er_tui.text.line_set import BLOCK, LineSet

Folding: TypeAlias = tuple[bool, tuple[int, ...]]

_ZEROS: Final = b"0" * 256
_AT_ONCE: Final = 64 * BLOCK
"""Lines; to tell what is shown of them takes 2 ms."""


class Folds:
    """Rows of a document that may still be growing; a row is a line that is shown.

    Every container is open, or every one but the outermost is folded; what the user opened or
    folded beside that is kept for as long as it is hidden, too. A change of many lines takes effect
    from the beginning on, in steps.
    """

    def __init__(self) -> None:
        self._depths = bytearray()
        self._all_folded = False
        self._others: list[int] = []
        """The opening lines, in order, of those that are not as all."""
        self._shown = LineSet()
        self._done = 0
        """Up to where it is known what is shown; beyond it, all is."""

    @property
    def line_count(self) -> int:
        return len(self._depths)

    @property
    def busy(self) -> bool:
        """Whether a change has not reached the end yet."""
        return self._folding and self._done < self.line_count

    @property
    def row_count(self) -> int:
        if not self._folding:
            return self.line_count
        return self._shown.rank(self._done) + self.line_count - self._done

    def line_at(self, row: int) -> int | None:
        if not 0 <= row < self.row_count:
            return None
        if not self._folding:
            return row
        known = self._shown.rank(self._done)
        return self._shown.select(row) if row < known else self._done + row - known

    def row_of(self, line: int) -> int:
        """The row of a line; of one that is hidden, the row of what hides it."""
        if not self._folding:
            return line
        if line >= self._done:
            return self._shown.rank(self._done) + line - self._done
        return self._shown.rank(line) - (line not in self._shown)

    # The document

    def depth(self, line: int) -> int:
        """How many containers a line is in; at most DEEPEST is told."""
        return self._depths[line] & DEEPEST

    def closes(self, line: int) -> bool:
        return bool(self._depths[line] & CLOSING)

    def opens(self, line: int) -> bool:
        """Whether a container begins in the line that can be folded."""
        code = self._depths[line]
        return code < DEEPEST and self._depths[line + 1 : line + 2] == bytes([code + 1])

    def closing(self, line: int) -> int | None:
        """Where the container ends that begins in ``line``; None while that was not read."""
        found = self._depths.find(self._depths[line] | CLOSING, line + 1)
        return None if found < 0 else found

    def parent(self, line: int) -> int | None:
        """The line in which the container begins that ``line`` is a member of, or closes."""
        code = self._depths[line]
        wanted = code - CLOSING if code & CLOSING else code - 1
        found = self._depths.rfind(wanted, 0, line) if wanted >= 0 else -1
        return None if found < 0 else found

    def place(self, line: int) -> int:
        """Which member of its container it is, from 0."""
        parent = self.parent(line)
        first = 0 if parent is None else parent + 1
        return self._depths.count(self._depths[line], first, line)

    # Folding

    def is_folded(self, line: int) -> bool:
        return self.opens(line) and self._all_folded is not self._is_other(line)

    def toggle(self, line: int) -> None:
        """Fold or open the container that begins in a line that is shown."""
        if self._is_other(line):
            self._others.remove(line)
        else:
            insort(self._others, line)
        if not self._folding:
            self.open_all()
            return
        end = self.closing(line)
        if end is not None and end - line < _AT_ONCE and end < self._done:
            self._fill(line, end + 1)
        else:
            self._again(line)

    def fold_all(self) -> None:
        """All but the outermost."""
        self._all_folded, self._others = True, [0]
        self._again(0)

    def open_all(self) -> None:
        self._all_folded, self._others = False, []
        self._shown, self._done = LineSet(), 0

    def reveal(self, line: int) -> bool:
        """Open whatever hides a line; whether anything did."""
        hiding: list[int] = []
        container = self.parent(line)
        while container is not None:
            if self.is_folded(container):
                hiding.append(container)
            container = self.parent(container)
        for container in reversed(hiding):
            self.toggle(container)
        return bool(hiding)

    @property
    def folding(self) -> Folding:
        """What is folded, to come back to."""
        return self._all_folded, tuple(self._others)

    @folding.setter
    def folding(self, folding: Folding) -> None:
        if folding != self.folding:
            self._all_folded, self._others = folding[0], list(folding[1])
            self._shown, self._done = LineSet(), 0

    def grow(self, depths: bytes) -> None:
        """There are more lines, of these depths."""
        self._depths += depths

    def step(self, seconds: float) -> bool:
        """Find out for more lines whether they are shown; True if there are more to come."""
        until = time.monotonic() + seconds
        while self.busy:
            stop = min(self.line_count, self._done // BLOCK * BLOCK + _AT_ONCE)
            start, self._done = self._done, stop
            self._fill(start, stop)
            if time.monotonic() >= until:
                break
        return self.busy

    @property
    def _folding(self) -> bool:
        return self._all_folded or bool(self._others)

    def _is_other(self, line: int) -> bool:
        return line in self._others

    def _again(self, line: int) -> None:
        self._done = min(self._done, line) // BLOCK * BLOCK

    def _fill(self, start: int, stop: int) -> None:
        """Tell anew which of these lines are shown."""
        self._set(start, stop, None if not self._all_folded else 0)
        hidden_until = 0
        opened: set[int] = set()
        for line in self._others:
            if line >= stop:
                break
            if self._all_folded:
                parent = self.parent(line)
                if parent is None or parent in opened:
                    opened.add(line)
                    self._open(line, start, stop)
            elif line >= hidden_until:
                hidden_until = self._behind(line)
                self._hide(max(line + 1, start), min(hidden_until, stop))

    def _behind(self, line: int) -> int:
        end = self.closing(line)
        return self.line_count if end is None else end + 1

    def _open(self, line: int, start: int, stop: int) -> None:
        """Show what is directly in the container, and its end."""
        begin, end = max(line + 1, start), min(self._behind(line), stop)
        if begin < end:
            self._set(begin, end, self.depth(line) + 1)
            last = self.closing(line)
            if last is not None and start <= last < stop:
                number, bit = divmod(last, BLOCK)
                self._shown.set_block(number, self._shown.block(number) | 1 << bit)

    def _hide(self, start: int, stop: int) -> None:
        for number, first, count in _blocks(start, stop):
            mask = ((1 << count) - 1) << first
            self._shown.set_block(number, self._shown.block(number) & ~mask)

    def _set(self, start: int, stop: int, depth: int | None) -> None:
        """Show of these lines those whose depth is this one (None: all), and no others."""
        ones = _ZEROS if depth is None else _ZEROS[:depth] + b"1" + _ZEROS[depth + 1 :]
        for number, first, count in _blocks(start, stop):
            mask = ((1 << count) - 1) << first
            bits = mask
            if depth is not None:
                at = number * BLOCK + first
                digits = self._depths[at : at + count].translate(ones)
                bits = int(digits[::-1], 2) << first
            self._shown.set_block(number, self._shown.block(number) & ~mask | bits)


def _blocks(start: int, stop: int) -> list[tuple[int, int, int]]:
    """The blocks that these lines are in: number, first line in it, and how many."""
    found = []
    while start < stop:
        number, first = divmod(start, BLOCK)
        count = min(BLOCK - first, stop - start)
        found.append((number, first, count))
        start += count
    return found

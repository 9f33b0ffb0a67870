# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sets of line numbers, one bit a line: which lines matched, and which are therefore shown.

A bit a line keeps 12 million lines in 1.5 MB, and makes the context of a match, the complement and
an intersection operations on whole words.
"""

from bisect import bisect_right
from typing import Final

BLOCK: Final = 4096
_FULL: Final = (1 << BLOCK) - 1


class LineSet:
    """A set of line numbers (from 0) that knows how many there are before any of them.

    Finding the n-th member and counting those before a line cost a bisection over blocks and a look
    into one.
    """

    def __init__(self) -> None:
        self._blocks: list[int] = []
        self._before: list[int] = [0]
        """Members before each block; as far as it is right."""

    def __len__(self) -> int:
        self._count_up_to(len(self._blocks))
        return self._before[-1]

    def __contains__(self, line: int) -> bool:
        block, bit = divmod(line, BLOCK)
        return line >= 0 and bool(self.block(block) >> bit & 1)

    def block(self, number: int) -> int:
        """The bits of lines ``number * BLOCK`` and on, the first in the lowest bit."""
        return self._blocks[number] if number < len(self._blocks) else 0

    def set_block(self, number: int, bits: int) -> None:
        if self.block(number) == bits:
            return
        while len(self._blocks) <= number:
            self._blocks.append(0)
        self._blocks[number] = bits
        del self._before[number + 1 :]

    def add_bits(self, first: int, bits: int) -> range:
        """Add line ``first + n`` for each bit n that is set; the blocks that were touched."""
        number, shift = divmod(first, BLOCK)
        begun = number
        bits <<= shift
        while bits:
            self.set_block(number, self.block(number) | bits & _FULL)
            bits >>= BLOCK
            number += 1
        return range(begun, number)

    def rank(self, line: int) -> int:
        """How many members are before ``line``."""
        number, bit = divmod(max(line, 0), BLOCK)
        if number >= len(self._blocks):
            return len(self)
        self._count_up_to(number)
        return self._before[number] + (self._blocks[number] & ((1 << bit) - 1)).bit_count()

    def select(self, rank: int) -> int | None:
        """The member that has ``rank`` members before it; None if there are not so many."""
        if not 0 <= rank < len(self):
            return None
        number = bisect_right(self._before, rank) - 1
        left = rank - self._before[number]
        bits, offset = self._blocks[number], 0
        for width in (2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1):
            low = bits & ((1 << width) - 1)
            count = low.bit_count()
            if left < count:
                bits = low
            else:
                left -= count
                bits >>= width
                offset += width
        return number * BLOCK + offset

    def after(self, line: int) -> int | None:
        """The next member behind ``line``."""
        return self.select(self.rank(line + 1))

    def before(self, line: int) -> int | None:
        """The next member ahead of ``line``."""
        return self.select(self.rank(line) - 1)

    def _count_up_to(self, number: int) -> None:
        while len(self._before) <= number:
            last = len(self._before) - 1
            self._before.append(self._before[last] + self._blocks[last].bit_count())


class ShownLines:
    """The lines a filter shows: the matches or all others, and so many lines around each.

    ``only``, where given, leaves out whatever it does not hold, matches and context alike.
    """

    def __init__(
        self,
        matches: LineSet,
        *,
        inverse: bool = False,
        context: int = 0,
        only: LineSet | None = None,
    ) -> None:
        assert 0 <= context < BLOCK
        self._matches = matches
        self.inverse = inverse
        self._context = context
        self._only = only
        self._lines = 0
        self.lines = LineSet()

    def update(self, touched: range, line_count: int) -> None:
        """Blocks of the matches (or of ``only``) changed, or there are more lines in all."""
        reach = 1 if self._context else 0
        dirty = (
            set(range(max(0, touched.start - reach), touched.stop + reach)) if touched else set()
        )
        if line_count != self._lines:
            dirty.update(range(max(0, self._lines // BLOCK - reach), line_count // BLOCK + 1))
            self._lines = line_count
        for number in sorted(dirty):
            self.lines.set_block(number, self._shown(number))

    def _shown(self, number: int) -> int:
        bits = self._chosen(number)
        if self._context:
            around = (
                self._chosen(number + 1) << 2 * BLOCK
                | bits << BLOCK
                | (self._chosen(number - 1) if number else 0)
            )
            bits = _widened(around, self._context) >> BLOCK & _FULL
        if self._only is not None:
            bits &= self._only.block(number)
        return bits & self._existing(number)

    def _chosen(self, number: int) -> int:
        bits = self._matches.block(number)
        return ~bits & self._existing(number) if self.inverse else bits

    def _existing(self, number: int) -> int:
        lines = min(max(self._lines - number * BLOCK, 0), BLOCK)
        return (1 << lines) - 1


def _widened(bits: int, by: int) -> int:
    """Each set bit, and ``by`` bits on both sides of it."""
    done = 0
    while done < by:
        step = min(done + 1, by - done) if done else 1
        bits |= bits << step | bits >> step
        done += step
    return bits

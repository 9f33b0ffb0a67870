# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sets of lines against sets of Python's."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from er_tui.text.line_set import BLOCK, LineSet, ShownLines

LINES = st.sets(
    st.one_of(
        st.integers(0, 3 * BLOCK),
        st.sampled_from([0, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK]),
    ),
    max_size=40,
)


def set_of(lines: set[int]) -> LineSet:
    made = LineSet()
    for line in lines:
        made.add_bits(line, 1)
    return made


def members(lines: LineSet) -> list[int]:
    return [line for rank in range(len(lines)) if (line := lines.select(rank)) is not None]


@given(LINES, st.integers(-1, 3 * BLOCK + 2))
def test_it_counts_and_finds_like_a_sorted_list(lines: set[int], line: int) -> None:
    made, listed = set_of(lines), sorted(lines)
    assert len(made) == len(listed)
    assert members(made) == listed
    assert (line in made) == (line in lines)
    assert made.rank(line) == sum(1 for other in listed if other < line)
    assert made.after(line) == next((other for other in listed if other > line), None)
    assert made.before(line) == next((other for other in reversed(listed) if other < line), None)
    assert made.select(len(listed)) is None
    assert made.select(-1) is None


@given(st.integers(0, 2 * BLOCK), st.integers(0, 2 ** (BLOCK + 70)))
def test_bits_are_added_wherever_the_blocks_are(first: int, bits: int) -> None:
    made = LineSet()
    touched = made.add_bits(first, bits)
    expected = [first + n for n in range(bits.bit_length()) if bits >> n & 1]
    assert members(made) == expected
    assert {line // BLOCK for line in expected} <= set(touched)


@settings(max_examples=40)
@given(LINES, st.booleans(), st.integers(0, 200), st.integers(0, 3 * BLOCK + 5), LINES)
def test_a_filter_shows_the_matches_and_what_is_around_them(
    lines: set[int], inverse: bool, context: int, count: int, allowed: set[int]
) -> None:
    lines = {line for line in lines if line < count}
    for only in (None, set_of(allowed)):
        shown = ShownLines(set_of(lines), inverse=inverse, context=context, only=only)
        shown.update(range(4), count)
        chosen = set(range(count)) - lines if inverse else lines
        expected = {
            other
            for line in chosen
            for other in range(max(0, line - context), min(count, line + context + 1))
        }
        expected &= expected if only is None else allowed
        assert members(shown.lines) == sorted(expected)


@given(st.lists(LINES, max_size=5), st.integers(0, 5))
def test_a_filter_that_grows_is_the_same_as_one_made_at_the_end(
    parts: list[set[int]], context: int
) -> None:
    matches = LineSet()
    shown = ShownLines(matches, context=context)
    count = 0
    for part in parts:
        count += 2 * BLOCK - 7
        shown.update(range(0), count)
        for line in part:
            if line < count:
                shown.update(matches.add_bits(line, 1), count)
    at_once = ShownLines(matches, context=context)
    at_once.update(range(count // BLOCK + 1), count)
    assert members(shown.lines) == members(at_once.lines)

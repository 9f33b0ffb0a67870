# SPDX-License-Identifier: AGPL-3.0-or-later
"""Folding shows the lines that a simple walk through the tree would, however it came to it."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from er_tui.text.json_folds import Folds
from er_tui.text.json_layout import Layout
from tests.text.test_json_layout import DOCUMENTS


class Model:
    """The same, line by line."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.depths = [(len(line) - len(line.lstrip())) // 2 for line in self.lines]
        self.opening = [n for n, line in enumerate(self.lines) if line.endswith(("{", "["))]
        self.folded: set[int] = set()

    def end(self, line: int) -> int:
        after = range(line + 1, len(self.lines))
        return next(n for n in after if self.depths[n] == self.depths[line])

    def shown(self) -> list[int]:
        shown, line = [], 0
        while line < len(self.lines):
            shown.append(line)
            line = (self.end(line) if line in self.folded else line) + 1
        return shown


def fed(document: Any, step: int) -> tuple[list[bytes], str]:
    layout = Layout()
    layout.feed(json.dumps(document).encode())
    layout.finish()
    lines, depths = layout.take()
    return [depths[at : at + step] for at in range(0, len(depths), step)], lines.decode()


def settle(folds: Folds) -> None:
    while folds.step(1):
        pass


def check(folds: Folds, model: Model) -> None:
    shown = model.shown()
    assert folds.row_count == len(shown)
    assert [folds.line_at(row) for row in range(len(shown) + 1)] == [*shown, None]
    for row, line in enumerate(shown):
        assert folds.row_of(line) == row
        assert folds.is_folded(line) is (line in model.folded)


@settings(max_examples=40)
@given(DOCUMENTS, st.lists(st.integers(0, 30) | st.sampled_from(["all", "none"]), max_size=12))
def test_what_is_shown_is_what_is_in_no_folded_container(
    document: Any, actions: list[int | str]
) -> None:
    pieces, text = fed(document, 1 << 20)
    folds, model = Folds(), Model(text)
    for piece in pieces:
        folds.grow(piece)
    for action in actions:
        if action == "all":
            folds.fold_all()
            model.folded = set(model.opening[1:])
        elif action == "none":
            folds.open_all()
            model.folded = set()
        else:
            able = [line for line in model.shown() if folds.opens(line)]
            if not able:
                continue
            line = able[int(action) % len(able)]
            folds.toggle(line)
            model.folded ^= {line}
        settle(folds)
        check(folds, model)


@settings(max_examples=40)
@given(DOCUMENTS, st.booleans(), st.integers(1, 5))
def test_folding_before_all_is_there_is_folding_afterwards(
    document: Any, all_folded: bool, step: int
) -> None:
    pieces, text = fed(document, step)
    folds, model = Folds(), Model(text)
    for number, piece in enumerate(pieces):
        folds.grow(piece)
        if number == 0 and all_folded:
            folds.fold_all()
            model.folded = set(model.opening[1:])
        elif number == 1 and not all_folded and len(folds._depths) > 2 and folds.opens(1):
            folds.toggle(1)
            model.folded = {1}
        settle(folds)
    check(folds, model)


def test_a_line_that_is_hidden_has_the_row_of_what_hides_it() -> None:
    pieces, _text = fed({"a": [1, 2, 3], "b": 1}, 100)
    folds = Folds()
    folds.grow(pieces[0])
    folds.toggle(1)
    settle(folds)
    assert [folds.row_of(line) for line in range(8)] == [0, 1, 1, 1, 1, 1, 2, 3]


def test_places_are_counted_among_the_members() -> None:
    document = [1, {"a": 2, "b": [3]}, [[4], 5]]
    pieces, text = fed(document, 100)
    folds = Folds()
    folds.grow(pieces[0])
    lines = [line.strip(" ,") for line in text.splitlines()]
    assert [folds.place(lines.index(word)) for word in ("1", "3", "4", "5")] == [0, 0, 0, 1]
    assert folds.place(lines.index('"b": [')) == 1
    assert folds.parent(lines.index("3")) == lines.index('"b": [')


def test_millions_of_lines_are_folded_in_steps_that_keep_nobody_waiting() -> None:
    row = bytes([1, 2, 2, 3, 3, 2 | 0x80, 1 | 0x80])
    folds = Folds()
    folds.grow(bytes([0]) + row * 500_000 + bytes([0x80]))
    folds.fold_all()
    steps = 0
    while folds.step(0.005):
        steps += 1
    assert steps > 1
    assert folds.row_count == 500_002
    for _ in range(20):
        line = 1 + 7 * random.randrange(500_000)
        folds.toggle(line)
        assert not folds.step(0)
    assert folds.row_count > 500_002

# SPDX-License-Identifier: AGPL-3.0-or-later
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.text.safe import safe_block, safe_characters, safe_line
from tests.text.forbidden import forbidden_in, is_forbidden

ANY_TEXT = st.text(st.characters(categories=None, exclude_categories=()))


def test_every_character_of_unicode_is_kept_unless_it_is_forbidden() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = safe_characters(every)
    assert len(shown) == len(every)
    assert forbidden_in(shown) == []
    lost = {before for before, after in zip(every, shown, strict=True) if before != after}
    reserved = {*map(chr, range(0xE0080, 0xE1000)), *map(chr, range(0xFFF0, 0xFFF9))}
    # Egyptian format controls that this Python's Unicode may not know yet.
    newer = set(map(chr, range(0x13430, 0x13440)))
    assert {char for char in lost if not is_forbidden(char)} <= reserved | newer


@given(ANY_TEXT)
def test_no_text_makes_a_line_unsafe(text: str) -> None:
    assert forbidden_in(safe_line(text)) == []


@given(ANY_TEXT)
def test_no_text_makes_a_block_unsafe(text: str) -> None:
    shown = safe_block(text)
    assert forbidden_in(shown.replace("\n", "")) == []
    assert shown.count("\n") == text.count("\n")


@given(ANY_TEXT, st.integers(1, 40))
def test_a_line_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    shown = safe_line(text, limit)
    assert len(shown) == min(len(text), limit)
    assert shown.endswith("…") or len(text) <= limit


@given(ANY_TEXT)
def test_making_safe_twice_changes_nothing_more(text: str) -> None:
    assert safe_block(safe_block(text)) == safe_block(text)
    assert safe_line(safe_line(text)) == safe_line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ~ text", "plain ~ text"),
        ("a\tb", "a b"),
        ("a\r\nb\x00\x1b[31m\x7f", "a␍␊b␀␛[31m␡"),
        ("\x9b31m \x85", "\ufffd31m \ufffd"),
        ("user\u202egpj.exe", "user\ufffdgpj.exe"),
        ("lone \udc80 \ufeff", "lone \ufffd \ufffd"),
        ("tag \U000e0041", "tag \ufffd"),
        ("👩\u200d🔬 ❤\ufe0f é e\u0301 漢字", "👩\u200d🔬 ❤\ufe0f é e\u0301 漢字"),
        ("[/foo] [@click=app.quit]x[/]", "[/foo] [@click=app.quit]x[/]"),
    ],
)
def test_a_line_shows_what_is_unsafe_as_pictures(text: str, shown: str) -> None:
    assert safe_line(text) == shown


def test_a_block_keeps_its_lines_and_columns() -> None:
    assert safe_block("a\tb\r\nlonger word\tc\rd\n") == "a       b\nlonger word     c␍d\n"


def test_a_huge_text_is_cut_before_work_is_done_on_it() -> None:
    assert safe_line("\x1b" * 10_000_000, 3) == "␛␛…"

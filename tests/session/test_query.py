# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invocations are found by what the user remembers of them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.session.query import Query, Subject

BUILD = Subject("ci/build-017", "timed out", id="build_017", kind="subprocess", runtime="local")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "build",
        "BUILD ci",
        "bld17",
        "b17",
        "status:timed_out",
        "status:timed",
        "status:failed,timed-out kind:sub",
        "id:build_017",
        "id:build-017",
        "name:ci/",
        "runtime:local",
        "-status:failed",
        "!deploy",
        "status:",
        "local timed",
        "-",
    ],
)
def test_what_holds_is_listed(text: str) -> None:
    assert Query(text).matches(BUILD)


@pytest.mark.parametrize(
    "text",
    [
        "deploy",
        "status:failed",
        "kind:http",
        "-build",
        "build status:failed",
        "uild17x",
        "nosuch:x",
    ],
)
def test_what_does_not_hold_is_not(text: str) -> None:
    assert not Query(text).matches(BUILD)


def test_letters_are_left_out_within_a_name_only_and_not_too_many() -> None:
    assert not Query("lcl").matches(BUILD)  # of the runtime's name
    assert not Query("ld17").matches(BUILD)  # it begins within a part
    assert not Query("bx").matches(Subject("b" + "-" * 9 + "x", ""))


@given(st.text(), st.text())
def test_no_text_is_a_mistake(text: str, name: str) -> None:
    Query(text).matches(Subject(name, "failed"))


def test_a_long_word_and_a_long_name_take_no_time() -> None:
    begun = time.monotonic()
    Query("ab" * 200 + "!").matches(Subject("ab" * 200, ""))
    assert time.monotonic() - begun < 5

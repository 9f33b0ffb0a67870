# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is shown of a log, in words."""

from __future__ import annotations

from er_tui.session.log import Log
from er_tui.text.pattern import Pattern
from er_tui.text.safe import safe_line
from er_tui.text.search import Search
from er_tui.tui.widgets.output_view import OutputView

_LONGEST_PATTERN = 30


def found_words(view: OutputView) -> str:
    """How the search of a log stands; empty without one."""
    log = view.shown
    if log is None or log.search is None:
        return ""
    return match_words(log.search, view.match, None if log.is_searched else log.searched_share)


def match_words(search: Search, match: int | None, share: float | None) -> str:
    """``3 of 128 lines, 61 %``: the match that is looked at, of those that were found in the
    ``share`` that is searched; None when that is all."""
    if search.failure is not None:
        return safe_line(search.failure)
    matches = search.matches
    count = len(matches)
    if match is not None and match in matches:
        words = f"{matches.rank(match) + 1:,} of {count:,} line{_s(count)}"
    elif share is None and not count:
        words = "no line matches"
    else:
        words = f"{count:,} line{_s(count)}"
    return words if share is None else f"{words}, {min(99, int(100 * share))} %"


def pattern_words(pattern: Pattern) -> str:
    """``"text"``, ``/expression/``."""
    sign = "/" if pattern.regex else '"'
    return f"{sign}{safe_line(pattern.text, _LONGEST_PATTERN)}{sign}"


def view_words(view: OutputView) -> list[str]:
    """All that is not as it is at first: search, filter, wrapping, times, selection, damage."""
    words = []
    log = view.shown
    if log is not None and log.search is not None:
        words.append(f"{pattern_words(log.search.pattern)} {found_words(view)}")
        words += filter_words(log)
    if view.times == "since start":
        words.append("times since the start")
    elif view.times:
        words.append("local times")
    if view.wrap:
        words.append("wrapped")
    if view.selecting:
        words.append(f"{selected_words(view)} selected, y copies")
    return words


def selected_words(view: OutputView) -> str:
    """``3 lines``, ``12 characters``, ``parts of 3 lines``."""
    count = len(view.selected_rows)
    if view.span is None:
        return f"{count:,} line{_s(count)}"
    if count > 1:
        return f"parts of {count:,} lines"
    characters = view.span[1] - view.span[0]
    return f"{characters:,} character{_s(characters)}"


def filter_words(log: Log) -> list[str]:
    """``only lines without it``, ``only lines with it, 3 around``."""
    if log.search is None or log.filter is None:
        return []
    around = f", {log.filter.context} around" if log.filter.context else ""
    return [f"only lines {'without' if log.filter.inverse else 'with'} it{around}"]


def _s(count: int) -> str:
    return "" if count == 1 else "s"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Going from match to match while a search still goes on."""

from __future__ import annotations

from er_tui.text.search import Search


def next_match(search: Search, line: int, direction: int) -> int | None:
    """The line of the next match behind (1) or ahead of (-1) ``line``; goes on at the other end.
    None where there is none."""
    matches = search.matches
    if direction > 0:
        found = matches.after(line)
        return found if found is not None else matches.select(0)
    found = matches.before(line)
    return found if found is not None else matches.select(len(matches) - 1)


def knows_next(search: Search, line: int, direction: int) -> bool:
    """Whether :func:`next_match` is right already, though not all is searched."""
    if direction > 0:
        return search.matches.after(line) is not None
    return search.searched_lines >= line and search.matches.before(line) is not None

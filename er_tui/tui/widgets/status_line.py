# SPDX-License-Identifier: AGPL-3.0-or-later
"""A line under a pane that says what is shown of it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class StatusLine(Static):
    """Redrawn only when it says something else; never lays anything out anew."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", classes="status-line", id=id, markup=False)
        self._said = Text()

    def say(self, words: Text) -> None:
        words.no_wrap, words.overflow = True, "ellipsis"
        if words != self._said:
            self._said = words
            self.update(words, layout=False)

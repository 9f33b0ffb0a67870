# SPDX-License-Identifier: AGPL-3.0-or-later
"""What widgets share that draw their own lines."""

from __future__ import annotations

from rich.style import Style
from textual.scroll_view import ScrollView
from textual.strip import Strip


class DrawnLines(ScrollView):
    """Knows its style and its empty line without working them out for each line anew.

    The compositor keeps what it made of a strip with the strip: one that is given again is cheap.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._base: Style | None = None
        self._blank: Strip | None = None

    @property
    def base_style(self) -> Style:
        """As ``rich_style``, which goes through all ancestors."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def blank(self, width: int) -> Strip:
        """A line with nothing in it."""
        if self._blank is None or self._blank.cell_length != width:
            self._blank = Strip.blank(width, self.base_style)
        return self._blank

    def notify_style_update(self) -> None:
        """Focus, theme or classes changed, here or above."""
        super().notify_style_update()
        self._base = self._blank = None

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A framed half of the screen."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region


class Side(Vertical):
    """Changing its titles redraws the line of the frame they stand in, not what is inside."""

    _line: int | None = None

    def entitle(self, title: Content) -> None:
        """What stands in the upper line of the frame."""
        if title.markup != self.border_title:
            self._line = -1
            self.border_title = title
            self._line = None

    def subtitle(self, title: Content | None) -> None:
        """What stands in the lower one."""
        if (None if title is None else title.markup) != self.border_subtitle:
            self._line = self.size.height
            self.border_subtitle = title
            self._line = None

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Side:
        if self._line is not None:
            # Relative to what is inside the frame.
            regions = (Region(-1, self._line, self.size.width + 2, 1),)
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the commands on the output of all runs do: search it, follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from er_tui.tui.screens.listing import ListingScreen

if TYPE_CHECKING:
    from er_tui.session.search_all import FoundLine, MoreLines
    from er_tui.tui.screens.search_all import Asked


class OverAllScreen(ListingScreen):
    """The part of the main screen that opens a screen over all runs."""

    _asked: Asked | None = None

    async def show_line(self, run_id: str, stream: str | None, number: int) -> None:
        """Select the run and bring a line of a capture (from 0) into view; with no stream, the
        run alone."""
        raise NotImplementedError

    def action_search_all(self) -> None:
        from er_tui.tui.screens.search_all import Asked, SearchAllScreen  # not for the first paint

        async def chosen(found: FoundLine | MoreLines | None) -> None:
            if found is not None:
                number = getattr(found, "number", 0)
                await self.show_line(found.run_id, getattr(found, "stream", None), number)

        if self._asked is None:
            self._asked = Asked()
        self.app.push_screen(SearchAllScreen(self._session, self._asked), chosen)

    def action_all_output(self) -> None:
        from er_tui.tui.screens.all_output import AllOutputScreen  # not for the first paint

        self.app.push_screen(AllOutputScreen(self._session))

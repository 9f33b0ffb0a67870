# SPDX-License-Identifier: AGPL-3.0-or-later
"""What opens a screen of its own: the output of all runs, searched or followed; a run replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from er_tui.text.safe import safe_line
from er_tui.tui.screens.listing import ListingScreen

if TYPE_CHECKING:
    from er_tui.session.search_all import FoundLine, MoreLines
    from er_tui.tui.screens.search_all import Asked


class OverAllScreen(ListingScreen):
    """The part of the main screen that opens such a screen."""

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

    def can_replay(self) -> bool:
        """Whether the run that is looked at is over, and known from a directory."""
        run = self.selection.subject().run
        return run is not None and not run.live and not run.unread and run.directory is not None

    def action_replay(self) -> None:
        from er_tui.tui.screens.replay import ReplayScreen  # not for the first paint

        subject = self.selection.subject()
        assert subject.entry is not None
        assert subject.run is not None
        number = f" · run {subject.number} of {subject.count}" if subject.count > 1 else ""
        name = safe_line(subject.entry.name, limit=100) + number
        self.app.push_screen(ReplayScreen(subject.run, name))

    def action_all_output(self) -> None:
        from er_tui.tui.screens.all_output import AllOutputScreen  # not for the first paint

        self.app.push_screen(AllOutputScreen(self._session))

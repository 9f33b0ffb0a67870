# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the commands that leave the dashboard do, and what becomes of the runs."""

from __future__ import annotations

from er_tui.engine.messages import Leaving
from er_tui.tui.screens.showing import ShowingScreen


class LeavingScreen(ShowingScreen):
    """The part of the main screen by which the user goes."""

    leaving: Leaving = "hangup"
    """How the user left; as long as nobody has, whatever ends us is a hang-up."""

    @property
    def can_detach(self) -> bool:
        """Whether there is an engine that could go on without us."""
        return self._session.engine is not None

    def action_detach(self) -> None:
        self._leave("keep")

    def action_quit(self) -> None:
        live, engine = self._session.steered_count, self._session.engine
        if live == 0 or engine is None:
            self._leave("quit")
            return
        from er_tui.tui.screens.confirm import ConfirmQuit  # not for the first paint

        if isinstance(self.app.screen, ConfirmQuit):
            return

        def answered(how: Leaving | None) -> None:
            if how is not None:
                self._leave(how)

        self.app.push_screen(ConfirmQuit(live, engine.others), answered)

    def _leave(self, how: Leaving) -> None:
        self.leaving = how
        self.app.exit()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the main screen draws, and when: the parts that changed, and no more often than needed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from textual.content import Content

from er_tui.session.listing import Changes
from er_tui.session.session import Session
from er_tui.text.safe import safe_line
from er_tui.tui.keyboard import Keyboard
from er_tui.tui.looks import state_of
from er_tui.tui.panes.pane import Subject
from er_tui.tui.screens.over_all import OverAllScreen
from er_tui.tui.troubles import troubles_of
from er_tui.tui.widgets.banner import Banner
from er_tui.tui.widgets.header import Header, Standing
from er_tui.tui.widgets.panes import Panes
from er_tui.tui.widgets.side import Side

_WORDS_SECONDS = 0.2
"""Between two looks at what runs said last, as the list tells it."""


class ShowingScreen(OverAllScreen):
    """The half of the main screen that shows the session in its widgets."""

    def __init__(self, session: Session, title: str) -> None:
        super().__init__(session)
        self._title = title
        self._panes = Panes()
        self._panes_behind = False
        """Whether the panes show another run than the title, which is drawn first."""
        self._unlisted: set[str] = set()
        """Runs that said something since the list was drawn."""
        self._listed_at = 0.0
        self._troubled = False
        """Whether entries or states of runs changed since it was last told what is wrong."""
        self.keyboard: Keyboard = Keyboard(session, self._panes.output)
        self.loading_entries = True

    # What the application tells

    def entries_changed(self, keys: Iterable[str]) -> None:
        """These entries came, went or were edited."""
        self._list.changed(keys)
        self._troubled = True  # what came may be in trouble, what went no longer is
        self._show_all()

    def runs_changed(self, changes: Changes) -> None:
        """Runs changed state or wrote something."""
        self._unlisted |= changes.keys
        if changes.states or time.monotonic() >= self._listed_at + _WORDS_SECONDS:
            self._list_changes()
        if self._list.cursor in changes.keys:
            self._show_run()
        if changes.states or changes.engine or changes.space:
            self._troubled = True
            self._show_standing()

    def clock_ticked(self) -> None:
        """Running times go on, and files that are shown may change on the disk."""
        if self._unlisted:
            self._list_changes()
        self._list.clock_ticked()
        self._catch_up()
        subject = self.selection.subject()
        self._panes.show(subject, state_of(subject.entry, subject.run, time.time()))
        if self._session.monitors and self._troubled:
            self._troubled = False
            banner = self.query_one(Banner)
            banner.troubles = troubles_of(self._session)
            banner.count = len(self._session.tally.troubled)

    # Drawing

    def _show_all(self) -> None:
        self._show_run()
        self._show_standing()

    def _list_changes(self) -> None:
        # Those that came with their runs are listed as a folder is: by their paths.
        self._list.changed(sorted(self._unlisted))
        self._unlisted = set()
        self._listed_at = time.monotonic()

    def _cursor_moved(self) -> None:
        """The cursor and the title are drawn at once, what is under them in the next frame."""
        self._show_title(self.selection.subject())
        if not self._panes_behind:
            self._panes_behind = True
            self.call_after_refresh(self._catch_up)

    def _catch_up(self) -> None:
        if self._panes_behind:
            self._show_run()

    def _show_title(self, subject: Subject) -> None:
        self.query_one("#run-side", Side).entitle(Content(_title(subject)))

    def _show_run(self) -> None:
        self._panes_behind = False
        subject = self.selection.subject()
        self._show_title(subject)
        if subject.run is not None:
            self._session.look_at(subject.run)
        self._panes.show(subject, state_of(subject.entry, subject.run, time.time()))
        self._show_commands()

    async def _open_pane(self, title: str) -> None:
        await self._panes.open(title)
        self._show_commands()

    def _show_standing(self) -> None:
        standing = Standing.of(self._session, self._title, loading=self.loading_entries)
        self.query_one(Header).standing = standing
        self.list_changed()

    def list_changed(self) -> None:
        side, summary = self.query_one("#list-side", Side), self._list.summary
        side.entitle(Content(self._list.title))
        side.subtitle(Content(summary) if summary else None)
        self._show_commands()

    def _show_commands(self) -> None:
        """Which commands make sense may have changed."""
        raise NotImplementedError


def _title(subject: Subject) -> str:
    if subject.entry is None:
        return "No invocation"
    parts = [safe_line(subject.entry.name)]
    if subject.entry.invocation is not None:
        parts.append(subject.entry.invocation.runtime_kind)
    if subject.count:
        parts.append(f"run {subject.number} of {subject.count}")
    if subject.entry.gone:
        parts.append("file deleted")
    return " · ".join(parts)

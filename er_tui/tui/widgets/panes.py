# SPDX-License-Identifier: AGPL-3.0-or-later
"""The panes of the selected run: one is visible, and only that one costs anything."""

from __future__ import annotations

from importlib import import_module

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from er_tui.tui.panes.output_pane import OutputPane
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.pane_tabs import PaneTabs

TITLES = ("Output", "Attempts", "Result", "Artifacts", "Invocation", "Timeline")


def make_pane(title: str) -> Pane:
    """The pane of that title; all but the first are loaded when they are first looked at."""
    if title == OutputPane.title:
        return OutputPane()
    name = title.lower()
    module = import_module(f"er_tui.tui.panes.{name}_pane")
    pane: Pane = getattr(module, f"{title}Pane")()
    return pane


class Panes(Vertical):
    """Holds the panes; each is made when it is first looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._subject = Subject()
        self._made: dict[str, Pane] = {TITLES[0]: make_pane(TITLES[0])}
        self.active = TITLES[0]
        self._tabs = PaneTabs(TITLES)

    def compose(self) -> ComposeResult:
        yield self._tabs
        with Container(id="pane"):
            yield self._made[TITLES[0]]

    def on_mount(self) -> None:
        self._tabs.active = self.active

    @property
    def pane(self) -> Pane:
        """The visible one."""
        return self._made[self.active]

    @property
    def output(self) -> OutputPane:
        """The one that is always there."""
        pane = self._made[OutputPane.title]
        assert isinstance(pane, OutputPane)
        return pane

    def show(self, subject: Subject, state: tuple[str, str]) -> None:
        """Show this subject, or a newer state of it."""
        self._subject = subject
        self._tabs.state = state
        self.pane.show(subject)

    async def open(self, title: str) -> None:
        """Show another pane."""
        had_focus = self.has_focus_within
        if title != OutputPane.title:
            self.output.end_input()
        if title not in self._made:
            self._made[title] = make_pane(title)
            await self.query_one("#pane").mount(self._made[title])
        self.active = title
        self._tabs.active = title
        for name, pane in self._made.items():
            pane.display = name == title
        self.pane.show(self._subject)
        if had_focus:
            self.pane.focus_target().focus()

    def next_title(self, step: int) -> str:
        return TITLES[(TITLES.index(self.active) + step) % len(TITLES)]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all live runs write, as it comes, each line with the name of its run."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from er_tui.session.merged_tail import MergedTail
from er_tui.session.session import Session
from er_tui.text.safe import safe_line
from er_tui.tui.looks import look_of_run, size, time_of
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tail_view import TailView
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style


class AllOutputScreen(Screen[None]):
    """Follows the runs of a session until it is left."""

    AUTO_FOCUS = "TailView"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    AllOutputScreen { background: $background; }
    AllOutputScreen Input, AllOutputScreen Input:focus {
        display: none; height: 1; border: none; padding: 0 1; background: $surface;
    }
    AllOutputScreen Input.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_or_leave", show=False, priority=True),
        Binding("slash", "filter", show=False),
        Binding("q,T", "dismiss(None)", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._tail = MergedTail(session)
        self._names: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield StatusLine(id="all-output-status")
        yield TailView(self._tail, self._name_of, self._how_it_ended, id="all-output")
        yield Input(placeholder="filter: words of names and lines", id="tail-filter", compact=True)

    def on_mount(self) -> None:
        self.on_tail_view_changed()

    @property
    def _view(self) -> TailView:
        return self.query_one(TailView)

    def _name_of(self, run_id: str) -> str:
        if run_id not in self._names:
            if run_id not in self._session.runs:
                return run_id  # removed meanwhile
            entry = self._session.entries[self._session.key_of(run_id)]
            self._names[run_id] = safe_line(entry.name, limit=60)
        return self._names[run_id]

    def _how_it_ended(self, run_id: str) -> tuple[str, str]:
        run = self._session.runs.get(run_id)
        if run is None:
            return "removed", "ended"
        look = look_of_run(run)
        why = safe_line((run.error_summary or "").partition("\n")[0])
        words = f"{look.glyph} {look.word} {time_of(run, time.time())}".rstrip()
        return (f"{words} · {why}" if why else words), look.tone

    def on_tail_view_changed(self) -> None:
        muted, accent = tone_style(self, "text--muted"), tone_style(self, "text--accent")
        view, tail = self._view, self._tail
        count = tail.run_count
        parts = [
            Text(f"all output · {count:,} live run{'' if count == 1 else 's'}", style=muted),
            Text("following" if view.follow else "f follows", style=accent),
        ]
        if view.filtered:
            lines = f"{view.row_count:,} line{'' if view.row_count == 1 else 's'}"
            parts.append(Text(f"filter: {lines}", style=accent))
        if tail.skipped:
            words = f"{size(tail.skipped)} came too fast to be shown"
            parts.append(Text(words, style=tone_style(self, "ending")))
        if dropped := tail.count - len(tail.lines):
            parts.append(Text(f"{dropped:,} older lines are not kept here", style=muted))
        parts.append(Text("/ filters · esc leaves", style=muted))
        self.query_one("#all-output-status", StatusLine).say(Text(" · ", style=muted).join(parts))

    def action_filter(self) -> None:
        box = self.query_one(Input)
        box.add_class("-open")
        box.focus()

    def action_clear_or_leave(self) -> None:
        box = self.query_one(Input)
        if box.has_class("-open"):
            box.value = ""
            box.remove_class("-open")
            self._view.focus()
        else:
            self.dismiss(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._view.filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value:
            event.input.remove_class("-open")
        self._view.focus()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the rows of the list look like."""

from __future__ import annotations

import time
from collections.abc import Container

from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from er_tui.session.last_words import LastWords
from er_tui.session.library import Entry
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line
from er_tui.tui.looks import fault_of, look_of_entry, look_of_run, time_of
from er_tui.tui.row_words import asked, begun, ending, kind_of, reason, used
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import foreground, tone_style

_KIND_WIDTH = 10
_TIME_WIDTH = 8
_WORD_WIDTH = 10
_RESOURCES_WIDTH = 15
_LEAST_NAME = 10
_MOST_DRAWN = 200
"""Entries; more than fit in any window."""


class RowPainter:
    """Makes a line when it is drawn, in the styles of the list, and keeps it until it is told that
    something changed: scrolling makes only the lines that come into view.
    """

    def __init__(self, session: Session, widget: DrawnLines) -> None:
        self._session = session
        self._widget = widget
        self._last_words = LastWords()
        self.show_resources = False
        """Whether rows tell what live runs use, where there is room."""
        self._drawn: dict[str, dict[tuple[int, int], Strip]] = {}
        """By entry, and by run and line of it."""

    def line(
        self,
        place: tuple[str, int, int],
        width: int,
        *,
        cursor: bool,
        marked: bool,
        unfolded: bool,
    ) -> Strip:
        """A line of an entry: its key, the number of the run (0: itself), which line of that."""
        key, number, sub_line = place
        drawn = self._drawn.setdefault(key, {})
        if len(self._drawn) > _MOST_DRAWN:
            del self._drawn[next(iter(self._drawn))]
        strip = drawn.get((number, sub_line))
        if strip is None:
            text = self._text(place, width, marked=marked, unfolded=unfolded)
            text.truncate(width, overflow="ellipsis")
            base = self._widget.base_style
            if cursor:
                under = self._widget.get_component_rich_style("list--cursor").bgcolor
                base += Style(bgcolor=under)
            strip = drawn[number, sub_line] = strip_of(text, width, self._widget, base)
        return strip

    def forget(self, keys: Container[str]) -> None:
        """These changed."""
        for key in [key for key in self._drawn if key in keys]:
            del self._drawn[key]

    def forget_all(self) -> None:
        """Any may look otherwise now."""
        self._drawn.clear()

    def _text(
        self, place: tuple[str, int, int], width: int, *, marked: bool, unfolded: bool
    ) -> Text:
        key, number, sub_line = place
        if number:
            return self._of_run(key, number)
        entry = self._session.entries[key]
        if sub_line:
            return self._second(entry)
        return self._first(entry, width, marked=marked, unfolded=unfolded)

    def _first(self, entry: Entry, width: int, *, marked: bool, unfolded: bool) -> Text:
        """State, name and time of an entry."""
        run, runs = self._session.latest(entry.key), self._session.run_count(entry.key)
        tone = self._tone(look_of_entry(entry, run).tone)
        muted = self._tone("text--muted")
        spent = time_of(run, time.time()) if run is not None and not fault_of(entry) else ""
        room = width - 4 - _TIME_WIDTH
        with_resources = self.show_resources and room > _LEAST_NAME + _RESOURCES_WIDTH
        room -= _RESOURCES_WIDTH + 1 if with_resources else 0
        with_kind = room >= 12 + _KIND_WIDTH
        room -= _KIND_WIDTH + 1 if with_kind else 0
        line = Text.assemble(
            ("▌" if marked else " ", foreground(self._widget, "list--mark")),
            (look_of_entry(entry, run).glyph, tone),
            " ",
            no_wrap=True,
        )
        times = f" {'▾' if unfolded else '×'}{runs}" if runs > 1 or unfolded else ""
        name = Text(safe_line(entry.name))
        name.truncate(max(1, room - len(times)), overflow="ellipsis")
        line.append_text(name)
        line.append(times, style=muted)
        line.append(" " * (room - name.cell_len - len(times)))
        if with_kind:
            kind = "deleted" if entry.gone else kind_of(entry)
            line.append(f" {kind:<{_KIND_WIDTH}.{_KIND_WIDTH}}", style=muted)
        if with_resources:
            line.append(f" {used(run):>{_RESOURCES_WIDTH}.{_RESOURCES_WIDTH}}")
        line.append(f"{spent:>{_TIME_WIDTH}}", style=tone if run and run.live else muted)
        return line

    def _second(self, entry: Entry) -> Text:
        """The state in words: why it cannot be used, why it failed, or what it says now."""
        run = self._session.latest(entry.key)
        if error := fault_of(entry):
            line = "" if error.line is None else f"line {error.line}: "
            words = f"   {line}{safe_line(error.reason)}"
            return Text(words, style=self._tone(look_of_entry(entry, run).tone))
        assert run is not None
        look = look_of_run(run)
        tone = self._tone(look.tone)
        if run.live and run.ending_since is not None:
            return Text(f"   {ending(run, time.time())}", style=tone)
        if run.live:
            said = Text(self._said(run), style=self._tone("text--muted"))
            state = Text(look.word if run.paused else "", style=tone)
            return Text("   ") + Text(" · ").join([part for part in (state, said) if part])
        why = safe_line(reason(run.error_summary or ""))
        words = why.removeprefix(look.word)
        joint = " · " if words == why and words else ""
        return Text.assemble("   ", (look.word, tone), joint, words, no_wrap=True)

    def _of_run(self, key: str, number: int) -> Text:
        """One run of several: number, state, when it began, for how long, and its words."""
        run = self._session.numbered(key, number)
        self._session.look_at(run, row_only=True)
        look, now = look_of_run(run), time.time()
        digits = len(str(self._session.run_count(key)))
        muted = self._tone("text--muted")
        if run.live and run.ending_since is not None:
            words = ending(run, now)
        elif run.live or not run.error_summary:
            words = self._said(run)
        else:
            words = safe_line(reason(run.error_summary)).removeprefix(look.word).strip()
        return Text.assemble(
            (f"   {number:>{digits}} ", muted),
            (f"{look.glyph} {look.word:<{_WORD_WIDTH}}", self._tone(look.tone)),
            (f" {begun(run, now):>5} {time_of(run, now):>6}  ", muted),
            words,
            no_wrap=True,
        )

    def _said(self, run: RunState) -> str:
        """How far a run is, and what it wrote last."""
        progress = asked(run, time.time()) if run.live else ""
        return " · ".join(filter(None, (progress, self._last_words.of(run))))

    def _tone(self, name: str) -> Style:
        return tone_style(self._widget, name)

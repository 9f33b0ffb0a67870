# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all runs wrote, searched: a pattern above, the lines that match below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from er_tui.session.search_all import FoundLine, MoreLines, SearchAll
from er_tui.session.session import Session
from er_tui.text.pattern import Pattern, PatternError
from er_tui.text.safe import safe_line
from er_tui.tui.looks import size
from er_tui.tui.widgets.found_list import FoundList
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_DEBOUNCE_SECONDS = 0.15
_STEP_SECONDS = 0.008
"""Of work at a time: half a frame, so that keys are answered in between."""
_PAUSE_SECONDS = 0.01
_LOOK_SECONDS = 0.5
"""Between two looks at whether more was written."""


@dataclass(slots=True)
class Asked:
    """What was searched for the last time, to come back to."""

    text: str = ""
    regex: bool = False
    ignore_case: bool = True
    search: SearchAll | None = None
    cursor: int = 0
    written: tuple[int, int] = (0, 0)
    """How many runs there were when the search began, and how many bytes they had written."""


class SearchAllScreen(Screen[FoundLine | MoreLines]):
    """The line that was chosen; None when none was."""

    AUTO_FOCUS = "Input"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    SearchAllScreen { background: $background; }
    SearchAllScreen Input, SearchAllScreen Input:focus {
        height: 1; border: none; padding: 0 1; background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop_or_leave", show=False, priority=True),
        Binding("alt+r", "toggle_regex", show=False, priority=True),
        Binding("alt+c", "toggle_case", show=False, priority=True),
        Binding("ctrl+r", "again", show=False, priority=True),
        Binding("tab,shift+tab", "switch", show=False, priority=True),
        Binding("down", "to_list", show=False),
        Binding("slash,ctrl+f", "to_pattern", show=False),
        Binding("q", "dismiss(None)", show=False),
    ]

    def __init__(self, session: Session, asked: Asked) -> None:
        super().__init__()
        self._session = session
        self._asked = asked
        self._searched: tuple[str, bool, bool] = ("", asked.regex, asked.ignore_case)
        self._wrong: str | None = None
        self._stopped = False
        self._outdated = False
        """Whether runs have written more since the search began."""
        self._stood_at: FoundLine | MoreLines | None = None
        """Where the cursor goes once it is found again."""
        self._runs = len(session.runs)
        self._soon: Timer | None = None
        self._names: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield Input(
            self._asked.text,
            placeholder="text to look for in what all runs wrote",
            id="search-all",
            compact=True,
        )
        yield StatusLine(id="search-all-status")
        yield FoundList(self._name_of, id="found")
        yield StatusLine(id="search-all-keys")

    def on_mount(self) -> None:
        asked = self._asked
        if asked.search is not None:
            self._searched = (asked.text, asked.regex, asked.ignore_case)
            self._stopped = True
            self._list.show(asked.search.found, asked.search.pattern, asked.cursor)
            self._list.focus()
        keys = "enter shows the line where it was written · alt+r expression · alt+c case · "
        keys += "^r again · tab list or pattern · esc stops, then leaves"
        muted = tone_style(self, "text--muted")
        self.query_one("#search-all-keys", StatusLine).say(Text(keys, style=muted))
        self._show_facts()
        self.set_interval(_PAUSE_SECONDS, self._step)
        self.set_interval(_LOOK_SECONDS, self._look)

    def on_unmount(self) -> None:
        if self._asked.search is not None:
            self._asked.search.close()

    @property
    def _list(self) -> FoundList:
        return self.query_one(FoundList)

    def _name_of(self, run_id: str) -> str:
        if run_id not in self._names:
            session = self._session
            if run_id not in session.runs:
                return run_id  # removed meanwhile
            key = session.key_of(run_id)
            number = f" #{session.number_of(run_id)}" if session.run_count(key) > 1 else ""
            self._names[run_id] = safe_line(session.entries[key].name, limit=100) + number
        return self._names[run_id]

    # What the user does

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._asked.text = event.value
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(_DEBOUNCE_SECONDS, self._think)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._think()
        if self._wrong is None:
            self._list.focus()

    def on_found_list_chosen(self, event: FoundList.Chosen) -> None:
        self._asked.cursor = self._list.cursor
        self.dismiss(event.found)

    def action_toggle_regex(self) -> None:
        self._asked.regex = not self._asked.regex
        self._think()

    def action_toggle_case(self) -> None:
        self._asked.ignore_case = not self._asked.ignore_case
        self._think()

    def action_again(self) -> None:
        """Search for the same, in what was written since, too."""
        found, cursor = self._list.found, self._list.cursor
        self._stood_at = found[cursor] if cursor < len(found) else None
        self._begin()

    def action_switch(self) -> None:
        if self._list.has_focus:
            self.query_one(Input).focus()
        else:
            self._list.focus()

    def action_to_list(self) -> None:
        self._list.focus()

    def action_to_pattern(self) -> None:
        self.query_one(Input).focus()

    def action_stop_or_leave(self) -> None:
        search = self._asked.search
        if search is not None and search.busy:
            search.close()
            self._stopped = True
            self._show_facts()
        else:
            self._asked.cursor = self._list.cursor
            self.dismiss(None)

    # The search

    def _think(self) -> None:
        """Search for what is typed now, unless that is what is searched for already."""
        if self._soon is not None:
            self._soon.stop()
            self._soon = None
        asked = self._asked
        wanted = (asked.text, asked.regex, asked.ignore_case)
        if wanted != self._searched:
            self._searched, self._wrong, self._stood_at = wanted, None, None
            self._begin()

    def _begin(self) -> None:
        asked = self._asked
        self._stopped = self._outdated = False
        if asked.search is not None:
            asked.search.close()
            asked.search = None
        if asked.text:
            try:
                pattern = Pattern(asked.text, asked.regex, asked.ignore_case)
                # The newest are what one is after.
                runs = reversed(list(self._session.runs.values()))
                asked.search = SearchAll(pattern, runs)
                asked.written = self._written
            except PatternError as error:
                self._wrong = str(error)
        self._runs = len(self._session.runs)
        search = asked.search
        self._list.show(search.found if search else [], search.pattern if search else None)
        self._show_facts()

    def _step(self) -> None:
        search = self._asked.search
        if search is None or not search.busy:
            return
        before = search.runs_begun
        if search.step(_STEP_SECONDS):
            self._list.grown()
            if self._stood_at is not None and self._stood_at in search.found:
                self._list.put_cursor(search.found.index(self._stood_at))
                self._stood_at = None
            self._show_facts()
        elif search.runs_begun != before:
            self._show_facts()

    @property
    def _written(self) -> tuple[int, int]:
        runs = self._session.runs.values()
        return len(runs), sum(run.stdout_bytes + run.stderr_bytes for run in runs)

    def _look(self) -> None:
        search = self._asked.search
        if search is not None and not search.busy and not self._outdated:
            self._outdated = self._written != self._asked.written
            if self._outdated:
                self._show_facts()

    def _show_facts(self) -> None:
        muted, accent = tone_style(self, "text--muted"), tone_style(self, "text--accent")
        asked, search = self._asked, self._asked.search
        parts = [
            Text("regular expression" if asked.regex else "plain text", style=accent),
            Text("any case" if asked.ignore_case else "exact case", style=accent),
        ]
        if self._wrong is not None:
            parts.append(Text(safe_line(self._wrong), style=tone_style(self, "bad")))
        elif search is None:
            parts.append(Text(f"{self._runs:,} runs", style=muted))
        else:
            parts += [Text(words, style=muted) for words in self._told(search)]
            if self._outdated:
                parts.append(Text("more was written since: ^r searches again", style=accent))
            if search.failure is not None:
                parts.append(Text(safe_line(search.failure), style=tone_style(self, "bad")))
        self.query_one("#search-all-status", StatusLine).say(Text(" · ", style=muted).join(parts))

    def _told(self, search: SearchAll) -> list[str]:
        lines = "line matches" if search.count == 1 else "lines match"
        runs = "run" if len(search.counts) == 1 else "runs"
        words = [f"{search.count:,} {lines} in {len(search.counts):,} {runs}"]
        if search.busy:
            words.append(f"searching run {search.runs_begun:,} of {self._runs:,}")
        else:
            words.append("stopped" if self._stopped else f"{size(search.bytes_asked)} searched")
        if search.unreadable:
            words.append(f"{search.unreadable:,} captures cannot be read")
        return words

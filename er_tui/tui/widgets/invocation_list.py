# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of invocations: state, time and last words of each, only the visible ones drawn."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from er_tui.session.library import Entry
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line
from er_tui.tui.last_words import LastWords
from er_tui.tui.looks import fault_of, look_of_entry, time_of
from er_tui.tui.rows import Rows
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, foreground, tone_style

_KIND_WIDTH = 10
_TIME_WIDTH = 8


class InvocationList(ScrollView, can_focus=True):
    """Lists the entries of a session. The cursor stays on its entry while the list changes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {"list--cursor", "list--mark"}
    DEFAULT_CSS = """
    InvocationList > .list--cursor { background: $foreground 8%; }
    InvocationList:focus > .list--cursor { background: $primary 22%; }
    InvocationList > .list--mark { color: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "first", show=False),
        Binding("end,G", "last", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Highlighted(Message):
        """The cursor is on another entry, or on none."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

    class Chosen(Message):
        """Enter or a second click: the user wants to look inside."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self.rows = Rows(session)
        self._last_words = LastWords()
        self.cursor: str | None = None
        self.marked: set[str] = set()

    # What the screen tells the list

    def entries_changed(self) -> None:
        """Entries came or went."""
        before = self.rows.position(self.cursor)
        self.rows.rebuild()
        self.marked &= self._session.entries.keys()
        self._settle(before or 0)

    def states_changed(self, keys: frozenset[str]) -> None:
        """Runs of these entries changed: redraw what is visible of them."""
        before = self.rows.position(self.cursor)
        if self.rows.update(keys):
            self._settle(before or 0)
        else:
            self._redraw(keys)

    def clock_ticked(self) -> None:
        """Redraw the running times in view."""
        visible = self._visible_keys()
        self._redraw({key for key in visible if (r := self._session.latest(key)) and r.live})

    def filter(self, text: str) -> None:
        before = self.rows.position(self.cursor)
        self.rows.filter(text)
        self._settle(before or 0)

    def toggle_mark(self) -> None:
        """Mark or unmark the entry under the cursor, and go on to the next."""
        if self.cursor is not None:
            self.marked ^= {self.cursor}
            self.refresh()
            self.action_move(1)

    def put_cursor(self, key: str | None) -> None:
        """Move the cursor to an entry and keep it in view."""
        if key != self.cursor:
            changed = {k for k in (self.cursor, key) if k is not None}
            self.cursor = key
            self._redraw(changed)
            self.post_message(self.Highlighted(key))
        self._show_cursor()

    # Keys and mouse

    def action_move(self, by: int) -> None:
        index = self.rows.position(self.cursor)
        self._put_index(0 if index is None else index + by)

    def action_page(self, direction: int) -> None:
        index = self.rows.position(self.cursor) or 0
        line = self.rows.top(index) + direction * max(1, self.size.height - 1)
        target = self.rows.at(min(max(0, line), self.rows.height - 1))
        if target is not None:
            self._put_index(target[0])

    def action_first(self) -> None:
        self._put_index(0)

    def action_last(self) -> None:
        self._put_index(len(self.rows.keys) - 1)

    def action_choose(self) -> None:
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        target = self.rows.at(self.scroll_offset.y + event.y)
        if target is None:
            return
        key = self.rows.keys[target[0]]
        if event.chain == 2 and key == self.cursor:
            self.post_message(self.Chosen())
        self.put_cursor(key)

    def on_resize(self, _event: events.Resize) -> None:
        self._layout()
        self._show_cursor()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        target = self.rows.at(self.scroll_offset.y + y)
        if target is None:
            return self._empty_line(y, width)
        index, sub_line = target
        key = self.rows.keys[index]
        entry, run = self._session.entries[key], self._session.latest(key)
        text = self._first(entry, run, width) if sub_line == 0 else self._second(entry, run)
        text.truncate(width, overflow="ellipsis")
        base = self.rich_style
        if key == self.cursor:
            base += Style(bgcolor=self.get_component_rich_style("list--cursor").bgcolor)
        return strip_of(text, width, self, base)

    def _empty_line(self, y: int, width: int) -> Strip:
        if self.rows.keys or y != 1:
            return Strip.blank(width, self.rich_style)
        filtered = self.rows.filtered
        words = "Nothing matches. esc clears." if filtered else "No invocation files here."
        return strip_of(Text(f"   {words}", style=tone_style(self, "text--muted")), width, self)

    def _first(self, entry: Entry, run: RunState | None, width: int) -> Text:
        look = look_of_entry(entry, run)
        tone = tone_style(self, look.tone)
        muted = tone_style(self, "text--muted")
        marked = entry.key in self.marked
        kind = "deleted" if entry.gone else _kind_of(entry)
        spent = time_of(run, time.time()) if run is not None and not fault_of(entry) else ""
        room = width - 4 - _TIME_WIDTH
        with_kind = room >= 12 + _KIND_WIDTH
        name = Text(safe_line(entry.name))
        name.truncate(room - (_KIND_WIDTH + 1 if with_kind else 0), overflow="ellipsis", pad=True)
        line = Text.assemble(
            ("▌" if marked else " ", foreground(self, "list--mark")),
            (look.glyph, tone),
            " ",
            name,
            no_wrap=True,
        )
        if with_kind:
            line.append(f" {kind:<{_KIND_WIDTH}.{_KIND_WIDTH}}", style=muted)
        line.append(f"{spent:>{_TIME_WIDTH}}", style=tone if run and run.live else muted)
        return line

    def _second(self, entry: Entry, run: RunState | None) -> Text:
        """The state in words: why it cannot be used, why it failed, or what it says now."""
        look = look_of_entry(entry, run)
        tone = tone_style(self, look.tone)
        if error := fault_of(entry):
            line = "" if error.line is None else f"line {error.line}: "
            return Text(f"   {line}{safe_line(error.reason)}", style=tone)
        assert run is not None
        if run.live and run.ending_since is not None:
            return Text(f"   {_countdown(run, time.time())}", style=tone)
        if run.live:
            words = " · ".join(filter(None, (_asked(run, time.time()), self._last_words.of(run))))
            return Text(f"   {words}", style=tone_style(self, "text--muted"))
        reason = _reason(run.error_summary or "")
        words = safe_line(reason).removeprefix(look.word)
        joint = " · " if words == safe_line(reason) and words else ""
        return Text.assemble("   ", (look.word, tone), joint, words, no_wrap=True)

    # Layout

    def _put_index(self, index: int) -> None:
        keys = self.rows.keys
        self.put_cursor(keys[min(max(0, index), len(keys) - 1)] if keys else None)

    def _settle(self, index: int) -> None:
        """After a change: keep the cursor on its entry, else on what took its place."""
        self._layout()
        if self.rows.position(self.cursor) is None:
            self._put_index(index)
        else:
            self._show_cursor()
        self.refresh()

    def _layout(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, self.rows.height)

    def _show_cursor(self) -> None:
        index = self.rows.position(self.cursor)
        if index is not None:
            top, bottom = self.rows.top(index), self.rows.bottom(index)
            self.scroll_to_region(
                Region(0, top, 1, bottom - top), animate=False, force=True, x_axis=False
            )

    def _visible_keys(self) -> list[str]:
        first = self.rows.at(self.scroll_offset.y)
        if first is None:
            return []
        last = self.rows.at(
            min(self.rows.height, self.scroll_offset.y + max(1, self.size.height)) - 1
        )
        return self.rows.keys[first[0] : (last[0] if last else first[0]) + 1]

    def _redraw(self, keys: frozenset[str] | set[str]) -> None:
        for key in self._visible_keys():
            index = self.rows.position(key)
            if key in keys and index is not None:
                top = self.rows.top(index) - self.scroll_offset.y
                height = self.rows.bottom(index) - self.rows.top(index)
                self.refresh(Region(0, top, self.size.width, height))


def _kind_of(entry: Entry) -> str:
    return "" if entry.invocation is None else entry.invocation.runtime_kind


def _reason(summary: str) -> str:
    """The line of a summary that says most: of a process its last words, else the first."""
    first, _, rest = summary.strip().partition("\n")
    of_process = first.startswith(("exited with", "ended by signal"))
    return (rest.rpartition("\n")[2] if of_process else "") or first


def _asked(run: RunState, now: float) -> str:
    """How far an HTTP run is; empty for any other."""
    if not run.attempts:
        return ""
    where = f"poll {run.polls}" if run.polls else "asking"
    words = f"{safe_line(run.backend_status)}, {where}" if run.backend_status else where
    if run.next_poll_at is None:
        return words
    return f"{words}, next in {max(0.0, run.next_poll_at - now):.1f}s"


def _countdown(run: RunState, now: float) -> str:
    if run.kill_at is None:
        return "ending: SIGKILL sent"
    return f"ending: SIGTERM sent, SIGKILL in {max(0.0, run.kill_at - now):.0f}s"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON document of any length: highlighted, foldable, only what is in view read and drawn."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from er_tui.session.json_document import JsonDocument
from er_tui.session.matches import knows_next, next_match
from er_tui.text.json_folds import Folding
from er_tui.text.line_index import Line
from er_tui.text.pattern import Pattern
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.json_text import json_text
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES

_STEP_SECONDS: Final = 0.008
"""Of work at a time: half a frame, so that keys are answered in between."""
_PAUSE_SECONDS: Final = 0.03
"""Between looks at what was laid out meanwhile."""
_GUTTER: Final = 2


class JsonView(DrawnLines, can_focus=True):
    """Shows a :class:`JsonDocument`; the line with the cursor can be folded and opened."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {
        "json--cursor",
        "json--match",
        "json--current",
    }
    DEFAULT_CSS = """
    JsonView > .json--cursor { background: $foreground 8%; }
    JsonView:focus > .json--cursor { background: $primary 22%; }
    JsonView > .json--match { color: $foreground; background: $warning 40%; }
    JsonView > .json--current { color: $background; background: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("left,h", "sideways(-8)", show=False),
        Binding("right,l", "sideways(8)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("g,home", "first", show=False),
        Binding("G,end", "last", show=False),
        Binding("enter,space", "fold", show=False),
    ]

    class Changed(Message):
        """The cursor is on another line, or there is more of the document, or no more to come."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.document: JsonDocument | None = None
        self.cursor = 0
        """The line that is acted on; always one that is shown."""
        self.match: int | None = None
        """The line of the match that is looked at."""
        self._awaited: tuple[int, int] | None = None
        """From which line on, and in which direction, a match is waited for."""
        self._widest = 0
        self._timer: Timer | None = None
        self._window: tuple[tuple[int, ...], list[tuple[int, Line]]] | None = None

    def show(self, document: JsonDocument | None) -> None:
        """Show another document from now on; the one before is closed."""
        if self.document is not None:
            self.document.close()
        self.document = document
        self.cursor = self._widest = 0
        self.match = self._awaited = None
        self._window = None
        self.virtual_size = Size(0, 0)
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()
        if document is not None:
            self._step()

    def on_unmount(self) -> None:
        self.show(None)

    def fold_all(self) -> None:
        """All but the outermost container; the cursor stays, or goes to what hides it."""
        if self.document is not None and self.document.line_count:
            top = self.document.folds.line_at(self.scroll_offset.y)
            self.document.folds.fold_all()
            self._show_anew(top)
            self._step()

    def open_all(self) -> None:
        if self.document is not None:
            top = self.document.folds.line_at(self.scroll_offset.y)
            self.document.folds.open_all()
            self._show_anew(top)

    # Searching

    def find(self, pattern: Pattern | None) -> None:
        """Mark what matches from now on; nothing with None."""
        self.match = self._awaited = None
        if self.document is not None:
            self.document.find(pattern)
            self._window = None
            self.refresh()
            self._step()

    def await_match(self, line: int, direction: int) -> None:
        """Go to the next match behind (1) or ahead of (-1) ``line`` once it is known, unless the
        user moves before."""
        self._awaited = line, direction
        self._step()

    def go_to(self, line: int) -> None:
        """Bring a line into view, out of whatever is folded over it."""
        assert self.document is not None
        folds = self.document.folds
        top = folds.line_at(self.scroll_offset.y)
        if folds.reveal(line):
            self._show_anew(top)
        self._put(folds.row_of(line))
        self._step()

    def stand(self, cursor: int, folding: Folding) -> None:
        """Be there again, with the same folded."""
        if self.document is not None:
            top = self.document.folds.line_at(self.scroll_offset.y)
            self.document.folds.folding = folding
            self._show_anew(top)
            self._put(self.document.folds.row_of(cursor))
            self._step()

    def _look_for_awaited(self) -> None:
        document = self.document
        if self._awaited is None or document is None or document.search is None:
            return
        line, direction = self._awaited
        if document.is_searched or knows_next(document.search, line, direction):
            self._awaited = None
            found = next_match(document.search, line, direction)
            if found is not None and found < document.line_count:
                self.match = found
                self.go_to(found)
                self.refresh()

    def _step(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        document = self.document
        if document is None:
            return
        folds = document.folds
        before = (folds.line_count, folds.row_count, document.done)
        top = folds.line_at(self.scroll_offset.y)
        found = None if document.search is None else document.search.searched
        more = document.advance(_STEP_SECONDS)
        if (folds.line_count, folds.row_count, document.done) != before or folds.busy:
            self._show_anew(top)
        if document.search is not None and document.search.searched != found:
            self.post_message(self.Changed())
        if not document.is_searched or more:
            self._timer = self.set_timer(0.001 if more else _PAUSE_SECONDS, self._step)
        self._look_for_awaited()

    def _show_anew(self, top: int | None) -> None:
        """Other rows than before, with the same line at the top as far as there is one."""
        assert self.document is not None
        folds = self.document.folds
        self._window = None
        self.virtual_size = Size(self._widest + _GUTTER, folds.row_count)
        self.cursor = folds.line_at(folds.row_of(self.cursor)) or 0
        if top is not None:
            self.scroll_to(y=folds.row_of(top), animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Changed())

    # Keys and mouse

    def action_move(self, by: int) -> None:
        self._awaited = None
        if self.document is not None:
            self._put(self.document.folds.row_of(self.cursor) + by)

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._put(0)

    def action_last(self) -> None:
        if self.document is not None:
            self._put(self.document.folds.row_count - 1)

    def action_sideways(self, by: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + by, animate=False, force=True)

    def action_fold(self) -> None:
        document = self.document
        if document is None or not document.line_count:
            return
        folds, line = document.folds, self.cursor
        if folds.closes(line):
            line = folds.parent(line) or 0
        if folds.opens(line):
            top = folds.line_at(self.scroll_offset.y)
            folds.toggle(line)
            self._show_anew(top)
            self._put(folds.row_of(line))
            self._step()

    def on_click(self, event: events.Click) -> None:
        document = self.document
        row = self.scroll_offset.y + event.y
        if document is not None and row < document.folds.row_count:
            self._put(row)
            if document.folds.opens(self.cursor):
                self.action_fold()

    def _put(self, row: int) -> None:
        if self.document is None:
            return
        folds = self.document.folds
        row = min(max(0, row), folds.row_count - 1)
        line = folds.line_at(row)
        if line is None:
            return
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if not top <= row < top + height:
            place = row if row < top else row - height + 1
            self.scroll_to(y=place, animate=False, force=True, immediate=True)
        if line != self.cursor:
            self.cursor = line
            self.refresh()
            self.post_message(self.Changed())

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        found = self._in_view(y)
        if found is None:
            return self.blank(width)
        number, line = found
        base = self.base_style
        if number == self.cursor:
            base += Style(bgcolor=self.get_component_rich_style("json--cursor").bgcolor)
        text = self._line(number, line)
        columns = text.cell_len
        if columns > self._widest:
            self._widest = columns
            self.call_after_refresh(self._widen)
        x = self.scroll_offset.x
        strip = strip_of(text, max(columns, x + width), self, base)
        return strip.crop_extend(x, x + width, base)

    def _widen(self) -> None:
        self.virtual_size = Size(self._widest + _GUTTER, self.virtual_size.height)

    def _in_view(self, y: int) -> tuple[int, Line] | None:
        """Read for the whole window at once: its lines mostly stand together in the file."""
        document = self.document
        if document is None:
            return None
        folds = document.folds
        place = (self.scroll_offset.y, self.size.height)
        if self._window is None or self._window[0] != place:
            rows = range(place[0], place[0] + place[1])
            numbers = [n for row in rows if (n := folds.line_at(row)) is not None]
            lines: list[tuple[int, Line]] = []
            while len(lines) < len(numbers):
                start = len(lines)
                stop = start + 1
                while stop < len(numbers) and numbers[stop] == numbers[stop - 1] + 1:
                    stop += 1
                read = document.lines(numbers[start], stop - start)
                lines += zip(numbers[start:stop], read, strict=False)
                if len(lines) < stop:
                    break  # the folder was removed under our eyes
            self._window = (place, lines)
        window = self._window[1]
        return window[y] if y < len(window) else None

    def _line(self, number: int, line: Line) -> Text:
        assert self.document is not None
        folds, search = self.document.folds, self.document.search
        return json_text(
            self,
            line,
            opens=folds.opens(number),
            hidden=self._hidden(number) if folds.is_folded(number) else None,
            pattern=None if search is None else search.pattern,
            mark="json--current" if number == self.match else "json--match",
        )

    def _hidden(self, number: int) -> str:
        assert self.document is not None
        end = self.document.folds.closing(number)
        return "…" if end is None else f"{end - number:,} lines"

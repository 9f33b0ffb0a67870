# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of invocations: state, time and last words of each, only the visible ones drawn."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from er_tui.session.session import Session
from er_tui.tui.marks import Marks
from er_tui.tui.orders import AS_FOUND, Order
from er_tui.tui.row_painter import RowPainter
from er_tui.tui.rows import Rows
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style


class InvocationList(DrawnLines, can_focus=True):
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

    class Chosen(Message):
        """Enter or a second click: the user wants to look inside."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self.rows = Rows(session)
        self.marks = Marks(self.rows)
        self._painter = RowPainter(session, self)
        self.highlighted: Callable[[], None] = lambda: None
        """Called when the cursor is on another entry or run, or on none. No message: that would
        come a frame later, and with it all that is shown of the entry.
        """
        self.cursor: str | None = None
        self.cursor_run: str | None = None
        """The id of the unfolded run that the cursor is on; None if it is on the entry."""

    @property
    def marked(self) -> set[str]:
        return self.marks.keys

    @property
    def show_resources(self) -> bool:
        """Whether rows tell what live runs use, where there is room."""
        return self._painter.show_resources

    @show_resources.setter
    def show_resources(self, show: bool) -> None:
        self._painter.show_resources = show
        self._redraw_all()

    # What the screen tells the list

    def changed(self, keys: Iterable[str]) -> None:
        """These entries came (in this order) or went, or they or their runs changed."""
        changed = dict.fromkeys(keys)
        before, line = self.rows.position(self.cursor) or 0, self._line_of_cursor()
        for key in changed.keys() - self._session.entries.keys():
            self.marks.forget(key)
        if self.cursor_run is not None and not self._session.belongs(self.cursor_run, self.cursor):
            self.cursor_run = None  # removed: the cursor goes to its entry
        moved = self.rows.update(changed)
        if self.rows.settle() or moved:
            self._rearranged(before, line)
        else:
            self._redraw(changed.keys())

    def clock_ticked(self) -> None:
        """Put in order what waits for that, and redraw the running times in view."""
        before, line = self.rows.position(self.cursor) or 0, self._line_of_cursor()
        if self.rows.settle():
            self._rearranged(before, line)
        elif self._session.live_count:
            visible = (self.rows.keys[index] for index in self._visible())
            self._redraw({key for key in visible if (r := self._session.latest(key)) and r.live})

    def filter(self, text: str) -> None:
        before, line = self.rows.position(self.cursor) or 0, self._line_of_cursor()
        self.rows.filter(text)
        self._rearranged(before, line)

    def sort(self, order: Order) -> None:
        self.rows.sort(order)
        self._rearranged(0, None)

    @property
    def title(self) -> str:
        """What is listed, and how if not as it was found."""
        order = self.rows.order
        return "Invocations" if order is AS_FOUND else f"Invocations · by {order.name}"

    @property
    def summary(self) -> str:
        """How much of it is listed and marked; empty where all is plain."""
        shown, marked, hidden = len(self.rows.keys), len(self.marked), self.marks.hidden
        parts = [f"{shown} of {len(self._session.entries)}"] if self.rows.filtered else []
        parts += [f"{marked} marked" + (f", {hidden} not listed" if hidden else "")] * bool(marked)
        return " · ".join(parts)

    def put_cursor(self, key: str | None, run_id: str | None = None) -> None:
        """Move the cursor to an entry, or to an unfolded run of it, and keep it in view."""
        if (key, run_id) != (self.cursor, self.cursor_run):
            changed = {k for k in (self.cursor, key) if k is not None}
            self.cursor, self.cursor_run = key, run_id
            self._redraw(changed)
            self.highlighted()
        self._show_cursor()

    # Marks

    def toggle_mark(self) -> None:
        """Mark or unmark the entry under the cursor, and go on to the next."""
        index = self.rows.position(self.cursor)
        if self.cursor is not None and index is not None:
            self.marks.toggle(self.cursor)
            self._redraw({self.cursor})
            self._put_index(index + 1)

    def toggle_marks(self) -> None:
        """Mark all that is listed, or none of it."""
        self.marks.toggle_listed()
        self._redraw_all()

    def stretch_marks(self, by: int) -> None:
        """Mark the entry under the cursor and the one beside it, which the cursor goes to."""
        index = self.rows.position(self.cursor)
        if self.cursor is None or index is None or not 0 <= index + by < len(self.rows.keys):
            return
        self.marks.stretch(self.cursor, self.rows.keys[index + by])
        self._redraw({self.cursor})
        self._put_index(index + by)

    # Runs

    def can_unfold(self, unfold: bool) -> bool:
        """Whether the entry under the cursor has several runs to list, or lists them."""
        key = self.cursor
        if key is None or not self.rows.lists(key) or self.rows.unfolded(key) is unfold:
            return False
        return not unfold or self._session.run_count(key) > 1

    def unfold(self, unfold: bool) -> None:
        """List the runs of the entry under the cursor, or no longer."""
        assert self.cursor is not None
        line = self._line_of_cursor()
        self.rows.unfold(self.cursor, unfold)
        if not unfold:
            self.put_cursor(self.cursor)
        self._rearranged(0, line)
        if unfold:
            # The runs are what was asked for: in view, as far as there is room.
            block = self.rows.block(self.rows.position(self.cursor) or 0)
            self._show(range(block.start, min(block.stop, block.start + self.size.height)))

    # Keys and mouse

    def action_move(self, by: int) -> None:
        lines = self._lines_of_cursor()
        if lines is None:
            self._put_index(0)
        else:
            self._put_line(lines.stop if by > 0 else lines.start - 1)

    def action_page(self, direction: int) -> None:
        lines = self._lines_of_cursor() or range(1)
        self._put_line(lines.start + direction * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._put_index(0)

    def action_last(self) -> None:
        self._put_line(self.rows.height)

    def action_choose(self) -> None:
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        line = self.scroll_offset.y + event.y
        if self.rows.at(line) is None:
            return
        before = self.cursor, self.cursor_run
        self._put_line(line)
        if event.chain == 2 and before == (self.cursor, self.cursor_run):
            self.post_message(self.Chosen())

    def on_resize(self, _event: events.Resize) -> None:
        self._painter.forget_all()
        self._layout()
        self._show_cursor()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        target = self.rows.at(self.scroll_offset.y + y)
        if target is None:
            return self._empty_line(y, width)
        index, number, sub_line = target
        key = self.rows.keys[index]
        run_id = self._session.numbered(key, number).run_id if number else None
        return self._painter.line(
            (key, number, sub_line),
            width,
            cursor=(key, run_id) == (self.cursor, self.cursor_run),
            marked=key in self.marked,
            unfolded=self.rows.unfolded(key),
        )

    def _empty_line(self, y: int, width: int) -> Strip:
        if self.rows.keys or y != 1:
            return self.blank(width)
        filtered = self.rows.filtered
        words = "Nothing matches. esc clears." if filtered else "No invocation files here."
        return strip_of(Text(f"   {words}", style=tone_style(self, "text--muted")), width, self)

    # Layout

    def _put_index(self, index: int) -> None:
        keys = self.rows.keys
        self.put_cursor(keys[min(max(0, index), len(keys) - 1)] if keys else None)

    def _put_line(self, line: int) -> None:
        """Put the cursor on what stands in a line, or in the one nearest to it."""
        target = self.rows.at(min(max(0, line), self.rows.height - 1))
        if target is not None:
            index, number, _ = target
            key = self.rows.keys[index]
            self.put_cursor(key, self._session.numbered(key, number).run_id if number else None)

    def _lines_of_cursor(self) -> range | None:
        index = self.rows.position(self.cursor)
        if index is None:
            return None
        run_id = self.cursor_run
        if run_id is None or not self._session.belongs(run_id, self.cursor):
            return self.rows.span(index)
        return self.rows.span(index, self._session.number_of(run_id))

    def _line_of_cursor(self) -> int | None:
        """Where in the window the cursor is; None if it is out of view."""
        lines = self._lines_of_cursor()
        line = -1 if lines is None else lines.start - self.scroll_offset.y
        return line if 0 <= line < self.size.height else None

    def _rearranged(self, index: int, line: int | None) -> None:
        """Rows moved. The cursor stays on its entry, else it goes to what took its place; in the
        window it stays in its line, unless that shows the top of the list.
        """
        self._layout()
        lines = self._lines_of_cursor()
        if lines is None:
            self._put_index(index)
        else:
            if line is not None and self.scroll_offset.y:
                self.scroll_to(y=max(0, lines.start - line), animate=False, force=True)
            self._show(lines)
        self._redraw_all()

    def _layout(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, self.rows.height)

    def _show_cursor(self) -> None:
        lines = self._lines_of_cursor()
        if lines is not None:
            self._show(lines)

    def _show(self, lines: range) -> None:
        region = Region(0, lines.start, 1, len(lines))
        self.scroll_to_region(region, animate=False, force=True, x_axis=False)

    def _visible(self) -> range:
        """The positions of the entries in the window."""
        top = self.scroll_offset.y
        first = self.rows.at(top)
        last = self.rows.at(min(self.rows.height, top + max(1, self.size.height)) - 1)
        return range(first[0], last[0] + 1) if first and last else range(0)

    def notify_style_update(self) -> None:
        """Focus, theme or classes changed: nothing looks as it was drawn."""
        super().notify_style_update()
        self._painter.forget_all()

    def _redraw_all(self) -> None:
        self._painter.forget_all()
        self.refresh()

    def _redraw(self, keys: Container[str]) -> None:
        """Draw these anew where they are in view; what is kept of the others is not of now."""
        self._painter.forget(keys)
        top = self.scroll_offset.y
        for index in self._visible():
            if self.rows.keys[index] in keys:
                block = self.rows.block(index)
                start, stop = max(0, block.start - top), min(self.size.height, block.stop - top)
                self.refresh(Region(0, start, self.size.width, stop - start))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A window on a log: what of it is in view, and how that moves as the log grows."""

from __future__ import annotations

import time

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scrollbar import ScrollTo
from textual.widget import Widget

from er_tui.session.log import Log, Reader
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.log_lines import LineDrawer
from er_tui.tui.widgets.log_window import LogWindow, Place

_STEP_SECONDS = 0.005
"""Of reading at a time: a third of a frame, so that keys are answered in between."""
_SOON = 0.001
_ANSWER_SECONDS = 0.02
"""Until a search is asked again what it has found."""
_LOOK_SECONDS = 0.1
"""Between two looks at a log that grows: nobody reads faster, and each is a window full of text
that the terminal has to take before it is told of a key."""
GUTTER = 2


class LogScroll(DrawnLines, can_focus=True):
    """Follows a :class:`Log` as it is read, searched and filtered; draws nothing itself.

    ``follow`` is a state of its own: it keeps the end in view until the user moves, and comes back
    when asked.
    """

    ALLOW_SELECT = False

    class Changed(Message, namespace="output_view"):
        """There is something else to say of what is shown."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogScroll.Changed)

    class Resized(Message, namespace="output_view"):
        """There is room for so many characters now."""

        def __init__(self, columns: int, rows: int) -> None:
            super().__init__()
            self.columns, self.rows = columns, rows

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown: Log | None = None
        self.drawer = LineDrawer(self)
        self.window = LogWindow(self.drawer)
        self._live = False
        self._busy = False
        self._follow = True
        self._part = 0
        """Of the line at the top, where lines are wrapped."""
        self._widest = 0
        self._seen: tuple[int, int, int, str | None] | None = None
        """What there was when the view was last drawn: rows, which index, its bytes, damage."""
        self._looked_at = 0.0
        """When the view was last drawn because the log had grown; monotonic."""
        self._told: tuple[object, float] = (None, 0.0)
        self._anchor: tuple[int, int] | None = None
        """A line and where in the window it stays while another filter takes hold."""

    @property
    def follow(self) -> bool:
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        self._anchor = None
        if follow != self._follow:
            self._follow = follow
            self.post_message(self.Changed())
            self.refresh()
        if follow:
            self.go_to(self.window.last())

    @property
    def line_count(self) -> int:
        return 0 if self.shown is None else self.shown.line_count

    @property
    def row_count(self) -> int:
        return 0 if self.shown is None else self.shown.row_count

    @property
    def damage(self) -> str | None:
        """What happened to a file under our eyes, as a sentence."""
        return None if self.shown is None else self.shown.reader.damage

    @property
    def top(self) -> Place:
        """What stands in the first line of the window."""
        return Place(self.scroll_offset.y, self._part)

    @property
    def gutter_width(self) -> int:
        """Columns before the text of each line."""
        return GUTTER

    def show(self, reader: Reader | None, *, live: bool, follow: bool) -> None:
        """Show another log from now on; the one before is closed."""
        self._follow = follow
        if self.shown is None and reader is None:
            return
        if self.shown is not None:
            self.shown.close()
        self.shown = self.window.log = None if reader is None else Log(reader)
        self.drawer.pattern = None
        self.window.forget()
        self._seen, self._anchor, self._widest, self._part = None, None, 0, 0
        self._looked_at = 0.0
        self.resize_content()
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()
        self.advance(live=live)

    def advance(self, *, live: bool) -> None:
        """The log has grown, or ended: take a step, and the next ones if there is more."""
        self._live = live
        if self.shown is not None and not self._busy:
            self._step()

    def on_unmount(self) -> None:
        if self.shown is not None:
            self.shown.close()
            self.shown = self.window.log = None

    def keep_place(self, line: int) -> None:
        """Until all is searched or the user moves, ``line`` stays where it is in the window."""
        ys = [y for y, shown in enumerate(self.window.lines(self.top)) if shown.number == line]
        self._anchor = line, ys[0] if ys else self.window.height // 2

    def log_changed(self) -> None:
        """Other rows are shown of the log, or in another way."""
        self.window.forget()
        self.resize_content()
        if self._follow:
            self.go_to(self.window.last())
        elif self._anchor is not None and self.shown is not None:
            line, y = self._anchor
            self.go_to(self.window.moved(Place(self.shown.row_of(line), 0), -y))
        else:
            self.go_to(self.top)
        self.refresh()

    def stepped(self) -> None:
        """A step was taken; for whoever waits for something."""

    def _step(self) -> None:
        self._busy = False
        log = self.shown
        if log is None:
            return
        more = log.advance(live=self._live, seconds=_STEP_SECONDS)
        log.reader.index.check()
        wait = self._look()
        self.stepped()
        if not more:
            self._anchor = None
        self._tell(more)
        if more:
            wait = _SOON if log.reading else _ANSWER_SECONDS
        if wait and not self._busy:
            self._busy = True
            self.set_timer(wait, self._step)

    def _look(self) -> float:
        """Draw what has changed, if it is time to; else the seconds until it is."""
        log = self.shown
        assert log is not None
        index = log.reader.index
        seen = log.row_count, id(index), index.size, log.reader.damage
        if seen == self._seen:
            return 0.0
        now = time.monotonic()
        if now < self._looked_at + _LOOK_SECONDS:
            return self._looked_at + _LOOK_SECONDS - now
        rows = 0 if self._seen is None else self._seen[0]
        self._seen, self._looked_at = seen, now
        self.window.forget()
        # Lines in view may have grown without becoming more.
        if self._follow or self._anchor or rows <= self.top.row + self.window.height:
            self.log_changed()
        else:
            self.resize_content()
        return 0.0

    def _tell(self, more: bool) -> None:
        assert self.shown is not None
        search = self.shown.search
        found = None if search is None else (len(search.matches), search.searched, search.failure)
        facts = self._seen, found, more
        if facts != self._told[0] and (
            not more or time.monotonic() > self._told[1] + _LOOK_SECONDS
        ):
            self._told = facts, time.monotonic()
            self.post_message(self.Changed())

    # Moving

    def go_to(self, top: Place) -> None:
        """Bring this line to the top, as far as there is enough below it."""
        top = self.window.bounded(top)
        if top.part != self._part:
            self._part = top.part
            self.refresh()
        self.scroll_to(y=top.row, animate=False, force=True, immediate=True)

    def scroll_lines(self, by: int) -> None:
        """So many lines of the window down, or up."""
        if by < 0:
            self.follow = False
        self._anchor = None
        self.go_to(self.window.moved(self.top, by))

    def resize_content(self) -> None:
        """There are other rows, or wider ones: what can be scrolled has another size."""
        room = self.scrollable_content_region
        self.window.width, self.window.height = room.width - self.gutter_width, room.height
        if self.window.wrap:
            size = Size(0, self.window.last().row + self.window.height)
            size = size if self.row_count else Size(0, 0)
        else:
            size = Size(self._widest + self.gutter_width, self.row_count)
        if size != self.virtual_size:
            # Without laying out the whole screen: that is done where a scrollbar comes or goes.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def fit_room(self) -> None:
        """Notice, while drawing, that a scrollbar came or went, or that there are more digits."""
        room = self.scrollable_content_region
        if (self.window.width, self.window.height) != (room.width - self.gutter_width, room.height):
            self.window.width, self.window.height = room.width - self.gutter_width, room.height
            self.call_later(self.log_changed)

    def seen_width(self, columns: int) -> None:
        """A line of so many columns was drawn."""
        if columns > self._widest:
            if not self.window.wrap:
                self.call_after_refresh(self.resize_content)
            self._widest = columns

    def on_scroll_to(self, message: ScrollTo) -> None:
        """The scrollbar is dragged."""
        if message.y is not None:
            self.follow = False
            self._part = 0

    def on_resize(self, _event: events.Resize) -> None:
        self.window.forget()
        self.resize_content()
        self.go_to(self.window.last() if self._follow else self.top)
        room = self.scrollable_content_region
        if room.width > GUTTER and room.height > 0:
            self.post_message(self.Resized(room.width - GUTTER, room.height))

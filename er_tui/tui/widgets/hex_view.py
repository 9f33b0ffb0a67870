# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bytes of a file of any size, sixteen a line, read where they are looked at."""

from __future__ import annotations

import os
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from er_tui.text.hexdump import BYTES_A_LINE, hex_line
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_COLUMNS = 78
"""Of a line."""


class HexView(DrawnLines, can_focus=True):
    """Shows the bytes behind a descriptor, which it closes when it shows something else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("h", "scroll_left", show=False),
        Binding("l", "scroll_right", show=False),
        Binding("g,home", "scroll_home", show=False),
        Binding("G,end", "scroll_end", show=False),
    ]

    class Changed(Message):
        """Another place is in view, or the file has changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._descriptor: int | None = None
        self._length = 0
        self._window: tuple[tuple[int, int], bytes] | None = None
        self.problem: str | None = None
        """What happened to the file since it was opened, as a sentence."""

    def show(self, descriptor: int | None) -> None:
        """Show another file from now on, from its beginning."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = descriptor
        self._window = self.problem = None
        self._length = 0 if descriptor is None else os.fstat(descriptor).st_size
        self.virtual_size = Size(_COLUMNS, -(-self._length // BYTES_A_LINE))
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()

    def on_unmount(self) -> None:
        self.show(None)

    @property
    def offset_in_view(self) -> int:
        """Of the first byte that is shown."""
        return self.scroll_offset.y * BYTES_A_LINE

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Changed())

    def on_resize(self, _event: events.Resize) -> None:
        self._window = None

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        data = self._in_view()[y * BYTES_A_LINE : (y + 1) * BYTES_A_LINE]
        if not data:
            return self.blank(width)
        line = Text(hex_line(self.offset_in_view + y * BYTES_A_LINE, data), end="")
        line.stylize(tone_style(self, "text--muted"), 0, line.plain.index(" "))
        x = self.scroll_offset.x
        strip = strip_of(line, max(line.cell_len, x + width), self)
        return strip.crop_extend(x, x + width, self.base_style)

    def _in_view(self) -> bytes:
        place = (self.offset_in_view, self.size.height)
        if self._window is None or self._window[0] != place:
            self._window = (place, self._read(*place))
        return self._window[1]

    def _read(self, start: int, lines: int) -> bytes:
        if self._descriptor is None:
            return b""
        wanted = max(0, min(lines * BYTES_A_LINE, self._length - start))
        try:
            data = os.pread(self._descriptor, wanted, start)
        except OSError as error:
            self._tell(f"The file cannot be read: {error.strerror}.")
            return b""
        if len(data) < wanted:
            self._tell("The file was truncated since it was opened.")
        return data

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self.post_message(self.Changed())

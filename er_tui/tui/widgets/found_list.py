# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lines that a search through all captures found; only those in view are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from er_tui.session.search_all import FoundLine, MoreLines
from er_tui.text.pattern import Pattern
from er_tui.text.safe import safe_line
from er_tui.tui.widgets.drawn_lines import DrawnLines
from er_tui.tui.widgets.strips import strip_of
from er_tui.tui.widgets.tones import TONE_CLASSES, foreground, tone_style

_NAME_WIDTH = 22
_NUMBER_WIDTH = 10


class FoundList(DrawnLines, can_focus=True):
    """Lists what was found; it may grow while it is shown."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES) | {
        "found--cursor",
        "found--match",
        "found--stderr",
    }
    DEFAULT_CSS = """
    FoundList > .found--cursor { background: $foreground 8%; }
    FoundList:focus > .found--cursor { background: $primary 22%; }
    FoundList > .found--match { color: $foreground; background: $warning 40%; }
    FoundList > .found--stderr { color: $error 70%; }
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
        """The user wants to see this one where it was written."""

        def __init__(self, found: FoundLine | MoreLines) -> None:
            super().__init__()
            self.found = found

    def __init__(self, name_of: Callable[[str], str], *, id: str | None = None) -> None:
        """``name_of`` gives the name of a run, safe to show."""
        super().__init__(id=id)
        self._name_of = name_of
        self.found: list[FoundLine | MoreLines] = []
        self._pattern: Pattern | None = None
        self.cursor = 0

    def show(
        self, found: list[FoundLine | MoreLines], pattern: Pattern | None, cursor: int = 0
    ) -> None:
        """Show this list from now on."""
        self.found, self._pattern, self.cursor = found, pattern, cursor
        self.grown()
        self.put_cursor(cursor)

    def grown(self) -> None:
        """The list has become longer."""
        height = len(self.found)
        if height != self.virtual_size.height or not height:
            self.virtual_size = Size(self.scrollable_content_region.width, height)
        self.refresh()

    def action_move(self, by: int) -> None:
        self.put_cursor(self.cursor + by)

    def action_page(self, direction: int) -> None:
        self.put_cursor(self.cursor + direction * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self.put_cursor(0)

    def action_last(self) -> None:
        self.put_cursor(len(self.found) - 1)

    def action_choose(self) -> None:
        if self.cursor < len(self.found):
            self.post_message(self.Chosen(self.found[self.cursor]))

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < len(self.found):
            self.put_cursor(index)
            if event.chain == 2:
                self.action_choose()

    def put_cursor(self, index: int) -> None:
        """Put the cursor on the line of this place in the list, and bring it into view."""
        self.cursor = max(0, min(index, len(self.found) - 1))
        region = Region(0, self.cursor, 1, 1)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        index, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if index >= len(self.found):
            return self.blank(width)
        base = self.base_style
        if index == self.cursor:
            base += Style(bgcolor=self.get_component_rich_style("found--cursor").bgcolor)
        text = self._line(self.found[index], width)
        text.truncate(width, overflow="ellipsis")
        return strip_of(text, width, self, base)

    def _line(self, found: FoundLine | MoreLines, width: int) -> Text:
        muted = tone_style(self, "text--muted")
        name = Text(self._name_of(found.run_id), style=tone_style(self, "live"))
        name.truncate(min(_NAME_WIDTH, width // 3), overflow="ellipsis", pad=True)
        if isinstance(found, MoreLines):
            words = f"… {found.lines:,} more lines of it match"
            return Text.assemble(" ", name, " " * (_NUMBER_WIDTH + 4), (words, muted))
        line = Text(safe_line(found.text), end="")
        if self._pattern is not None:
            mark = self.get_component_rich_style("found--match")
            for start, end in self._pattern.spans(line.plain):
                line.stylize(mark, start, end)
        return Text.assemble(
            " ",
            name,
            (f" {found.number + 1:>{_NUMBER_WIDTH},} ", muted),
            ("▎ " if found.stream == "stderr" else "  ", foreground(self, "found--stderr")),
            line,
        )

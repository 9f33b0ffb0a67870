# SPDX-License-Identifier: AGPL-3.0-or-later
"""One line of a log, all of it, however long: a piece of a mebibyte at a time."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from er_tui.session.log import Reader
from er_tui.session.log_pieces import pieces_of
from er_tui.text import ansi
from er_tui.text.line_index import Line
from er_tui.tui.looks import size
from er_tui.tui.widgets.lines_view import LinesView
from er_tui.tui.widgets.log_lines import rich_style
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

SHOWN: Final = 1 << 20
_DRAWN: Final = 4 << 10
"""Bytes that are drawn in one go; a state of a progress bar by itself."""
_SOON = 0.001


class PieceView(LinesView):
    """Part of the line; its ends lead to the next parts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g,home", "screen.go(0)", show=False),
        Binding("G,end", "screen.go_to_end", show=False),
        Binding("right,l,greater_than_sign", "screen.turn(1)", show=False),
        Binding("left,h,less_than_sign", "screen.turn(-1)", show=False),
        *(Binding(f"{n}", f"screen.go_to_tenth({n})", show=False) for n in range(10)),
    ]


class WholeLine(ModalScreen[None]):
    """The line, wrapped; what it holds between carriage returns stands in lines of its own."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    WholeLine { align: center middle; background: $background 60%; }
    #line-box {
        width: 96%; height: 90%; padding: 0 1;
        border: round $primary; border-title-style: bold; border-title-color: $foreground;
        border-subtitle-color: $text-muted; background: $background;
    }
    #line-box Static { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", show=False),
    ]

    def __init__(self, reader: Reader, line: Line, number: int) -> None:
        super().__init__()
        self._index = reader.index
        self._line = line
        self._number = number
        self._at = 0
        """Where the part that is shown begins, in bytes from the start of the line."""
        self._rest: list[bytes] = []
        """What is not drawn yet of it."""
        self._to_end = False

    def compose(self) -> ComposeResult:
        with Vertical(id="line-box") as box:
            words = f"Line {self._number + 1:,} · {self._line.stream} · {size(self._line.length)}"
            box.border_title = Content(words)
            box.border_subtitle = "esc closes"
            yield PieceView()
            yield Static(id="line-part", markup=False)

    def on_mount(self) -> None:
        self.query_one(PieceView).focus()
        self.action_go(0)

    def action_go(self, at: int) -> None:
        """Show the part that begins at this byte of the line."""
        self._at = max(0, min(at, self._line.length - 1))
        start = self._line.start + self._at
        end = min(start + SHOWN, self._line.start + self._line.length)
        pieces = pieces_of(self._index, self._line.stream, start, end, _DRAWN)
        self._rest = [state for piece in pieces for state in piece.split(b"\r")]
        self._to_end = False
        view = self.query_one(PieceView)
        view.scroll_to(0, 0, animate=False, force=True)
        view.show([])
        self._draw_on()
        self._say(end - self._line.start)

    def action_go_to_end(self) -> None:
        self.action_go((self._line.length - 1) // SHOWN * SHOWN)
        self._to_end = True

    def action_go_to_tenth(self, tenth: int) -> None:
        """Into the line, as the digits say."""
        self.action_go(self._line.length * tenth // 10 // SHOWN * SHOWN)

    def action_turn(self, by: int) -> None:
        """The part after this one, or the one before."""
        at = self._at // SHOWN * SHOWN + by * SHOWN
        if 0 <= at < self._line.length:
            self.action_go(at)

    def _draw_on(self) -> None:
        """Draw some more; keys are answered in between."""
        now, self._rest = self._rest[:4], self._rest[4:]
        self.query_one(PieceView).append([_text(part) for part in now])
        if self._rest:
            self.set_timer(_SOON, self._draw_on)
        elif self._to_end:
            self.query_one(PieceView).scroll_end(animate=False)

    def _say(self, end: int) -> None:
        muted, accent = tone_style(self, "text--muted"), tone_style(self, "text--accent")
        words = Text(no_wrap=True, overflow="ellipsis")
        words.append(f"bytes {self._at:,} to {end:,} of {self._line.length:,}", muted)
        if self._line.length > SHOWN:
            words.append("   ← →", accent).append(" part before, next", muted)
            words.append("   g G", accent).append(" first, last", muted)
            words.append("   0-9", accent).append(" tenths", muted)
        self.query_one("#line-part", Static).update(words)


def _text(part: bytes) -> Text:
    styled = ansi.style_line(part)
    text = Text(styled.text, no_wrap=False)
    for span in styled.spans:
        text.stylize(rich_style(span.style), span.start, span.end)
    return text

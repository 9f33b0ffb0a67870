# SPDX-License-Identifier: AGPL-3.0-or-later
"""One line of child output as a terminal would show it in the end, with nothing left to obey.

Colours and weights are kept, as spans beside the text. Of the escape sequences, those that redraw
a line (erase in line, cursor to column) take effect and all others are removed. C1 characters
start no sequence here: in UTF-8 they are mostly text that was decoded wrongly, and a sequence
begun by one would hide the rest of the line. They become U+FFFD like every unsafe character.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

from er_tui.text.safe import TAB_COLUMNS, safe_characters

Colour = int | tuple[int, int, int]
"""A palette index (0-255; below 16 the theme's own) or red, green, blue (0-255 each)."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a stretch of text is drawn; a colour that is `None` is the terminal's default."""

    fg: Colour | None = None
    bg: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` of a line is drawn in `style`; never empty, never the default style."""

    start: int
    end: int
    style: Style


@dataclass(frozen=True, slots=True)
class StyledLine:
    """Safe text and its spans, in order and without overlap."""

    text: str
    spans: tuple[Span, ...] = ()


def style_line(raw: bytes) -> StyledLine:
    """`raw` (UTF-8, without its newline) as a terminal of endless width shows it in the end.

    Holds no character of category Cc, nor any other that `safe.py` calls unsafe. Never raises.
    An unterminated sequence swallows what follows it. Time grows with the length of `raw`: pass
    lines that are cut to what can be shown.
    """
    text = raw.decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return StyledLine(text)
    text = text.rstrip("\r")
    if not _MOVING.search(text):
        return StyledLine(safe_characters(text))
    return _drawn(text)


def plain_line(raw: bytes) -> str:
    """The text of `style_line`, for search and for the last line of a run's output."""
    return style_line(raw).text


_PLAIN: Final = Style()
_MOVING: Final = re.compile("[\x1b\r\b\t]")
# Every character of any text belongs to exactly one token; the unnamed ones are dropped.
_TOKEN: Final = re.compile(
    r"(?P<text>[^\x1b\r\b\t]+)"
    r"|(?P<sgr>\x1b\[[0-9;:]*m)"
    r"|(?P<erase>\x1b\[[0-2]?K)"
    r"|(?P<column>\x1b\[[0-9]{0,4}G)"
    r"|(?P<move>[\r\b\t])"
    r"|\x1b\[[\x20-\x3f]*[\x40-\x7e]?"  # any other CSI
    r"|\x1b\].*?(?:\x07|\x1b\\|\x9c|\Z)"  # OSC
    r"|\x1b[PX^_].*?(?:\x1b\\|\x9c|\Z)"  # DCS, SOS, PM, APC
    r"|\x1b[\x20-\x2f]*[\x30-\x7e]?",  # two bytes, or more with intermediates, or ESC alone
    re.DOTALL,
)


def _drawn(text: str) -> StyledLine:
    row = _Row()
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "text":
                row.write(safe_characters(token[0]))
            case "sgr":
                row.style = _restyled(row.style, token[0][2:-1])
            case "erase":
                row.erase(token[0][2:-1])
            case "column":
                row.go_to(int(token[0][2:-1] or 1) - 1)
            case "move":
                row.move(token[0])
    return row.line()


class _Row:
    """A terminal row that grows to the right; one list entry a column.

    A wide character stands in its first column and leaves an empty string in the second.
    """

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._styles: list[Style] = []
        self._column = 0
        self.style = _PLAIN

    def write(self, text: str) -> None:
        cells = _cells(text)
        start, end = self._column, self._column + len(cells)
        if start != len(self._cells):
            self._fill(start)
            self._halve(start)
            self._halve(end)
        self._cells[start:end] = cells
        self._styles[start:end] = [self.style] * len(cells)
        self._column = end

    def move(self, control: str) -> None:
        if control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(self._column - 1, 0)
        else:
            self._column += TAB_COLUMNS - self._column % TAB_COLUMNS
            self._fill(self._column)

    def go_to(self, column: int) -> None:
        # Not beyond the text: a few bytes must not make a row of thousands of columns.
        self._column = min(max(column, 0), len(self._cells))

    def erase(self, extent: str) -> None:
        """`extent` as in `ESC [ extent K`: to the end, 1 to the start, 2 all of it."""
        if extent == "1":
            end = min(self._column + 1, len(self._cells))
            self._halve(end)
            self._cells[:end] = [" "] * end
            self._styles[:end] = [_PLAIN] * end
            return
        start = 0 if extent == "2" else self._column
        self._halve(start)
        del self._cells[start:], self._styles[start:]

    def line(self) -> StyledLine:
        spans: list[Span] = []
        start = 0
        for style, group in groupby(zip(self._styles, self._cells, strict=True), itemgetter(0)):
            end = start + sum(len(cell) for _, cell in group)
            if style is not _PLAIN:
                spans.append(Span(start, end, style))
            start = end
        return StyledLine("".join(self._cells), tuple(spans))

    def _fill(self, column: int) -> None:
        missing = column - len(self._cells)
        if missing > 0:
            self._cells += [" "] * missing
            self._styles += [_PLAIN] * missing

    def _halve(self, column: int) -> None:
        """A wide character cut before its second column shows as blanks, as on a terminal."""
        if column < len(self._cells) and not self._cells[column]:
            self._cells[column - 1 : column + 1] = "  "


def _cells(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    cells: list[str] = []
    base = 0
    for char in text:
        columns = _columns(char)
        if cells and not columns:
            cells[base] += char
            continue
        base = len(cells)
        cells.append(char)
        if columns == 2:
            cells.append("")
    return cells


def _columns(char: str) -> int:
    if char < "\u0300":
        return 1
    if char == "\u200d" or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


_SWITCHES: Final = {
    1: (("bold",), True),
    2: (("dim",), True),
    3: (("italic",), True),
    7: (("reverse",), True),
    9: (("strike",), True),
    22: (("bold", "dim"), False),
    23: (("italic",), False),
    24: (("underline",), False),
    27: (("reverse",), False),
    29: (("strike",), False),
}
_COLOURED: Final = {38: "fg", 48: "bg", 58: "underline colour"}


@lru_cache(maxsize=1024)
def _restyled(style: Style, parameters: str) -> Style:
    """`style` after an SGR sequence; a code that is unknown or out of range changes nothing."""
    look: dict[str, Any] = asdict(style)
    codes = iter(parameters.split(";"))
    for code in codes:
        number, *details = map(_number, code.split(":"))
        if number == 0:
            look = asdict(_PLAIN)
        elif number == 4:
            look["underline"] = details[:1] != [0]
        elif number in _SWITCHES:
            names, on = _SWITCHES[number]
            look |= dict.fromkeys(names, on)
        elif number in _COLOURED:
            # 58 is not drawn, but its arguments must not be read as codes of their own.
            colour = _direct_colour(details) if details else _listed_colour(codes)
            if colour is not None and number != 58:
                look[_COLOURED[number]] = colour
        else:
            look |= _basic_colour(number)
    restyled = Style(**look)
    # One object for the commonest style: comparing styles field by field costs more than drawing.
    return _PLAIN if restyled == _PLAIN else restyled


def _number(digits: str) -> int:
    if not digits:
        return 0
    # A longer one means nothing, and thousands of digits make int() raise.
    return int(digits) if digits.isdecimal() and len(digits) <= 4 else -1


def _basic_colour(code: int) -> dict[str, Colour | None]:
    tens, index = divmod(code, 10)
    side = {3: "fg", 4: "bg", 9: "fg", 10: "bg"}.get(tens)
    if side is None or index == 8:
        return {}
    if index == 9:
        return {side: None} if tens < 9 else {}
    return {side: index if tens < 9 else index + 8}


def _listed_colour(codes: Iterator[str]) -> Colour | None:
    mode = _number(next(codes, ""))
    count = {5: 1, 2: 3}.get(mode, 0)
    return _colour(mode, [_number(code) for code in islice(codes, count)])


def _direct_colour(details: list[int]) -> Colour | None:
    mode, *values = details
    # The colon form has a colour space before the three, which most programs leave out.
    return _colour(mode, values[1:4] if mode == 2 and len(values) > 3 else values)


def _colour(mode: int, values: list[int]) -> Colour | None:
    if not all(0 <= value <= 255 for value in values):
        return None
    match mode, values:
        case 5, [index]:
            return index
        case 2, [red, green, blue]:
            return red, green, blue
    return None

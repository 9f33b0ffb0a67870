# SPDX-License-Identifier: AGPL-3.0-or-later
"""Headless on a terminal: what ended scrolls by, what runs stands below it and moves."""

from __future__ import annotations

import os
import select
import time
from typing import TextIO

from rich.console import Console
from rich.text import Text

from er_tui.session.headless import Standing, Writing
from er_tui.session.headless.reporting import ALIGNED, OWN, laid_out
from er_tui.session.last_words import LastWords
from er_tui.session.looks import clock, look_of, look_of_run
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line

_FRAME_SECONDS = 1 / 8
_ROOMY = 50
"""Columns from which on states have their word, and lines more than a name and a time."""
_COLOURS = {"good": "green", "bad": "red", "live": "cyan", "ending": "yellow", "ended": "magenta"}


def console_of(file: TextIO) -> Console | None:
    """What draws there; None where no cursor can be moved."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    return None if not console.is_terminal or console.is_dumb_terminal else console


class Progress:
    """Draws how it stands below the lines that stay, at most eight times a second.

    The cursor waits on the first character of what moves: whatever a terminal does with lines when
    its width changes, erasing from there on leaves nothing behind and takes nothing else away.
    """

    interval: float | None = _FRAME_SECONDS

    def __init__(self, file: TextIO, console: Console, writing: Writing) -> None:
        self._file, self._console, self._writing = file, console, writing
        self._said: list[Text] = []
        self._last_words = LastWords()
        self._drawn: list[Text] = []
        self._drawn_at = 0.0
        self._size = (0, 0)
        self._standing: Standing | None = None
        self._ended = False

    def say(self, kind: str, text: str) -> None:
        """Written with the next frame: a thousand lines a second cost eight writes."""
        for number, line in enumerate(laid_out(kind, text).splitlines()):
            said = Text(line)
            if number == 0:
                said.stylize(_style_of(kind), 0, ALIGNED)
            self._said.append(said)
        if self._ended:
            self._write(self._rendered(self._said, cut=None))
            self._said.clear()

    def show(self, standing: Standing) -> None:
        now = time.monotonic()
        if now - self._drawn_at < _FRAME_SECONDS or not self._can_take_some():
            return
        self._drawn_at = now
        size = self._terminal_size()
        lines = self._lines(standing, *size)
        if lines == self._drawn and not self._said and size == self._size:
            return
        # Written over, so that nothing flickers; but what has moved is erased first.
        begin = "\r" + ("\x1b[J" if size != self._size else "")
        frame = self._rendered(lines, cut=size[0] - 1, end="\x1b[K\r\n").removesuffix("\r\n")
        back = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        said = self._rendered(self._said, cut=None, end="\x1b[K\n")
        self._said.clear()
        self._drawn, self._size = lines, size
        self._write(f"{begin}{said}{frame}\x1b[J{back}\r")

    def end(self) -> None:
        """Leave nothing but the lines that stay."""
        self._ended = True
        self._write("\r\x1b[J" + self._rendered(self._said, cut=None))
        self._said.clear()

    def _write(self, text: str) -> None:
        self._writing.write(self._file, text)

    def _terminal_size(self) -> tuple[int, int]:
        """Columns and rows; a guess where the terminal does not tell."""
        try:
            columns, rows = os.get_terminal_size(self._file.fileno())
        except OSError:
            columns = rows = 0
        return columns or 80, rows or 24

    def _can_take_some(self) -> bool:
        """Not so where the terminal was stopped (ctrl+s): nobody is to wait for it."""
        return bool(select.select([], [self._file], [], 0)[1])

    def _rendered(self, lines: list[Text], cut: int | None, end: str = "\n") -> str:
        """The lines with their colours, each cut to so many columns."""
        rendered = []
        for line in lines:
            if cut is not None:
                line = line.copy()
                line.truncate(max(cut, 1), overflow="ellipsis")
            with self._console.capture() as capture:
                self._console.print(line, end="", soft_wrap=True)
            rendered.append(capture.get() + end)
        return "".join(rendered)

    def _lines(self, standing: Standing, columns: int, rows: int) -> list[Text]:
        room = max(rows - 2, 0)
        shown = standing.running[:room]
        names = max((len(name) for name, _run in shown), default=0)
        now = time.time()
        lines = [self._line(name, run, columns, names, now) for name, run in shown]
        more = len(standing.running) - len(shown)
        return [*lines, _totals(standing, more)]

    def _line(self, name: str, run: RunState, columns: int, names: int, now: float) -> Text:
        look = look_of_run(run)
        line = Text()
        roomy = columns >= _ROOMY
        state = f"{look.glyph} {look.word:<{ALIGNED}} " if roomy else f"{look.glyph} "
        line.append(state, _COLOURS.get(look.tone, ""))
        took = clock(run.seconds(now) or 0)
        width = min(names, columns // 3) if roomy else max(columns - len(took) - 5, 1)
        shown = Text(name)
        shown.truncate(width, overflow="ellipsis", pad=True)
        line.append_text(shown)
        line.append(f" {took}", "bold")
        if roomy and run.timeout_seconds is not None:
            line.append(f"/{clock(run.timeout_seconds)}", "dim")
        if roomy and run.attempts:
            line.append(f"  {run.attempts} request" + ("s" if run.attempts > 1 else ""))
        if roomy and run.backend_status is not None:
            line.append(f"  {safe_line(run.backend_status, limit=20)}")
        if roomy and (words := self._last_words.of(run)):
            line.append(f"  {words}", "dim")
        return line


def _totals(standing: Standing, more: int) -> Text:
    parts = [f"{len(standing.running)} running"]
    if more:
        parts[0] += f" ({more} not shown)"
    if standing.queued:
        parts.append(f"{standing.queued} queued")
    parts += [f"{count} {status}" for status, count in sorted(standing.ended.items())]
    return Text(f"{clock(standing.seconds)}  " + " · ".join(parts), "bold")


def _style_of(kind: str) -> str:
    if kind == OWN:
        return "bold"
    return "dim" if kind == "started" else _COLOURS.get(look_of(kind).tone, "")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What commands without a screen print: lines, tables, one sentence when they cannot."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import NamedTuple

import click

from er_tui.text.safe import safe_line

_GAP = "  "
_COLOURS = {"good": "green", "bad": "red", "live": "cyan", "waiting": "cyan", "ending": "yellow"}


class Failure(click.ClickException):
    """Ends the command with a sentence, in which strangers' words are made safe."""

    def __init__(self, sentence: str) -> None:
        super().__init__(safe_line(sentence, limit=1000))


class Misuse(Failure):
    """What was asked for does not exist, is ambiguous or not allowed."""

    exit_code = 2


class Column(NamedTuple):
    """A column of a table."""

    title: str
    cells: Sequence[str]
    least: int = 0
    """The width that it may be cut to where room is scarce; 0: it is not cut."""
    expendable: int = 0
    """Where that is not enough, the column of the highest number goes; 0: it stays."""


@contextmanager
def printing() -> Iterator[None]:
    """The body prints. Whoever reads that may stop, as ``head`` does: the command then ends as
    SIGPIPE would end it. Characters that the terminal has not are replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # The interpreter is not to try it once more.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise click.exceptions.Exit(128 + signal.SIGPIPE) from None
        raise Failure(f"cannot go on: {error.strerror or error}") from None


def say(text: str) -> None:
    """A line for whoever reads the output, safe already."""
    sys.stdout.write(text + "\n")


def remark(text: str) -> None:
    """A line beside the output, safe already."""
    click.echo(text, err=True)


def coloured(text: str, tone: str) -> str:
    """In the colour of the tone of a state, where stdout is a terminal that is to have colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=_COLOURS[tone]) if tone in _COLOURS else text


def print_table(columns: Sequence[Column], tones: Sequence[str]) -> None:
    """Rows under their titles, the first column in the colour of the row's tone. On a terminal they
    fit its width; elsewhere nothing is cut. The cells are safe already.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    rows = list(zip(*(_fitted(columns, width)), strict=True))
    for row, tone in zip(rows, ("", *tones), strict=True):
        line = _GAP.join((coloured(row[0], tone), *row[1:]))
        say(line.rstrip())


def _fitted(columns: Sequence[Column], width: int | None) -> list[list[str]]:
    """The cells of each column under its title, of one width; those that are shown."""
    from rich.cells import cell_len

    shown = list(columns)
    widths = [max(map(cell_len, (c.title, *c.cells))) for c in shown]
    while width is not None and (over := sum(widths) + len(_GAP) * (len(shown) - 1) - width) > 0:
        for at in sorted(range(len(shown)), key=lambda at: -widths[at]):
            if shown[at].least:
                cut = min(over, max(0, widths[at] - shown[at].least))
                widths[at], over = widths[at] - cut, over - cut
        worst = max(range(len(shown)), key=lambda at: shown[at].expendable)
        if over <= 0 or not shown[worst].expendable:
            break
        del shown[worst], widths[worst]
        widths = [max(map(cell_len, (c.title, *c.cells))) for c in shown]
    if width is not None and (over := sum(widths) + len(_GAP) * (len(shown) - 1) - width) > 0:
        widths[-1] = max(1, widths[-1] - over)
    return [
        [_sized(cell, wide) for cell in (column.title, *column.cells)]
        for column, wide in zip(shown, widths, strict=True)
    ]


def _sized(cell: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(cell) > width:
        return set_cell_size(cell, max(0, width - 1)) + "…"
    return cell + " " * (width - cell_len(cell))

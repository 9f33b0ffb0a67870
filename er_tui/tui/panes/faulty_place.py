# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lines of an invocation file about what is wrong in it: safe, and no secret in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from er_tui.journal.masking import mask_json_text
from er_tui.text.safe import safe_line

if TYPE_CHECKING:
    from er_tui.rxp import InvocationFileError

_LINES_AROUND = 4
_LONGEST_LINE = 20_000
"""Characters that are looked at; what is wrong further right is shown without its place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Numbered lines, all cut alike, so that what is wrong is among what is left."""

    lines: tuple[tuple[int, str], ...] = ()
    caret: int | None = None
    """Columns before what is wrong, in its line."""


def place_of(error: InvocationFileError, width: int) -> Place:
    """The place in the file as it is now; empty if that cannot be read any more."""
    from er_tui.rxp import InvocationFileError, read_document

    assert error.line is not None
    try:
        text = read_document(error.path).decode(errors="replace")
    except InvocationFileError:
        return Place()
    lines = [line.removesuffix("\r")[:_LONGEST_LINE] for line in text.split("\n")]
    first, last = max(0, error.line - 1 - _LINES_AROUND), error.line + _LINES_AROUND
    shown = {number: _shown(lines, number) for number in range(first, min(last, len(lines)))}
    caret = _caret(lines, error)
    left = 0 if caret is None or caret < width else caret - width // 2
    return Place(
        tuple((number + 1, _cut(line, left, width)) for number, line in shown.items()),
        None if caret is None else caret - left,
    )


def _shown(lines: list[str], number: int) -> str:
    """A line, safe and masked; the name of a secret may stand in a line above it."""
    above = next((line for line in reversed(lines[:number]) if line.strip()), "")
    before, newline, line = mask_json_text(f"{above}\n{lines[number]}").partition("\n")
    del before
    return safe_line(mask_json_text(line if newline else lines[number]), _LONGEST_LINE)


def _caret(lines: list[str], error: InvocationFileError) -> int | None:
    """Where what is wrong stands in its line as it is shown: masking and wide letters shift it."""
    if error.line is None or error.column is None or error.column > _LONGEST_LINE:
        return None
    if error.line > len(lines):
        return None
    left = lines[error.line - 1][: error.column - 1]
    return cell_len(_shown([*lines[: error.line - 1], left], error.line - 1))


def _cut(line: str, left: int, width: int) -> str:
    if left:
        line = "…" + line[left + 1 :]
    return line if len(line) <= width else line[: width - 1] + "…"

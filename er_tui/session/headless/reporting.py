# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is told of runs without a screen, and by whom: lines that stay, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO

from er_tui.session.headless.writing import Writing
from er_tui.session.state import RunState

OWN = "er-tui"
"""The kind of a line that is about no run."""
ALIGNED = 10
"""Columns of the kind of a line."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands at one moment."""

    running: Sequence[tuple[str, RunState]]
    """The runs that have begun, oldest first, each with its name, which is safe text."""
    queued: int
    """Those that have not, and repeats that wait for the one before."""
    ended: Mapping[str, int]
    """How many ended how."""
    seconds: float
    """Since the beginning of all."""


class Reporter(Protocol):
    """Tells whoever waits. All texts are safe already."""

    interval: float | None
    """Seconds after which it wants to show how it stands, though nothing happened; None: never."""

    def say(self, kind: str, text: str) -> None:
        """A line that stays; more lines of ``text`` belong to it."""

    def show(self, standing: Standing) -> None:
        """How it stands now; told whenever something may have changed."""

    def end(self) -> None:
        """Nothing will be told any more."""


class Lines:
    """Plain lines, each written as it is said: for files, pipes and logs."""

    interval: float | None = None

    def __init__(self, file: TextIO, writing: Writing) -> None:
        self._file, self._writing = file, writing

    def say(self, kind: str, text: str) -> None:
        self._writing.write(self._file, laid_out(kind, text))

    def show(self, standing: Standing) -> None:
        """Nothing: a log holds what happened, not what goes on."""

    def end(self) -> None:
        """Nothing is held back."""


def laid_out(kind: str, text: str) -> str:
    """The lines of one thing that is said: the kind, then the text, aligned."""
    first, *others = text.split("\n")
    lines = [f"{kind:<{ALIGNED}} {first}", *(f"{'':{ALIGNED}} {other}" for other in others)]
    return "".join(line + "\n" for line in lines)

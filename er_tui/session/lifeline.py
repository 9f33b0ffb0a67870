# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pipe through which the guard knows that we live, and what became of our terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

import er_tui

_BARE = """\
import sys
from importlib import import_module
sys.path.append(sys.argv.pop(1))
import_module(sys.argv.pop(1)).main()
"""
"""At the path's end: what stands beside this package is not to be taken for Python's own."""


class Lifeline:
    """The end that only we hold; what ends us ends it. Never blocks for long, never raises.

    A guard that is gone hears nothing: the engine ends with it, and that is told elsewhere.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def taken(self, before: list[Any] | None, during: list[Any] | None) -> None:
        """The terminal is ours (or about to be): settings to put back, and those that we made.

        As ``termios.tcgetattr`` gives them; None for what is not known.
        """
        self._tell(
            {
                "before": None if before is None else repr(before),
                "during": None if during is None else repr(during),
            }
        )

    def given_back(self) -> None:
        """The terminal is as we found it."""
        self._tell(None)

    def close(self) -> None:
        """From here on the guard takes us for dead; what is told now is lost."""
        self._pipe.close()

    def _tell(self, taken: dict[str, Any] | None) -> None:
        # In one write, so that a signal handler may tell something too.
        try:
            os.write(self._pipe.fileno(), json.dumps({"taken": taken}).encode() + b"\n")
        except (OSError, ValueError):
            pass


def open_terminal(descriptor: int) -> int:
    """The same terminal once more, to be written to without ever waiting.

    Its own description: that ``descriptor`` blocks is shared with the shell. Where the terminal
    cannot be opened (after ``su``, it is another user's) a plain copy, which does block.
    """
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:
        return os.dup(descriptor)


def guard_command(module: str) -> list[str]:
    """What runs ``main`` of a module of ours in an interpreter that starts at once, being bare."""
    root = str(Path(er_tui.__file__).parents[1])
    return [sys.executable, "-I", "-S", "-c", _BARE, root, module]

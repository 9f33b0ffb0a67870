# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui --headless``: who is told what, and where."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TextIO

from er_tui.session.headless import Headless, Lines, Reporter, Wanted, Writing
from er_tui.session.library import Library


def run_headless(
    paths: tuple[Path, ...],
    lanes: tuple[int, int],
    limits: dict[str, Any],
    wanted: Wanted,
    *,
    as_json: bool,
) -> int:
    """Run what is wanted and report; the exit code."""
    writing = Writing()
    results = sys.stdout if as_json else None
    library = Library(paths)
    reporter = _reporter(sys.stderr, writing)
    code = Headless(library, lanes, wanted, reporter, writing, results, limits).run()
    if as_json:
        _give_up_unwritable(sys.stdout)
    return code


def _reporter(file: TextIO, writing: Writing) -> Reporter:
    if file.isatty():
        from er_tui.cli.progress import Progress, console_of

        if console := console_of(file):
            return Progress(file, console, writing)
    return Lines(file, writing)


def _give_up_unwritable(stream: TextIO) -> None:
    """What could not be written has been told; the interpreter is not to try it once more."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

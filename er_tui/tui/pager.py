# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program of the user's that shows files, on the terminal that is ours otherwise."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from textual.app import App, SuspendNotSupported

from er_tui.text.safe import safe_line
from er_tui.tui.terminal import can_be_brought_back

_DEFAULT = "less -R"
_KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
"""Signals that the terminal sends to us too, and that are meant for the pager."""
_ENDS = (signal.SIGTERM, signal.SIGHUP)


def show_in_pager(app: App[Any], paths: Sequence[Path]) -> None:
    """Show the files, those that hold something if any does, until the user leaves the pager.

    The engine goes on meanwhile, and so do the runs; the screen does not.
    """
    full = [path for path in paths if path.is_file() and path.stat().st_size]
    names = [os.fspath(path) for path in full or paths[:1]]
    try:
        command = [*shlex.split(os.environ.get("PAGER") or _DEFAULT), *names]
        with app.suspend():
            _run(command)
    except SuspendNotSupported:
        app.notify("The terminal cannot be given to a pager here.", severity="error", markup=False)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        words = f"The pager could not be started: {safe_line(reason or str(error))}."
        app.notify(words, severity="error", markup=False)


def _run(command: list[str]) -> None:
    # The handlers first: the keys of an impatient user are meant for the pager from the start.
    with _signals_for_pager() as pagers, subprocess.Popen(command) as pager:
        pagers.append(pager)
        while pager.returncode is None:
            _, status = os.waitpid(pager.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                pager.returncode = os.waitstatus_to_exitcode(status)
            elif can_be_brought_back():
                os.killpg(0, signal.SIGSTOP)  # as the terminal would have stopped us with it
            else:
                pager.send_signal(signal.SIGCONT)


@contextmanager
def _signals_for_pager() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What the keys send is the pager's; what ends us ends it first, once it is in the list.

    Handlers that do nothing, not SIG_IGN: that one the pager would inherit.
    """
    pagers: list[subprocess.Popen[bytes]] = []
    before = {number: signal.getsignal(number) for number in (*_KEYS, *_ENDS)}

    def leave_it(_number: int, _frame: FrameType | None) -> None:
        pass

    def end(number: int, frame: FrameType | None) -> None:
        for pager in pagers:
            pager.terminate()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, leave_it if number in _KEYS else end)
    try:
        yield pagers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

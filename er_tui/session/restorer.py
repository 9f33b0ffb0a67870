# SPDX-License-Identifier: AGPL-3.0-or-later
"""Somebody who gives our terminal back if we die with it taken, where no guard of ours does."""

from __future__ import annotations

import os
import subprocess

from er_tui.session.lifeline import Lifeline, guard_command, open_terminal

_RESTORE_SECONDS = 2.0


class Restorer:
    """A small process that does nothing else; :attr:`lifeline` is where it is told what it needs.

    ``terminal`` is a descriptor of the terminal.
    """

    def __init__(self, terminal: int) -> None:
        own = open_terminal(terminal)
        try:
            self._process = subprocess.Popen(
                [*guard_command("er_tui.engine.terminal"), str(own)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[own],
                start_new_session=True,
            )
        finally:
            os.close(own)
        assert self._process.stdin is not None
        self.lifeline = Lifeline(self._process.stdin)

    def close(self) -> None:
        """The terminal is ours no more; waits until the process has ended, a moment at most."""
        self.lifeline.close()
        try:
            self._process.wait(_RESTORE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Without its engine the dashboard says so, and can still be looked at and left."""

import os
import signal
from pathlib import Path

from tests.engine.tagged import Tagged
from tests.session.conftest import Write
from tests.tui.dashboard import dashboard
from tests.tui.scripts import STAY


async def test_live_runs_are_told_as_lost_and_nothing_can_be_started(
    folder: Path, write: Write, tagged: Tagged
) -> None:
    write("done", "echo kept words")
    write("live", STAY)
    write("never")
    async with dashboard(folder) as screen:
        await screen.press("r", "j", "r")
        await screen.see("✓ done", "● live", "here I am")
        os.kill(screen.engine.pid, signal.SIGKILL)
        await screen.see("the engine ended unexpectedly", "? live", "? lost", "no engine")
        await screen.see("1 succeeded · 1 lost · 1 not run")
        assert "r run" not in screen.footer
        assert "cancel" not in screen.footer
        await screen.press("r", "R", "F", "c")
        assert len(screen.session.runs) == 2
        await screen.go_to("done")
        await screen.see("kept words")
        await screen.press("q")
        assert screen.app._exit
    tagged.kill()


async def test_quitting_after_the_loss_does_not_ask(
    folder: Path, write: Write, tagged: Tagged
) -> None:
    write("live", STAY)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("● live")
        os.kill(screen.engine.pid, signal.SIGKILL)
        await screen.see("? lost")
        await screen.press("ctrl+q")
        assert screen.app._exit
    tagged.kill()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The er-tui command without a screen, as a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

ER_TUI = (sys.executable, "-m", "er_tui")
SUMMARY = re.compile(r"er-tui     (.*) in [0-9.]+s")


def headless(*arguments: str | Path, seconds: float = 30) -> subprocess.CompletedProcess[bytes]:
    """Run to the end; fails if that takes longer."""
    return subprocess.run(
        [*ER_TUI, "--headless", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


def progress(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """What was reported, line by line, without the durations and the last line."""
    lines = [line.split("  0.")[0] for line in done.stderr.decode().splitlines()]
    return [line for line in lines if not SUMMARY.fullmatch(line)]


def summary(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line but for the time it tells."""
    (found,) = [
        m[1] for line in done.stderr.decode().splitlines() if (m := SUMMARY.fullmatch(line))
    ]
    return found

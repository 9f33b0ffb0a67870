# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mark in the environment of every process of a run, by which those that left it are found.

Standard library only: the watchdog uses it in an interpreter that has nothing else.
"""

from __future__ import annotations

import os

_PREFIX = "ER_TUI_RUN_"


def tag_of(run_id: str) -> str:
    """The name of the variable: unique to the run, so that a run inside a run carries both."""
    return _PREFIX + "".join(c if c.isascii() and c.isalnum() else "_" for c in run_id)


def tags_in(pid: int) -> set[str]:
    """The tags that process ``pid`` was started with; none where its environment is hidden."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return set()
    prefix = os.fsencode(_PREFIX)
    return {os.fsdecode(v.partition(b"=")[0]) for v in variables if v.startswith(prefix)}

# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a process of our own is started: a module of this very package, wherever it stands."""

from __future__ import annotations

import sys
from pathlib import Path

import er_tui

_RUN = """\
import runpy, sys
root, module = sys.argv.pop(1), sys.argv.pop(1)
if root not in sys.path:
    sys.path.insert(0, root)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def module_command(module: str, *arguments: str) -> list[str]:
    """``python -m module``, but for the current folder, whose ``queue.py`` is not ours."""
    root = str(Path(er_tui.__file__).parents[1])
    return [sys.executable, "-P", "-c", _RUN, root, module, *arguments]

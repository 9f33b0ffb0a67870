# SPDX-License-Identifier: AGPL-3.0-or-later
"""Engines in words."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from er_tui.text.safe import safe_line

if TYPE_CHECKING:
    from er_tui.session.engines import Engine


def described(engine: Engine) -> str:
    """One of several: ``4711, for 2h 5m, ~/invocations``."""
    return f"{engine.pid}, for {age_of(engine)}, {paths_of(engine)}"


def age_of(engine: Engine) -> str:
    """How long it has been there: ``12s``, ``3m``, ``2h 5m``, ``4d 2h``."""
    seconds = max(0, int(time.time() - engine.description.started_at))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days}d {hours % 24}h"
    if hours:
        return f"{hours}h {minutes % 60}m"
    return f"{minutes}m" if minutes else f"{seconds}s"


def paths_of(engine: Engine) -> str:
    """What it was started with; safe text."""
    home = os.path.expanduser("~")
    paths = [
        "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path
        for path in engine.description.paths
    ]
    return " ".join(safe_line(path) for path in paths)

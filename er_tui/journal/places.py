# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where er-tui keeps what belongs to no invocation folder."""

from __future__ import annotations

from pathlib import Path


def state_folder() -> Path:
    """The user's state folder for er-tui (``XDG_STATE_HOME`` is honoured); not made here."""
    import platformdirs  # most runs never need it

    return platformdirs.user_state_path("er-tui")

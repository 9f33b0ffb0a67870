# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where er-tui keeps what belongs to no invocation folder."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """The user's state folder for er-tui (``XDG_STATE_HOME`` is honoured); not made here."""
    import platformdirs  # most runs never need it

    return platformdirs.user_state_path("er-tui")


def make_private_folders(folder: str) -> None:
    """Make ``folder`` and what is missing above it, each 0700; what exists is left as it is."""
    if os.path.isdir(folder):
        return
    make_private_folders(os.path.dirname(folder))
    mkdir_if_missing(folder)


def mkdir_if_missing(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass  # made meanwhile by another run; a plain file there fails at the next mkdir

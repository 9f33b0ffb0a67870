# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing to whoever reads, or does not: a user who will not wait is not kept waiting."""

from __future__ import annotations

import math
import os
import time
from typing import TextIO

_PATIENCE_SECONDS = 0.2
"""With whoever reads what is reported, once a second signal came."""


class _Unread(Exception):
    """Nobody reads what is being written, and the user will not wait for it."""


class Writing:
    """Writes whole texts, one at a time. For the main thread, which gets the signals."""

    def __init__(self) -> None:
        self._since: float | None = None

    def write(self, file: TextIO, text: str) -> None:
        """Blocks while nobody reads; :meth:`hurry` then ends that, and the file is given up.

        Raises OSError where it cannot be written.
        """
        self._since = time.monotonic()
        try:
            file.write(text)
            file.flush()
        except _Unread:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, file.fileno())
            os.close(nowhere)
        finally:
            self._since = None

    def hurry(self) -> None:
        """In a signal's handler: give up what has not been read for a while."""
        if time.monotonic() - (self._since or math.inf) > _PATIENCE_SECONDS:
            raise _Unread

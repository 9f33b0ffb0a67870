# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long an engine stays: as long as it has a client, and if it is to be kept, a run."""

from __future__ import annotations

import math
import time

_FIRST_CLIENT_SECONDS = 30.0
"""Whoever started the engine connects at once; if nobody does, nobody will."""


class Staying:
    """Knows when the engine is to end by itself, as things stand. For one thread."""

    def __init__(self, keep: bool, idle_seconds: float) -> None:
        self.keep = keep
        """Whether it goes on without a client: until it has had no run for ``idle_seconds``."""
        self._idle_seconds = idle_seconds
        self._idle_since: float | None = None
        self.had_client = False
        """Whether anybody has come yet."""
        self._give_up_at = time.monotonic() + _FIRST_CLIENT_SECONDS

    def seconds_left(self, clients: int, busy: bool) -> float:
        """0 or less: now; infinity: not before something happens."""
        now = time.monotonic()
        if clients or (self.keep and busy):
            self._idle_since = None
            return math.inf
        if not self.had_client:
            return self._give_up_at - now
        if not self.keep:
            return 0.0
        if self._idle_since is None:
            self._idle_since = now
        return self._idle_since + self._idle_seconds - now

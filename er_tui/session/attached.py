# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client of an engine that somebody else started."""

from __future__ import annotations

import os
from collections.abc import Callable

from er_tui.session.connection import Connection
from er_tui.session.engines import Engine, EngineError, wait_ended
from er_tui.session.lifeline import Lifeline
from er_tui.session.restorer import Restorer


class AttachedClient(Connection):
    """Connected to a living engine; raises EngineError if that cannot be.

    ``terminal`` is a descriptor of the terminal that is restored if we die with it taken, by a
    small process of ours that does nothing else.
    """

    def __init__(
        self,
        engine: Engine,
        wake: Callable[[], None] = lambda: None,
        *,
        terminal: int | None = None,
    ) -> None:
        engine.check_version()
        pidfd = engine.opened()
        if pidfd is None:
            raise EngineError(f"engine {engine.pid} has just ended")
        self._pidfd = pidfd
        connected = engine.connect()
        self._restorer = None if terminal is None else Restorer(terminal)
        if self._restorer is not None:
            self.lifeline = self._restorer.lifeline
        else:
            self.lifeline = Lifeline(open(os.devnull, "wb", buffering=0))  # noqa: SIM115 - it closes
        super().__init__(connected, wake)

    def _stayed(self) -> None:
        self._let_go()

    def _wait_ended(self, seconds: float) -> bool:
        ended = wait_ended(self._pidfd, seconds)
        self._let_go()
        return ended

    def _last_words(self) -> str:
        return "it was killed, or it failed"

    def _let_go(self) -> None:
        os.close(self._pidfd)
        if self._restorer is not None:
            self._restorer.close()

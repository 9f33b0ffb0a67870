# SPDX-License-Identifier: AGPL-3.0-or-later
"""An engine that is none: it says what a test puts into its mouth."""

from __future__ import annotations

from collections import deque

from er_tui.engine.messages import Message
from er_tui.session.client import EngineGone


class Overheard:
    """Takes down what it is told."""

    def __init__(self) -> None:
        self.inbox: deque[Message | EngineGone] = deque()
        self.others = 0
        self.told: list[Message] = []

    def send(self, message: Message) -> None:
        self.told.append(message)

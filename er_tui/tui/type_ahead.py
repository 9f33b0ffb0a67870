# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys that come faster than what they open: each waits until the one before has taken effect."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from textual import events
from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.message import Message
from textual.widget import Widget

Typed: TypeAlias = events.Key | events.Paste

_AGAIN_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 2.0
"""After which the next key does not wait any more, whatever became of the one before."""
_MOST_ROUNDS: Final = 20
"""Where messages keep coming from elsewhere, so many are enough."""


class TypeAhead:
    """Gives an app what is typed, in order and one at a time.

    A key has taken effect when a message sent after it, from the focused widget up to the app, has
    found nothing more that waits on its way, and the keys still go to the widget it began at; and
    this twice, because each queue on the way may hold one message that it does not count. Until
    then what the key opens (an input, another screen) may not have the focus yet.
    """

    class Passed(Message):
        """All that a key has caused until now was ahead of this one."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, app: App[Any], deliver: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._waiting: deque[Typed] = deque()
        self._target: Widget | None = None
        """Where the message has begun; None when no key is on its way."""
        self._number = 0
        self._begun_at = 0.0
        """When the key was delivered that is taking effect; monotonic, like the next."""
        self._sent_at = 0.0
        self._rounds = 0
        self._quiet_rounds = 0

    async def take(self, event: Typed) -> None:
        """Something was typed."""
        self._waiting.append(event)
        if self._target is None:
            await self._next()

    async def passed(self, message: TypeAhead.Passed) -> None:
        """The message has come through."""
        if message.number == self._number and self._target is not None:
            self._rounds += 1
            self._quiet_rounds = self._quiet_rounds + 1 if self._is_quiet(self._target) else 0
            if self._quiet_rounds == 2 or self._rounds == _MOST_ROUNDS:
                await self._next()
            else:
                self._send()

    def look_after(self) -> None:
        """See that the keyboard is never dead: what the message was on its way through may be gone.

        Another one is sent then. One too many is harmless: only the last counts.
        """
        if self._target is None:
            return
        now = time.monotonic()
        if now > self._begun_at + _LONGEST_SECONDS:
            self._begun_at = now
            self._app.call_later(self._next)
        elif now > self._sent_at + _AGAIN_SECONDS or not self._target.is_attached:
            self._send()

    async def _next(self) -> None:
        self._target = None
        self._rounds = self._quiet_rounds = 0
        # Another key that comes while this one is delivered must not overtake it.
        if self._waiting and (target := self._keys_go_to) is not None:
            self._target = target
            self._begun_at = self._sent_at = time.monotonic()
            await self._deliver(self._waiting.popleft())
            self._send()

    def _send(self) -> None:
        self._number += 1
        self._sent_at = time.monotonic()
        self._target = self._keys_go_to
        if self._target is not None and not self._target.post_message(self.Passed(self._number)):
            self._app.post_message(self.Passed(self._number))

    @property
    def _keys_go_to(self) -> Widget | None:
        """None once the app is being taken down."""
        try:
            return self._app.focused or self._app.screen
        except ScreenStackError:
            return None

    def _is_quiet(self, target: Widget) -> bool:
        if target is not self._keys_go_to:
            return False
        way: list[DOMNode] = target.ancestors_with_self
        return not any(node.message_queue_size for node in way)

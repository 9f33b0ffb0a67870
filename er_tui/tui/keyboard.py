# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the keys go: to the dashboard, or all of them to a run."""

from __future__ import annotations

import time

from textual import events

from er_tui.session.session import Session
from er_tui.tui.commands import BY_ID
from er_tui.tui.keys import bytes_typed
from er_tui.tui.panes.output_pane import OutputPane

_DEAF_SECONDS = 0.7
"""A run that ends while it is typed to must not turn the rest of a word into commands: keys go
nowhere until there is such a pause."""
_LONG_AGO = float("-inf")


class Keyboard:
    """Takes the keys from the dashboard while the output pane is in input mode."""

    def __init__(self, session: Session, output: OutputPane) -> None:
        self._session = session
        self._output = output
        self._dropped_at = _LONG_AGO

    @property
    def typing(self) -> bool:
        """Whether what is typed goes to a run, all but the key that ends that."""
        return self._output.typing is not None

    @property
    def taken(self) -> bool:
        """Whether :meth:`take` is to be given the keys, and nothing else any of them."""
        deaf_since = max(self._dropped_at, self._output.input_lost_at)
        return self.typing or time.monotonic() < deaf_since + _DEAF_SECONDS

    def take(self, event: events.Key | events.Paste) -> None:
        """A key or paste, while they are :attr:`taken`."""
        run_id = self._output.typing
        if isinstance(event, events.Key) and event.key in BY_ID["end_input"].keys.split(","):
            self.take_back()
        elif run_id is not None:
            self._session.type_keys(run_id, bytes_typed(event))
        else:
            self._dropped_at = time.monotonic()

    def take_back(self) -> None:
        """The keys are the dashboard's again, at once."""
        self._output.end_input()
        self._dropped_at = self._output.input_lost_at = _LONG_AGO

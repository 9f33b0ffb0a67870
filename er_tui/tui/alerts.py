# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bell, and a notification of the terminal's own, where a run ends badly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from er_tui.session.session import Session
from er_tui.tui.troubles import failures

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the user asked for; neither is given unasked."""

    bell: bool = False
    notify: bool = False
    """By OSC 9, which terminals show as a notification of the desktop, or pass over."""

    def tell(self, session: Session, finished: Iterable[str], write: Callable[[str], None]) -> None:
        """Alert the user of those of the runs that failed, once for all of them."""
        names = failures(session, finished) if self.bell or self.notify else []
        if not names:
            return
        if self.bell:
            write("\a")
        if self.notify:
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            write(f"\x1b]9;er-tui: {', '.join(names[:_MOST_NAMES])}{more} failed\a")

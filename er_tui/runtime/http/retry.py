# SPDX-License-Identifier: AGPL-3.0-or-later
"""When to ask again after a failure that may pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRANSIENT_CODES = frozenset({408, 429}) | frozenset(range(500, 600))
_LONGEST_BACKOFF_SECONDS = 60.0
_SHORTEST_BACKOFF_SECONDS = 0.1


def backoff(failures: int, interval: float, random: Callable[[], float]) -> float:
    """Seconds to wait after that many failures in a row: doubling, jittered, bounded.

    At least ``interval``; ``random`` gives 0 to 1 and spreads runs that failed together.
    """
    base = max(interval, _SHORTEST_BACKOFF_SECONDS)
    longest = max(base, _LONGEST_BACKOFF_SECONDS)
    exponential = min(base * 2.0 ** min(failures - 1, 30), longest)
    return max(interval, exponential * (0.5 + random() / 2))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the server asks to wait, from seconds or an HTTP-date; None without a usable
    ``Retry-After``."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None  # no date, or none that a calendar has

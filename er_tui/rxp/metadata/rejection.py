# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a run cannot start."""

from __future__ import annotations

from collections.abc import Sequence


class Rejection(Exception):
    """The run cannot start; the message is the result's ``error_summary``."""

    def __init__(self, reason: str, key: str | None = None) -> None:
        super().__init__(reason)
        self.key = key
        """The metadata key at fault, if one is."""


def nearest(key: str, known: Sequence[str], prefix: str) -> str:
    """The known key that an unknown one may have been meant for, as the end of a sentence."""
    import difflib  # needed for a mistake only

    near = difflib.get_close_matches(key.removeprefix(prefix), known, n=1)
    return f" (did you mean {prefix + near[0]!r}?)" if near else ""

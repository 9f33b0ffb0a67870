# SPDX-License-Identifier: AGPL-3.0-or-later
"""The last line a run wrote, for a list row."""

from __future__ import annotations

import os

from er_tui.session.state import RunState
from er_tui.text.ansi import plain_line

_TAIL_BYTES = 2048
_MOST_KNOWN = 256
"""Several screens of rows; the words of others are read again when they are seen again."""


class LastWords:
    """Reads the end of a capture when a row is drawn, and again only when it has grown."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, str]] = {}
        """Those read last stand last."""

    def of(self, run: RunState) -> str:
        """The last line that says something; safe text, empty for none."""
        if run.directory is None or run.last_stream is None:
            return ""
        size = run.stdout_bytes + run.stderr_bytes
        known = self._known.pop(run.run_id, None)
        if known is None or known[0] != size:
            path = f"{run.directory}/{run.last_stream}.txt"
            end = run.stdout_bytes if run.last_stream == "stdout" else run.stderr_bytes
            known = (size, _last_line(path, end))
        self._known[run.run_id] = known
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return known[1]


def _last_line(path: str, end: int) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        tail = os.pread(descriptor, _TAIL_BYTES, max(0, end - _TAIL_BYTES))
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    for line in reversed(tail.split(b"\n")):
        text = plain_line(line).strip()
        if text:
            return text
    return ""

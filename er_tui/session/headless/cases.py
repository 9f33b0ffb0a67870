# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was asked for, run by run, and what came of it: for the summary, the exit code, the report.

A case is one run that was asked for, begun or not, or a file that cannot be run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from er_tui.rxp import InvocationFileError
from er_tui.session.library import Entry
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line

NOT_STARTED = "not started"
INVALID = "invalid"


@dataclass(slots=True)
class Case:
    """One run that was asked for."""

    entry: Entry
    number: int = 1
    """Which of the repeats of its invocation it is."""
    of: int = 1
    run: RunState | None = None
    """None before it is queued, and for what never is."""
    error: InvocationFileError | None = None
    """Why the file cannot be used."""
    why_not: str | None = None
    """Why it was not started, where another one was the cause."""

    @property
    def name(self) -> str:
        """As it is told; safe text."""
        name = safe_line(self.entry.name)
        return name if self.of == 1 else f"{name} ({self.number} of {self.of})"

    @property
    def standing(self) -> str:
        """The status or badge of its run, ``invalid`` or ``not started``."""
        if self.error is not None:
            return INVALID
        if self.run is None:
            return NOT_STARTED
        return self.run.badge or self.run.status

    @property
    def succeeded(self) -> bool:
        return self.standing == "succeeded"


def summary(cases: Iterable[Case], seconds: float) -> list[str]:
    """How many ended how, and which invocations did now this, now that."""
    cases = list(cases)
    counts = Counter(case.standing for case in cases)
    words = ", ".join(
        f"{count} {standing}" for standing, count in sorted(counts.items(), key=_rank)
    )
    lines = [f"{words or 'nothing was run'} in {seconds:.1f}s"]
    repeats: dict[str, list[bool]] = {}
    for case in cases:
        if case.of > 1 and case.run is not None and case.standing != "cancelled":
            repeats.setdefault(case.entry.key, []).append(case.succeeded)
    names = {case.entry.key: safe_line(case.entry.name) for case in cases}
    for key, ends in repeats.items():
        if 0 < sum(ends) < len(ends):
            lines.append(f"flaky: {names[key]} ({sum(ends)} of {len(ends)} succeeded)")
    return lines


_RANKS = ("succeeded", "failed", "timed_out", "rejected", "lost", INVALID, "cancelled", NOT_STARTED)


def _rank(counted: tuple[str, int]) -> int:
    return _RANKS.index(counted[0]) if counted[0] in _RANKS else len(_RANKS)

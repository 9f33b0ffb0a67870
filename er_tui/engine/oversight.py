# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guard, as the engine sees it: it asks whether we go on, and is noticed when it dies."""

from __future__ import annotations

import os


class Oversight:
    """Two pipes of which only the guard holds the other ends."""

    def __init__(self, questions: int, answers: int) -> None:
        for descriptor in (questions, answers):
            os.set_inheritable(descriptor, False)
        self._questions = questions
        self._answers = answers

    def fileno(self) -> int:
        """Readable when the guard asks, and when it is dead."""
        return self._questions

    def hear(self) -> bool:
        """Take in a question; False if the guard is dead."""
        return bool(os.read(self._questions, 1))

    def answer(self, goes_on: bool) -> None:
        """Say whether we go on, or end because nobody needs us."""
        try:
            os.write(self._answers, b"+" if goes_on else b"-")
        except BrokenPipeError:
            pass  # the guard has just died, and that is told by the other pipe

    def close(self) -> None:
        """Answer no more: we are ending."""
        os.close(self._questions)
        os.close(self._answers)

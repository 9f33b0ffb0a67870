# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the user types to find invocations: ``status:failed kind:http_async build``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

FIELDS = ("id", "name", "kind", "status", "runtime")
_LONGEST_GAP = 8
"""Characters that may be left out between two typed ones: of names, ``bld17`` is ``build-017``."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a query looks at of one invocation. Worth keeping: making one costs more than a look."""

    name: str
    status: str
    """As the screen words it, or any name of it: several are separated by spaces."""
    id: str = ""
    kind: str = ""
    runtime: str = ""
    everything: str = field(init=False, repr=False, compare=False)
    """All fields without their case, for words that may be in any."""
    folded_name: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = (self.id, self.name, self.kind, self.status, self.runtime)
        object.__setattr__(self, "everything", "\n".join(texts).casefold())
        object.__setattr__(self, "folded_name", self.name.casefold())


@dataclass(frozen=True, slots=True)
class Query:
    """All terms have to hold: ``field:value`` (several values with commas), or words of any field.

    ``-`` in front of a term means its contrary. A word is found as it is in any field, or in the
    name with letters left out. Case does not matter, and no text is a mistake.
    """

    text: str = ""
    _terms: tuple[Callable[[Subject], bool], ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        terms = tuple(_term(word) for word in self.text.casefold().split())
        object.__setattr__(self, "_terms", terms)

    def __bool__(self) -> bool:
        return bool(self._terms)

    def matches(self, subject: Subject) -> bool:
        # No generator: this is asked 20,000 times a key.
        for term in self._terms:  # noqa: SIM110
            if not term(subject):
                return False
        return True


def _term(word: str) -> Callable[[Subject], bool]:
    if len(word) > 1 and word[0] in "-!":
        holds = _term(word[1:])
        return lambda subject: not holds(subject)
    name, colon, value = word.partition(":")
    if colon and name in FIELDS:
        values = [_spelled(v) for v in value.split(",") if v]
        return lambda subject: (
            any(v in _spelled(getattr(subject, name).casefold()) for v in values) or not values
        )
    loose = _loose(word).search
    return lambda subject: word in subject.everything or loose(subject.folded_name) is not None


def _spelled(value: str) -> str:
    """``timed_out``, ``timed-out`` and ``timed out`` are one."""
    return value.replace("_", " ").replace("-", " ")


def _loose(word: str) -> re.Pattern[str]:
    """The letters of ``word`` in order, from the beginning of a part of a name."""
    gap = f"[^\n]{{0,{_LONGEST_GAP}}}?"
    return re.compile(r"(?<![^\W_])" + gap.join(map(re.escape, word)))

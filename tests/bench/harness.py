# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bench: a name, a promise, and a function that measures it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and what it is measured against."""

    name: str
    what: str
    value: float
    unit: str
    target: float
    """``value`` has to be at most this."""
    beside: str
    """What else was measured in the same run: the floor, the rival, the parts."""

    @property
    def holds(self) -> bool:
        return self.value <= self.target

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "FALLS SHORT"
        return (
            f"{self.name:<22} {self.value:8.2f} {self.unit:<3} target {self.target:g} {self.unit}"
            f"  {verdict:<11}  {self.what} ({self.beside})"
        )


Bench: TypeAlias = Callable[[], Iterable[Figure]]
BENCHES: dict[str, Bench] = {}


def bench(name: str) -> Callable[[Bench], Bench]:
    """Offer a function under ``name`` on the command line."""

    def register(function: Bench) -> Bench:
        BENCHES[name] = function
        return function

    return register


def alternate(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The median of each measure (seconds), taken in turns so that noise meets all alike."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for values, measure in zip(taken, measures, strict=True):
            values.append(measure())
    return [statistics.median(values) for values in taken]


def timed(action: Callable[[], object]) -> float:
    """How long ``action`` takes, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def as_json(figure: Figure) -> str:
    return json.dumps(asdict(figure) | {"holds": figure.holds})

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kinds of values that options take."""

from __future__ import annotations

import math
import re
from typing import Any

import click

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"([0-9]{1,15})(|k|m|g|kib|mib|gib)", re.ASCII | re.IGNORECASE)


class Size(click.ParamType[int]):
    """A number of bytes, above 0: ``4096``, ``500k``, ``10M``, ``2GiB``."""

    name = "size"

    def convert(
        self, value: object, parameter: click.Parameter | None, context: click.Context | None
    ) -> int:
        match = _SIZE.fullmatch(str(value))
        if match is None or not int(match[1]):
            self.fail(
                f"{value!r} is not a size: bytes, or with k, M, G (powers of 1000), "
                "KiB, MiB, GiB (of 1024)",
                parameter,
                context,
            )
        return int(match[1]) * _UNITS[match[2].lower()]


_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)


class Age(click.ParamType[float]):
    """A span of time, in seconds: ``90m``, ``12h``, ``30d``, ``4w``."""

    name = "age"

    def convert(
        self, value: object, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        match = _AGE.fullmatch(str(value))
        if match is None:
            self.fail(
                f"{value!r} is not an age: a number with s, m (minutes), h, d or w",
                parameter,
                context,
            )
        return float(match[1]) * _SPANS[match[2]]


class Seconds(click.FloatRange):
    """A range of seconds; nan, which is in every range, is in none."""

    name = "number of seconds"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, parameter, context)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number of seconds", parameter, context)
        return seconds

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

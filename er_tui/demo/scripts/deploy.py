# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fails with a Python traceback on standard error."""

STOCK = {"bolts": 120, "nuts": 80}


def reserve(item: str, count: int) -> int:
    left = STOCK[item] - count
    print(f"reserved {count} {item}, {left} left")
    return left


def deploy(order: dict[str, int]) -> None:
    for item, count in order.items():
        reserve(item, count)


deploy({"bolts": 20, "nuts": 5, "washers": 40})

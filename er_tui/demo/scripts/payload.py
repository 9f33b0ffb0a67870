# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads its input payload, a CSV of orders, from standard input."""

import csv
import sys

total = 0.0
for order in csv.DictReader(sys.stdin):
    price = int(order["count"]) * float(order["price"])
    total += price
    print(f"{order['item']:<12} {order['count']:>3} x {order['price']:>6} = {price:8.2f}")
print(f"{'total':<27} {total:8.2f}")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ignores every polite request to end."""

import signal
import time

for name in ("SIGTERM", "SIGINT", "SIGHUP"):
    number = signal.Signals[name]
    signal.signal(number, lambda got, _frame: print(f"{signal.Signals(got).name}? Not today."))
print("I stay as long as I please")
while True:
    time.sleep(0.5)
    print("still here")

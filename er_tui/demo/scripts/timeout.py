# SPDX-License-Identifier: AGPL-3.0-or-later
"""Waits for an answer that does not come before the timeout."""

import time

print("asking the warehouse for its stock")
for seconds in range(1, 60):
    time.sleep(1)
    print(f"no answer for {seconds} s")

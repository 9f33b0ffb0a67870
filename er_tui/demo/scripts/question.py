# SPDX-License-Identifier: AGPL-3.0-or-later
"""A release on a terminal of its own: it asks before it goes on, and takes no answer for a no."""

import os
import select
import sys
import time

PATIENCE_SECONDS = 10
GREEN, YELLOW, BOLD, OFF = "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"

columns, rows = os.get_terminal_size()
print(f"{BOLD}release 2.4.0{OFF} on a terminal of {columns} by {rows}")
for step in ("version", "changes", "signature"):
    print(f"  {GREEN}✓{OFF} {step} checked")
    time.sleep(0.2)

print(f"{YELLOW}?{OFF} Publish it? [y/N] ", end="", flush=True)
ready, _, _ = select.select([sys.stdin], [], [], PATIENCE_SECONDS)
if not ready:
    print(f"\n{YELLOW}no answer for {PATIENCE_SECONDS} seconds: nothing was published{OFF}")
elif sys.stdin.readline().strip().lower() in ("y", "yes"):
    print(f"{GREEN}published{OFF}")
else:
    print(f"{YELLOW}nothing was published{OFF}")

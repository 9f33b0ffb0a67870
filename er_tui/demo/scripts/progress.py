# SPDX-License-Identifier: AGPL-3.0-or-later
"""A progress bar that draws over itself with carriage returns."""

import time

WIDTH = 40

for file in ("dataset-a.tar", "dataset-b.tar"):
    for done in range(WIDTH + 1):
        bar = "#" * done + "-" * (WIDTH - done)
        print(f"\r{file} [{bar}] {done * 100 // WIDTH:3d}%", end="")
        time.sleep(0.03)
    print("  done")

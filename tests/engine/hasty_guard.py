# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guard, but that it asks ten times a second and waits a second for the answer."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from er_tui.engine import guard

guard._ASK_SECONDS = 0.1
guard._ENGINE_SECONDS = 1.0
if __name__ == "__main__":
    guard.main()

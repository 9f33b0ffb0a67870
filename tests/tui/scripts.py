# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the runs of these tests do, as shell scripts."""

from pathlib import Path

STAY = "echo here I am; while :; do sleep 1; done"
DEAF = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
FAIL = "echo no such host >&2; exit 3"


def stay_until(gate: Path) -> str:
    """Wait for a file that the test makes."""
    return f"while [ ! -e '{gate}' ]; do sleep 0.02; done"

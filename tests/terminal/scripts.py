# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the runs of these tests do, as shell scripts."""

from __future__ import annotations

from pathlib import Path

FAMILY = """\
(while :; do sleep 1; done) &
echo family of $$ and $!
wait
"""
"""A child with a grandchild, which both end with the group."""

DEAF_FAMILY = """\
trap '' TERM HUP INT
(trap '' TERM HUP INT; while :; do sleep 0.2; done) &
echo deaf family of $$ and $!
while :; do sleep 0.2; done
"""
"""A child and a grandchild that only SIGKILL ends."""


def until_exists(path: Path) -> str:
    """Wait for a file that the test makes."""
    return f"while [ ! -e '{path}' ]; do sleep 0.02; done"

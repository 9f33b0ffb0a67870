# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sample invocations that run processes, and one file with a mistake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeKind


@dataclass(frozen=True, slots=True)
class Sample:
    """One invocation.

    In its command, payload and metadata ``{python}``, ``{scripts}`` and ``{backend}`` stand for
    where those are. A command means nothing to an HTTP invocation, but RxP wants one.
    """

    name: str
    about: str
    command: tuple[str, ...] = ("-",)
    kind: RuntimeKind = "subprocess"
    timeout_seconds: int = 60
    payload: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


PROCESS_SAMPLES = (
    Sample("build", "a chatty build of 15 seconds", ("{python}", "{scripts}/build.py")),
    Sample("colours", "16, 256 and 16 million colours", ("{python}", "{scripts}/colours.py")),
    Sample(
        "family",
        "a parent with grandchildren that leaves one behind; what is left is swept",
        ("/bin/sh", "{scripts}/family.sh"),
    ),
    Sample(
        "interleaved",
        "standard output and standard error, in the order they came",
        ("{python}", "{scripts}/interleaved.py"),
    ),
    Sample(
        "missing-binary",
        "a program that is not installed",
        ("program-that-is-not-installed", "--fast"),
    ),
    Sample(
        "payload",
        "reads its input payload from standard input",
        ("{python}", "{scripts}/payload.py"),
        payload="{scripts}/orders.csv",
    ),
    Sample(
        "progress",
        "a progress bar drawn with carriage returns",
        ("{python}", "{scripts}/progress.py"),
    ),
    Sample(
        "question",
        "has a terminal of its own and asks a question there; i types the answer",
        ("{python}", "{scripts}/question.py"),
        metadata={"subprocess.pty": "true"},
    ),
    Sample(
        "secret",
        "a secret in its environment and one in its command, neither of them shown",
        ("{python}", "{scripts}/secret.py", "--token=not-a-real-token"),
        environment={"DEMO_API_KEY": "not-a-real-key-0123456789"},
    ),
    Sample(
        "stubborn",
        "ignores SIGTERM; SIGKILL follows after a second",
        ("{python}", "{scripts}/stubborn.py"),
        timeout_seconds=2,
        metadata={"subprocess.grace_seconds": "1"},
    ),
    Sample(
        "timeout",
        "takes longer than its three seconds",
        ("{python}", "{scripts}/timeout.py"),
        timeout_seconds=3,
    ),
    Sample(
        "traceback",
        "fails with a Python traceback on standard error",
        ("{python}", "{scripts}/deploy.py"),
    ),
)

BROKEN = """\
{
  "invocation_id": "broken",
  "runtime_name": "demo",
  "runtime_kind" "subprocess",
  "working_directory": ".",
  "command": ["true"]
}
"""
"""A file with a mistake on its fourth line."""

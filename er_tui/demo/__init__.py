# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ``--demo`` runs: sample invocations that show in a minute what the dashboard does."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from er_tui.rxp import RuntimeInvocation

_SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True, slots=True)
class Sample:
    """One invocation; ``{python}`` and ``{scripts}`` in its words stand for where those are."""

    name: str
    about: str
    command: tuple[str, ...]
    timeout_seconds: int = 60
    payload: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


SAMPLES = (
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


def write_demo() -> Path:
    """Write the invocation files, and the scripts they run, to a fresh folder; which one."""
    folder = Path(tempfile.mkdtemp(prefix="er-tui-demo-"))
    scripts = folder / "scripts"
    shutil.copytree(_SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    for sample in SAMPLES:
        document = _invocation(sample, folder, scripts).model_dump_json(indent=2)
        (folder / f"{sample.name}.json").write_text(document + "\n", encoding="utf-8")
    (folder / "broken.json").write_text(BROKEN, encoding="utf-8")
    return folder


def _invocation(sample: Sample, folder: Path, scripts: Path) -> RuntimeInvocation:
    def placed(text: str) -> str:
        return text.replace("{python}", sys.executable).replace("{scripts}", str(scripts))

    return RuntimeInvocation(
        invocation_id=sample.name,
        runtime_name="demo",
        runtime_kind="subprocess",
        working_directory=str(folder),
        command=[placed(word) for word in sample.command],
        environment=sample.environment,
        timeout_seconds=sample.timeout_seconds,
        input_payload_path=sample.payload and placed(sample.payload),
        metadata={"demo.about": sample.about} | sample.metadata,
    )

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ``--demo`` runs: sample invocations that show in a minute what the dashboard does."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from er_tui.demo.http_samples import HTTP_SAMPLES
from er_tui.demo.samples import BROKEN, PROCESS_SAMPLES, Sample

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeInvocation

_SCRIPTS = Path(__file__).parent / "scripts"


def write_demo(backend_url: str) -> Path:
    """Write the invocation files, and the scripts they run, to a fresh folder; which one.

    The HTTP invocations speak to ``backend_url``, where the demo's backend is expected to serve.
    """
    folder = Path(tempfile.mkdtemp(prefix="er-tui-demo-"))
    scripts = folder / "scripts"
    shutil.copytree(_SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    places = {"{python}": sys.executable, "{scripts}": str(scripts), "{backend}": backend_url}

    def placed(text: str) -> str:
        for name, place in places.items():
            text = text.replace(name, place)
        return text

    for sample in (*PROCESS_SAMPLES, *HTTP_SAMPLES):
        document = _invocation(sample, folder, placed).model_dump_json(indent=2)
        (folder / f"{sample.name}.json").write_text(document + "\n", encoding="utf-8")
    (folder / "broken.json").write_text(BROKEN, encoding="utf-8")
    return folder


def _invocation(sample: Sample, folder: Path, placed: Callable[[str], str]) -> RuntimeInvocation:
    # Imported late: the backend's process imports this package, and has no use for pydantic.
    from er_tui.rxp import RuntimeInvocation

    return RuntimeInvocation(
        invocation_id=sample.name,
        runtime_name="demo",
        runtime_kind=sample.kind,
        working_directory=str(folder),
        command=[placed(word) for word in sample.command],
        environment=sample.environment,
        timeout_seconds=sample.timeout_seconds,
        input_payload_path=sample.payload and placed(sample.payload),
        metadata={"demo.about": sample.about}
        | {name: placed(value) for name, value in sample.metadata.items()},
    )

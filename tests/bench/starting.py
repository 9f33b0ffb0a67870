# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long until something is there: version, imports, first paint, a child's first line."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, alternate, bench, timed
from tests.bench.screen import Screen

_ROUNDS = 15
_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello-there")
Hello().run()
"""


def _process(*arguments: str) -> float:
    command = [sys.executable, *arguments]
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


@bench("version")
def version() -> Iterator[Figure]:
    """The quickest thing the command does."""
    ours, bare = alternate(
        _ROUNDS,
        lambda: _process("-m", "er_tui", "--version"),
        lambda: _process("-c", "pass"),
    )
    yield Figure(
        "version", "er-tui --version", ours * 1000, "ms", 80, f"python -c pass {bare * 1000:.0f} ms"
    )


_LIBRARY = "from er_tui.runtime import ExecutorRuntime"


def _import_seconds(statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    return float(subprocess.check_output([sys.executable, "-c", code]))


@bench("import")
def imports() -> Iterator[Figure]:
    """The library's import against that of the models it cannot do without."""
    ours, models = alternate(
        _ROUNDS,
        lambda: _import_seconds(_LIBRARY),
        lambda: _import_seconds("import er_tui.rxp.bundled"),
    )
    yield Figure(
        "import",
        f"{_LIBRARY} against the three bundled models alone",
        ours / models,
        "×",
        1.3,
        f"{ours * 1000:.0f} ms, models {models * 1000:.0f} ms",
    )
    code = f"import sys; {_LIBRARY}; print(*{{'textual', 'rich', 'httpx'}} & set(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    yield Figure(
        "import-heavy",
        f"of textual, rich and httpx loaded by {_LIBRARY}",
        len(loaded),
        "",
        0,
        " ".join(loaded) or "none",
    )


def _write(folder: Path, name: str, command: list[str]) -> None:
    document = {
        "schema_version": "0.1",
        "contract_kind": "runtime_invocation",
        "invocation_id": name,
        "runtime_name": "bench",
        "runtime_kind": "subprocess",
        "working_directory": str(folder),
        "command": command,
        "environment": {},
        "timeout_seconds": 60,
        "input_payload_path": None,
        "output_result_path": None,
        "artifact_directory": None,
        "metadata": {},
    }
    (folder / f"{name}.json").write_text(json.dumps(document))


def _seconds_to(command: list[str], text: str) -> float:
    with Screen(command) as screen:
        return screen.seconds_until(text.encode())


@bench("first-paint")
def first_paint() -> Iterator[Figure]:
    """From the start of the process until the last of 20 invocations is on the screen."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hello = folder / "hello.py"
        hello.write_text(_HELLO)
        for number in range(20):
            _write(folder, f"invocation-{number:02d}", ["true"])
        ours, bare = alternate(
            _ROUNDS,
            lambda: _seconds_to([sys.executable, "-m", "er_tui", str(folder)], "invocation-19"),
            lambda: _seconds_to([sys.executable, str(hello)], "hello-there"),
        )
    yield Figure(
        "first-paint",
        "the dashboard on 20 invocations, from process start to its first paint",
        ours * 1000,
        "ms",
        400,
        f"one word in a bare Textual app {bare * 1000:.0f} ms, ratio {ours / bare:.1f}",
    )


@bench("first-line")
def first_line() -> Iterator[Figure]:
    """From the run key until what the child says first is on the screen."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        word = folder / "word"
        _write(folder, "speaks", ["sh", "-c", "cat word"])
        with Screen([sys.executable, "-m", "er_tui", str(folder)]) as screen:
            screen.seconds_until(b"jobs 0/")
            for number in range(_ROUNDS):
                said = f"word-number-{number:04d}"
                word.write_text(said + "\n")
                screen.type("r")
                taken.append(screen.seconds_until(said.encode()))
                screen.settle()
    yield Figure(
        "first-line",
        "from the run key to the child's first line on the screen",
        statistics.median(taken) * 1000,
        "ms",
        250,
        f"slowest of {len(taken)} {max(taken) * 1000:.0f} ms",
    )

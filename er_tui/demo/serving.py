# SPDX-License-Identifier: AGPL-3.0-or-later
"""The demo's HTTP backend as a process of its own, for as long as someone needs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import er_tui

_END_SECONDS = 2.0
_BACKEND = """\
import runpy, sys
root = sys.argv.pop(1)
if root not in sys.path:
    sys.path.insert(0, root)
runpy.run_module("er_tui.demo.backend", run_name="__main__", alter_sys=True)
"""
"""``python -m er_tui.demo.backend``, but for the current folder, whose ``http.py`` is not ours."""


class BackendError(RuntimeError):
    """The backend did not start; the text says why."""


@contextmanager
def serving() -> Iterator[str]:
    """Start the backend and end it with the context; yields its URL when it can be connected to.

    It has a session of its own, so that Ctrl-C in the terminal does not reach it, and dies with
    this process, however that dies. Raises BackendError if it cannot serve.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _BACKEND, str(Path(er_tui.__file__).parents[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline().decode(errors="replace").strip()
        if not said.startswith("http://"):
            raise BackendError(f"the demo's backend did not start: {said or 'it said nothing'}")
        yield said
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()

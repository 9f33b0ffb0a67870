# SPDX-License-Identifier: AGPL-3.0-or-later
"""The result, delivered where the invocation asked for it: ``output_result_path``."""

from __future__ import annotations

import os
import stat

from er_tui.journal.run_directory import words_of
from er_tui.rxp import RuntimeResult, write_result


def delivery_problem(target: str | None) -> str | None:
    """Why no result could be written to ``target``, as far as a look can tell before the run.

    A run whose result cannot be handed over is better refused than paid for.
    """
    if not target:
        return None
    if "\0" in target:
        return "output_result_path must not hold a NUL character"
    try:
        path = os.path.abspath(target)
        if os.path.isdir(path):
            return f"output_result_path is a directory: {target}"
        mode = os.lstat(path).st_mode if os.path.lexists(path) else stat.S_IFREG
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):  # it would be replaced, a device too
            return f"output_result_path is not a regular file: {target}"
        folder = os.path.dirname(path)
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
    except OSError as error:  # a relative path, and the directory of this process is gone
        return f"output_result_path cannot be written: {target}: {words_of(error)}"
    if not os.path.isdir(folder):
        return f"output_result_path cannot be written: {folder} is not a directory"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"output_result_path cannot be written: no permission to write in {folder}"
    return None


def deliver(target: str | None, result: RuntimeResult) -> RuntimeResult:
    """Write ``result`` to ``target`` and give back the result that stands.

    Where the write fails a success becomes a failure: whoever waits for the file would wait for
    ever. Any other outcome keeps its status and says so too.
    """
    if not target:
        return result
    try:
        write_result(os.path.abspath(target), result)
    except (OSError, ValueError) as error:
        reason = f"result cannot be written to output_result_path {target}: {words_of(error)}"
        if result.status == "succeeded":
            return result.model_copy(update={"status": "failed", "error_summary": reason})
        summary = f"{result.error_summary or result.status}\n{reason}"
        return result.model_copy(update={"error_summary": summary})
    return result

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What looks mistaken in an invocation that can be read: it would be refused, or go on for ever.

Looks at the machine as a runner would, and starts nothing.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from er_tui.journal.run_directory import invocation_id_problem
from er_tui.rxp import RuntimeInvocation
from er_tui.rxp.metadata.http import read_poll, read_request, unknown_http_keys
from er_tui.rxp.metadata.process import ProcessSettings, read_settings, unknown_process_keys
from er_tui.rxp.metadata.rejection import Rejection

_HTTP_KINDS = ("http", "http_async")
_SERVED_KINDS = ("subprocess", *_HTTP_KINDS)


class Lint(NamedTuple):
    """One thing that looks mistaken."""

    field: tuple[str | int, ...]
    """Where, as keys and indices from the root of the document."""
    message: str


def lints(invocation: RuntimeInvocation) -> Iterator[Lint]:
    """All that looks mistaken, field by field. The messages may quote values, secrets too."""
    if problem := invocation_id_problem(invocation.invocation_id):
        yield Lint(("invocation_id",), problem)
    kind = invocation.runtime_kind
    if kind not in _SERVED_KINDS:
        yield Lint(("runtime_kind",), f"no runner here serves runtime_kind {kind!r}")
    place = _directory_problem(invocation.working_directory)
    if place is not None:
        yield Lint(("working_directory",), place)
    if kind == "subprocess" and (problem := _program_problem(invocation, usable=place is None)):
        yield Lint(("command", 0), problem)
    if invocation.timeout_seconds is None:
        yield Lint(("timeout_seconds",), "no timeout_seconds: the run may go on for ever")
    if kind == "subprocess" and (problem := _payload_problem(invocation)):
        yield Lint(("input_payload_path",), problem)
    for rejection in _metadata_problems(invocation):
        field = ("metadata", rejection.key) if rejection.key is not None else ("metadata",)
        yield Lint(field, str(rejection))


def _directory_problem(path: str) -> str | None:
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"working directory does not exist: {path}"
    except (OSError, ValueError) as error:
        return f"working directory cannot be used: {path}: {_words(error)}"
    if not stat.S_ISDIR(mode):
        return f"working directory is not a directory: {path}"
    if not os.access(path, os.X_OK):
        return f"working directory may not be entered: {path}"
    return None


def _program_problem(invocation: RuntimeInvocation, *, usable: bool) -> str | None:
    """As the system looks for it: along the child's PATH, from its working directory."""
    program = invocation.command[0]
    if not program:
        return "the name of the program is empty"
    if "\0" in program:
        return "the name of the program holds a NUL character"
    if "/" in program:
        found = [program]
    else:
        path = {**os.environ, **invocation.environment}.get("PATH", os.defpath)
        found = [os.path.join(folder, program) for folder in path.split(os.pathsep)]
    if not usable:  # nothing can be said of what is looked for from there
        found = [place for place in found if os.path.isabs(place)]
        if "/" in program and not found:
            return None
    places = [os.path.join(invocation.working_directory, place) for place in found]
    if any(shutil.which(place) for place in places):
        return None
    if any(os.path.isfile(place) for place in places):
        return f"program is not executable: {program}"
    where = "" if "/" in program else " in the PATH of the run"
    return f"program not found{where}: {program}"


def _payload_problem(invocation: RuntimeInvocation) -> str | None:
    path = invocation.input_payload_path
    if not path or invocation.metadata.get("subprocess.stdin") == "none" or path == os.devnull:
        return None
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"input_payload_path does not exist: {path}"
    except (OSError, ValueError) as error:
        return f"input_payload_path cannot be read: {path}: {_words(error)}"
    if not stat.S_ISREG(mode):
        return f"input_payload_path is not a regular file: {path}"
    if not os.access(path, os.R_OK):
        return f"input_payload_path may not be read: {path}"
    return None


def _metadata_problems(invocation: RuntimeInvocation) -> Iterator[Rejection]:
    """What the runners would refuse, and keys that they would not look at."""
    kind, metadata = invocation.runtime_kind, dict(invocation.metadata)
    unknown = unknown_process_keys(metadata)
    unknown += unknown_http_keys(metadata, polls=kind != "http")
    unknown += [
        Rejection(f"unknown metadata key {key!r}: no runner reads such keys", key)
        for key in metadata
        if key.startswith("container.")
    ]
    yield from unknown
    for rejection in unknown:
        metadata.pop(rejection.key or "", None)
    for key in metadata:
        if key.startswith("http.") and kind not in _HTTP_KINDS:
            yield Rejection(f"metadata {key!r} means nothing for runtime_kind {kind}", key)
        if key.startswith("subprocess.") and kind != "subprocess":
            yield Rejection(f"metadata {key!r} means nothing for runtime_kind {kind}", key)
    if kind == "subprocess":
        yield from _refusals(lambda values: read_settings(values, ProcessSettings()), metadata)
    elif kind in _HTTP_KINDS:

        def read(values: Mapping[str, str]) -> object:
            changed = invocation.model_copy(update={"metadata": dict(values)})
            polls = kind == "http_async"
            request = read_request(changed, verify=True, redirects="same-origin", polls=polls)
            return request, read_poll(changed) if polls else None

        yield from _refusals(read, metadata)


def _refusals(
    read: Callable[[Mapping[str, str]], object], metadata: Mapping[str, str]
) -> Iterator[Rejection]:
    """Each key that is refused, as far as they can be told apart: one is taken away at a time."""
    left = dict(metadata)
    while True:
        try:
            read(left)
        except Rejection as rejection:
            if rejection.key in left:
                del left[rejection.key]
            elif rejection.key in metadata:
                return  # it is missing because it was taken away
            else:
                yield rejection
                return
            yield rejection
        else:
            return


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)

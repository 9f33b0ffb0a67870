# SPDX-License-Identifier: AGPL-3.0-or-later
"""The run directory, written: one folder a run, made once, never touched by another run.

``<artifact_directory, else working_directory/.executor_runtime>/<invocation_id>/<run_id>/`` holds
``events.jsonl`` (made first: its presence is what marks a run directory), ``invocation.json`` and
``environment.json`` (masked), the captures, and last ``result.json``. Folders are made 0700 and
files 0600; what exists already is never changed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from er_tui.journal.events import Event
from er_tui.journal.lines import encode
from er_tui.journal.places import make_private_folders, mkdir_if_missing, state_folder
from er_tui.rxp.writing import write_result

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeInvocation, RuntimeResult

DEFAULT_FOLDER = ".executor_runtime"
EVENTS_FILE = "events.jsonl"
INVOCATION_FILE = "invocation.json"
ENVIRONMENT_FILE = "environment.json"
RESULT_FILE = "result.json"
LONGEST_INVOCATION_ID = 200
"""In bytes of UTF-8: file systems take 255 for a name."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def new_run_id() -> str:
    """A fresh run id: UTC to the microsecond, so that ids sort by time, and a random end."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
    return f"{stamp}.{nanoseconds // 1000:06d}Z-{secrets.token_hex(3)}"


def is_run_id(text: str) -> bool:
    """Whether ``text`` can name a run: one short plain path segment."""
    return _RUN_ID.fullmatch(text) is not None


def time_of_run_id(run_id: str) -> float | None:
    """When :func:`new_run_id` made it (Unix seconds); None for an id that somebody else chose."""
    import calendar  # writers of runs never ask

    stamp, _, rest = run_id.partition(".")
    try:
        seconds = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%S"))
        return seconds + int(rest[:6]) / 1e6
    except ValueError:
        return None


def bases_of(invocation: RuntimeInvocation) -> tuple[str, ...]:
    """The folders below which runs of it are recorded: its own, and the user's state folder.

    In each, ``<invocation_id>/<run_id>`` is a run. None for an id that can name no folder.
    """
    if invocation_id_problem(invocation.invocation_id):
        return ()
    own = invocation.artifact_directory or f"{invocation.working_directory}/{DEFAULT_FOLDER}"
    try:
        return os.path.abspath(own), str(state_folder() / "runs")
    except (OSError, ValueError):
        return ()


def invocation_id_problem(invocation_id: str) -> str | None:
    """Why ``invocation_id`` cannot name a folder, as a sentence; None when it can."""
    if invocation_id in {".", ".."} or "/" in invocation_id:
        return "invocation_id must be one plain path segment (no '/', not '.' or '..')"
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in invocation_id):
        return "invocation_id must not hold control characters"
    try:
        size = len(invocation_id.encode())
    except UnicodeEncodeError:
        return "invocation_id must be valid Unicode"
    if size > LONGEST_INVOCATION_ID:
        return f"invocation_id must not be longer than {LONGEST_INVOCATION_ID} bytes"
    return None


class Placement(NamedTuple):
    """Where a run is recorded, and what has to be said about that."""

    directory: RunDirectory | None
    refusal: str | None = None
    """Why the run must not start: its id or the folder it asked for cannot be used."""
    note: str | None = None
    """Why the record is not in its usual place, where that does not stop the run."""


class RunDirectory:
    """One run's folder, open for writing. Any write may raise OSError (a full disk, say)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._events = self.create_file(EVENTS_FILE)
        self._torn = False

    def create_file(self, name: str) -> int:
        """A new private file to read and append to; FileExistsError for anything planted."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(f"{self.path}/{name}", flags, 0o600)

    def write_document(self, name: str, document: Mapping[str, Any]) -> None:
        # One line: json writes indented text forty times slower, and every run pays for it.
        descriptor = self.create_file(name)
        try:
            _write_all(descriptor, json.dumps(document).encode() + b"\n")
        finally:
            os.close(descriptor)

    def append(self, event: Event) -> None:
        """One line, in one write: a reader sees it whole or not at all (short of a full disk)."""
        line = encode(event).encode() + b"\n"
        torn, self._torn = self._torn, True
        # A line that a full disk tore is ended first, or it would swallow this one.
        _write_all(self._events, b"\n" + line if torn else line)
        self._torn = False

    def append_late(self, event: Event) -> None:
        """One line more, when the directory was closed already."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(f"{self.path}/{EVENTS_FILE}", flags)
        try:
            _write_all(descriptor, encode(event).encode() + b"\n")
        finally:
            os.close(descriptor)

    def write_result(self, result: RuntimeResult) -> None:
        write_result(f"{self.path}/{RESULT_FILE}", result)

    def close(self) -> None:
        os.close(self._events)


def make_run_directory(invocation: RuntimeInvocation, run_id: str) -> Placement:
    """Make the directory of a run in its place, else in the user's state folder.

    Never raises for what the invocation or the file system did: a bad id, an explicit
    ``artifact_directory`` that cannot be used and a planted symlink come back as ``refusal``.
    """
    problem = invocation_id_problem(invocation.invocation_id)
    if problem:
        return Placement(None, refusal=problem)
    explicit = invocation.artifact_directory
    base = explicit or f"{invocation.working_directory}/{DEFAULT_FOLDER}"
    try:
        base = os.path.abspath(base)
        directory = _make(base, invocation.invocation_id, run_id, hidden=not explicit)
    except _PlantedLink as error:
        return _elsewhere(invocation, run_id, f"{error} is a symbolic link; not followed", True)
    except (OSError, ValueError) as error:
        shown = base.encode(errors="backslashreplace").decode()
        reason = f"run directory cannot be made in {shown}: {words_of(error)}"
        return _elsewhere(invocation, run_id, reason, refuse=bool(explicit))
    return Placement(directory)


class _PlantedLink(Exception):
    """A symlink stands where a folder of ours belongs."""


def _elsewhere(invocation: RuntimeInvocation, run_id: str, reason: str, refuse: bool) -> Placement:
    try:
        base = str(state_folder() / "runs")
        directory = _make(base, invocation.invocation_id, run_id, hidden=False)
    except (OSError, ValueError, _PlantedLink) as error:
        return Placement(None, refusal=f"{reason}; nor in the state folder: {words_of(error)}")
    if refuse:
        return Placement(directory, refusal=reason)
    return Placement(directory, note=reason)


def _make(base: str, invocation_id: str, run_id: str, hidden: bool) -> RunDirectory:
    parent = f"{base}/{invocation_id}"
    path = f"{parent}/{run_id}"
    path.encode()  # a result is JSON in UTF-8, and could not name any other path
    for folder in (base, parent) if hidden else (parent,):
        _refuse_link(folder)
    try:
        os.mkdir(path, 0o700)
    except FileNotFoundError:
        if hidden:
            _make_hidden(base)
        else:
            make_private_folders(base)
        mkdir_if_missing(parent)
        os.mkdir(path, 0o700)
    return RunDirectory(path)


def _refuse_link(folder: str) -> None:
    try:
        mode = os.lstat(folder).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise _PlantedLink(folder)


def _make_hidden(base: str) -> None:
    """``.executor_runtime``, which git leaves alone. The folder it goes into must exist."""
    try:
        os.mkdir(base, 0o700)
    except FileExistsError:
        return
    descriptor = os.open(
        f"{base}/.gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
    )
    try:
        os.write(descriptor, b"*\n")
    finally:
        os.close(descriptor)


def words_of(error: BaseException) -> str:
    """The error in words for a sentence: without errno and path, which the sentence names."""
    if isinstance(error, UnicodeEncodeError):
        return "the path is not valid UTF-8"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

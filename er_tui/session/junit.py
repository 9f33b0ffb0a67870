# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JUnit report of what was run: XML that is well-formed whatever the runs wrote."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from er_tui.session.headless.cases import Case
from er_tui.text.plain import plain_lines
from er_tui.text.safe import safe_block, safe_line

MOST_OUTPUT = 64 << 10
"""Bytes of the end of each capture that the report holds."""

_KINDS = {"failed": "failure", "timed_out": "failure", "cancelled": "skipped"}
_KINDS |= {"not started": "skipped", "succeeded": ""}
"""How JUnit calls an end; any other is an ``error``."""
_LONGEST_MESSAGE = 1000


def refusal(path: Path) -> str | None:
    """Why no report could be written there, as far as can be seen before."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None if path.parent.is_dir() else f"there is no folder {safe_line(str(path.parent))}"
    except OSError as error:
        return error.strerror
    return None if stat.S_ISREG(status.st_mode) else "it is no regular file"


def write_junit(path: Path, cases: Sequence[Case], begun_at: float, seconds: float) -> str | None:
    """Write the report in one step that no reader sees half of; why not, if it cannot be.

    A run that failed or timed out is a failure, one that was cancelled or not started is skipped,
    every other end (rejected, lost, an invalid file) is an error.
    """
    problem = refusal(path)
    if problem is not None:
        return f"{safe_line(str(path))}: {problem}"
    temporary = path.parent / f".{path.name[:100]}.{os.urandom(6).hex()}.tmp"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(temporary, flags, 0o666), "w", encoding="utf-8") as file:
                _write(file, cases, begun_at, seconds)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        return f"{safe_line(str(path))}: {error.strerror or error}"
    return None


def _write(file: TextIO, cases: Sequence[Case], begun_at: float, seconds: float) -> None:
    kinds = Counter(_kind(case) for case in cases)
    counts = " ".join(
        f'{name}="{count}"'
        for name, count in (
            ("tests", len(cases)),
            ("failures", kinds["failure"]),
            ("errors", kinds["error"]),
            ("skipped", kinds["skipped"]),
        )
    )
    timestamp = datetime.fromtimestamp(begun_at, UTC).isoformat(timespec="seconds")
    head = f'{counts} time="{seconds:.3f}"'
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    file.write(f'<testsuites name="er-tui" {head}>\n')
    file.write(f'<testsuite name="er-tui" {head} timestamp="{timestamp}">\n')
    for case in cases:
        for piece in _testcase(case, begun_at + seconds):
            file.write(piece)
    file.write("</testsuite>\n</testsuites>\n")


def _kind(case: Case) -> str:
    return _KINDS.get(case.standing, "error")


def _testcase(case: Case, now: float) -> Iterator[str]:
    run, invocation = case.run, case.entry.invocation
    took = run.seconds(now) if run is not None else None
    attributes = {
        "classname": invocation.invocation_id if invocation else case.entry.path.name,
        "name": case.name,
        "file": os.fspath(case.entry.path),
        "time": f"{took or 0:.3f}",
    }
    shown = " ".join(f"{name}={quoteattr(safe_line(text))}" for name, text in attributes.items())
    yield f"<testcase {shown}>\n"
    if kind := _kind(case):
        reason = _reason(case)
        first = safe_line(reason.split("\n", 1)[0], limit=_LONGEST_MESSAGE)
        yield (
            f"<{kind} message={quoteattr(first)} type={quoteattr(case.standing)}>"
            f"{escape(safe_block(reason))}</{kind}>\n"
        )
    for name, path in _captures(case):
        yield f"<{name}>{escape(_end_of(path))}</{name}>\n"
    yield "</testcase>\n"


def _reason(case: Case) -> str:
    if case.error is not None:
        return str(case.error)
    if case.run is None:
        return f"not started: {case.why_not}" if case.why_not else "not started"
    return case.run.error_summary or case.standing


def _captures(case: Case) -> Iterable[tuple[str, str]]:
    """The streams that the run left, by the name of their element."""
    run = case.run
    if run is None:
        return
    for stream in ("stdout", "stderr"):
        path = None
        if run.result is not None:
            path = run.result.get(f"{stream}_path")
        elif run.directory is not None:
            path = f"{run.directory}/{stream}.txt"
        if path is not None:
            yield f"system-{stream.removeprefix('std')}", path


def _end_of(path: str) -> str:
    """The last of a capture as text without anything a terminal obeys, or XML forbids."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        return f"[cannot be read: {getattr(error, 'strerror', None) or error}]\n"
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "[cannot be read: it is no regular file]\n"
        left_out = max(0, status.st_size - MOST_OUTPUT)
        data = os.pread(descriptor, MOST_OUTPUT, left_out)
    finally:
        os.close(descriptor)
    note = f"[the first {left_out} bytes are left out]\n" if left_out else ""
    return note + safe_block(plain_lines(data).decode(errors="replace"))

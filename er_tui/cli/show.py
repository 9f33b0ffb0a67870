# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui show RUN``: all there is to say of one run, or what it wrote."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import click

from er_tui.cli.command import Command
from er_tui.cli.places import named_run
from er_tui.cli.printing import Failure, coloured, printing, remark, say
from er_tui.journal.run_directory import EVENTS_FILE
from er_tui.session.describing import document_of
from er_tui.session.finding import Kept
from er_tui.session.folders import held_file, held_folder
from er_tui.session.looks import clock, duration, look_of_run, size
from er_tui.session.state import RunState
from er_tui.text.plain import plain_lines
from er_tui.text.safe import safe_block, safe_line

_LAST_LINES = 10
_LAST_BYTES = 64 << 10
_PIECE = 1 << 20


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--stdout", "file", flag_value="stdout.txt", help="Print what it wrote to stdout.")
@click.option("--stderr", "file", flag_value="stderr.txt", help="Print what it wrote to stderr.")
@click.option("--events", "file", flag_value=EVENTS_FILE, help="Print its journal.")
def show(run: str, as_json: bool, file: str | None) -> None:
    """Tell how RUN went. RUN is a run directory, a run id or an invocation id (of which the newest
    run is meant), or a part that only one of them has.

    Printed files go to a pipe byte by byte; to a terminal without what it would obey.
    """
    if as_json and file:
        raise click.UsageError("--json goes without --stdout, --stderr and --events")
    found, count = named_run(run)
    with printing():
        if file:
            _print_file(found, file)
            return
        state, document = document_of(found, time.time())
        if as_json:
            say(json.dumps(document))
            return
        if count > 1:
            remark(f"the newest of {count} runs of {safe_line(found.invocation_id)}")
        _print_summary(state, document)
        for stream in ("stdout", "stderr"):
            _print_end(found, f"{stream}.txt")


def _print_summary(state: RunState, document: dict[str, Any]) -> None:
    look = look_of_run(state)
    standing = coloured(f"{look.glyph} {look.word}", look.tone)
    say(f"{standing}  {safe_line(document['invocation_id'])}  {document['run_id']}")
    facts = {
        "kind": _kind(document),
        "started": _local(document["started_at"]),
        "ended": _local(document["finished_at"]),
        "time": _time(state),
        "exit": document["exit_code"],
        "error": document["error_summary"],
        "ran by": _ran_by(document),
        "directory": document["directory"],
        "source": _source(document),
        "masked": document["masked"],
        "files": [_file(*item) for item in document["files"].items()],
        "missing": document["missing"],
        "attempts": _attempts(document["attempts"]),
        "artifacts": [
            _artifact(artifact)
            for artifact in document["artifacts"]
            if os.path.dirname(artifact["path"]) != document["directory"]
        ],
    }
    for name, fact in facts.items():
        if isinstance(fact, list):
            lines = [safe_line(one, limit=1000) for one in fact]
        else:
            lines = [] if fact is None else safe_block(str(fact)).split("\n")
        for number, line in enumerate(lines):
            say(f"  {'' if number else name:<10} {line}")


def _kind(document: dict[str, Any]) -> str | None:
    kind = document["runtime_kind"]
    return None if kind is None else f"{kind} ({document['runtime_name']})"


def _local(moment: str | None) -> str | None:
    from datetime import datetime

    if moment is None:
        return None
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f %Z")
    except (ValueError, OverflowError):
        return moment


def _time(state: RunState) -> str | None:
    seconds = state.seconds(time.time())
    if seconds is None:
        return None
    spent = (clock if state.live else duration)(seconds)
    allowed = state.timeout_seconds
    return spent if allowed is None else f"{spent} of {duration(allowed)}"


def _ran_by(document: dict[str, Any]) -> str | None:
    who = document["ran_by"]
    if who is None:
        return None
    where = {
        "here": "alive",
        "gone": "gone",
        "elsewhere": "not to be seen from here",
    }[who["presence"]]
    return f"process {who['pid']} on {who['host']} ({where})"


def _source(document: dict[str, Any]) -> str | None:
    words = {True: "changed since", False: "unchanged", None: "cannot be read now"}
    path = document["source"]
    return None if path is None else f"{path} ({words[document['source_changed']]})"


def _file(name: str, count: int | None) -> str:
    return f"{name}  {'no file' if count is None else size(count)}"


def _attempts(attempts: dict[str, Any] | None) -> str | None:
    if attempts is None:
        return None
    words = [f"{count} {phase}" for phase, count in attempts["phases"].items()]
    if attempts["last_code"] is not None:
        words.append(f"the last answered {attempts['last_code']}")
    if attempts["backend_status"] is not None:
        words.append(f"the backend says {attempts['backend_status']}")
    return ", ".join(words)


def _artifact(artifact: dict[str, Any]) -> str:
    found = "missing" if artifact["size"] is None else size(artifact["size"])
    return f"{artifact['artifact_id']}  {artifact['kind']}  {found}  {artifact['path']}"


def _print_end(run: Kept, name: str) -> None:
    """The last lines of a capture that holds any."""
    try:
        with held_folder(run.directory) as folder, held_file(name, folder) as file:
            if file is None:
                return
            begin = max(0, os.fstat(file).st_size - _LAST_BYTES)
            data = os.pread(file, _LAST_BYTES, begin)
    except OSError:
        return  # what is missing was told above
    lines = _safe(data).rstrip("\n").split("\n")[-_LAST_LINES:]
    if any(lines):
        say(f"\nThe end of {name}:")
        for line in lines:
            say(f"  {line[:500]}")


def _print_file(run: Kept, name: str) -> None:
    try:
        with held_folder(run.directory) as folder, held_file(name, folder) as file:
            if file is None:
                raise Failure(f"{name} of run {run.run_id} is no regular file")
            _copy(file)
    except FileNotFoundError:
        raise Failure(f"run {run.run_id} has no {name} in {run.directory}") from None


def _copy(file: int) -> None:
    rest = b""
    safely = sys.stdout.isatty()
    while piece := os.read(file, _PIECE):
        if not safely:
            sys.stdout.buffer.write(piece)
            continue
        # Whole lines; of one that does not end, a piece of it.
        data = rest + piece
        whole = data.rfind(b"\n") + 1 or (len(data) if len(data) > _PIECE else 0)
        sys.stdout.write(_safe(data[:whole]))
        rest = data[whole:]
    sys.stdout.write(_safe(rest))


def _safe(data: bytes) -> str:
    return safe_block(plain_lines(data).decode(errors="replace"))

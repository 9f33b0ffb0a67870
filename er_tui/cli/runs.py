# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui runs [PATH...]``: the runs that are on the disk, newest first."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from er_tui.cli.command import Command
from er_tui.cli.places import runs_below
from er_tui.cli.printing import Column, print_table, printing, remark, say
from er_tui.session.describing import row_of
from er_tui.session.finding import Kept
from er_tui.session.looks import clock, duration, look_of_run
from er_tui.session.past import read_run
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line

_SHOWN = 50
_STATES = (
    "running",
    "cancelling",
    "paused",
    "succeeded",
    "failed",
    "timed_out",
    "cancelled",
    "rejected",
    "unknown",
    "lost",
)


def _states(
    _context: click.Context, _parameter: click.Parameter, given: str | None
) -> frozenset[str]:
    states = frozenset(filter(None, (given or "").split(",")))
    strange = sorted(states.difference(_STATES))
    if strange:
        raise click.BadParameter(f"{strange[0]!r} is none of {', '.join(_STATES)}")
    return states


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]..."
)
@click.option(
    "--status", "states", callback=_states, metavar="STATES", help="Only these: failed,lost"
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"The newest N only; 0: all. Default: {_SHOWN}, with --json all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line and run.")
def runs(paths: tuple[Path, ...], states: frozenset[str], limit: int | None, as_json: bool) -> None:
    """List runs, newest first: those that belong to PATH..., else those of every folder that
    er-tui has run something for.

    PATH is a folder of invocations or one of them, a folder that runs are recorded in, or a run
    directory. Runs of programs that use the library are found by PATH.
    """
    if limit is None:
        limit = 0 if as_json else _SHOWN
    with printing():
        found = runs_below(paths)
        wanted = _read(found, states)
        newest = islice(wanted, limit or None)
        if as_json:
            for run, state in newest:
                say(json.dumps(row_of(run, state, time.time())))
            return
        rows = list(newest)
        if rows:
            _print(rows)
        more = sum(1 for _ in wanted) if states else len(found) - len(rows)
        if more:
            remark(f"… and {more} more: --limit 0 lists all")
        elif not rows:
            remark("no such runs" if found else _nothing(paths))


def _read(found: list[Kept], states: frozenset[str]) -> Iterator[tuple[Kept, RunState]]:
    """The runs with their states, each read when it is asked for."""
    for run in found:
        state = read_run(run.directory, glancing=True)
        if not states or (state.badge or state.status) in states:
            yield run, state


def _nothing(paths: tuple[Path, ...]) -> str:
    if paths:
        return f"no runs belong to {', '.join(safe_line(str(path)) for path in paths)}"
    return "no runs are known; er-tui runs PATH looks in a folder"


def _print(rows: list[tuple[Kept, RunState]]) -> None:
    now = time.time()
    looks = [look_of_run(state) for _run, state in rows]
    print_table(
        [
            Column("STATE", [f"{look.glyph} {look.word}" for look in looks]),
            Column("INVOCATION", [safe_line(run.invocation_id) for run, _state in rows], 12),
            Column("RUN", [run.run_id for run, _state in rows], expendable=1),
            Column("STARTED", [_started(state) for _run, state in rows], expendable=5),
            Column("TIME", [_time(state, now) for _run, state in rows], expendable=2),
            Column("EXIT", [_exit(state) for _run, state in rows], expendable=4),
            Column("ERROR", [_error(state) for _run, state in rows], 12, expendable=3),
        ],
        [look.tone for look in looks],
    )


def _started(state: RunState) -> str:
    if state.started_at is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(state.started_at))
    except (ValueError, OverflowError, OSError):
        return "no such time"


def _time(state: RunState, now: float) -> str:
    seconds = state.seconds(now)
    if seconds is None:
        return ""
    return clock(seconds) if state.live else duration(seconds)


def _exit(state: RunState) -> str:
    code = (state.result or {}).get("exit_code")
    return "" if code is None else str(code)


def _error(state: RunState) -> str:
    lines = (state.error_summary or "").splitlines()
    return safe_line(lines[0]) if lines else ""

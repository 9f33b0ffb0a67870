# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui engines``: those of this user that go on, listed and ended."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from er_tui.cli.command import Command
from er_tui.cli.engine_words import described, paths_of
from er_tui.cli.printing import Column, Misuse, print_table, printing, remark, say
from er_tui.session.engines import find_engines, stop_engines

if TYPE_CHECKING:
    from er_tui.engine.messages import Standing
    from er_tui.session.engines import Engine

_STOP_SECONDS = 20.0
"""An engine takes up to 16: for runs that do not end and backends that do not answer."""


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--stop",
    metavar="PID|all",
    help="Have this engine, or all of them, end their runs and themselves; returns when they have.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line and engine.")
def engines(stop: str | None, as_json: bool) -> None:
    """List your engines on this machine: those of open dashboards and of commands without a screen,
    and those that were kept.
    """
    if stop is not None and as_json:
        raise click.UsageError("--json is for the list; leave --stop out")
    found = find_engines()
    if stop is not None:
        _stop(found, stop)
        return
    with printing():
        standings = [engine.standing() for engine in found]
        if as_json:
            for engine, standing in zip(found, standings, strict=True):
                say(json.dumps(_document(engine, standing)))
        elif found:
            _print(found, standings)
        else:
            remark("no engine of yours is running here")


def _stop(found: list[Engine], words: str) -> None:
    meant = [engine for engine in found if words in ("all", str(engine.pid))]
    if not meant and words != "all":
        known = ", ".join(str(engine.pid) for engine in found) or "none"
        raise Misuse(f"--stop {words}: no engine of yours has that pid (there are: {known})")
    left = stop_engines(meant, _STOP_SECONDS)
    with printing():
        for engine in meant:
            if engine not in left:
                say(f"engine {described(engine)}: ended")
        if not meant:
            remark("no engine of yours is running here")
    if left:
        pids = ", ".join(str(engine.pid) for engine in left)
        raise click.ClickException(f"not ended within {_STOP_SECONDS:.0f} s: {pids}")


def _document(engine: Engine, standing: Standing | None) -> dict[str, Any]:
    """For scripts; None for what the engine does not say."""
    of = engine.description
    return {
        "pid": engine.pid,
        "guard_pid": of.guard,
        "version": of.version,
        "protocol": of.protocol,
        "started_at": of.started_at,
        "paths": list(of.paths),
        "jobs": of.jobs,
        "waiting_jobs": of.waiting_jobs,
        "running": standing and standing.running,
        "queued": standing and standing.queued,
        "clients": standing and standing.clients,
        "keep": standing and standing.keep,
    }


def _print(found: list[Engine], standings: list[Standing | None]) -> None:
    def told(field: str) -> list[str]:
        return ["?" if of is None else str(getattr(of, field)) for of in standings]

    since = [time.localtime(engine.description.started_at) for engine in found]
    print_table(
        [
            Column("PID", [str(engine.pid) for engine in found]),
            Column("SINCE", [time.strftime("%Y-%m-%d %H:%M:%S", at) for at in since], expendable=2),
            Column("RUNNING", told("running")),
            Column("QUEUED", told("queued")),
            Column("CLIENTS", told("clients"), expendable=1),
            Column("PATHS", [paths_of(engine) for engine in found], 12),
        ],
        [""] * len(found),
    )

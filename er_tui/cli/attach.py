# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui attach [ENGINE]``: a dashboard on an engine that is there already."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from er_tui.cli.command import Command
from er_tui.cli.values import Seconds

if TYPE_CHECKING:
    from er_tui.session.engines import Engine


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("engine", required=False)
@click.option(
    "--stall",
    type=Seconds(1, 10_000_000),
    metavar="SECONDS",
    help="Call a live run stalled that says nothing (no output, no attempt) for so long.",
)
@click.option("--bell", is_flag=True, help="Ring the terminal's bell when a run fails.")
@click.option(
    "--notify", is_flag=True, help="Have the terminal show a notification when a run fails (OSC 9)."
)
def attach(engine: str | None, stall: float | None, bell: bool, notify: bool) -> None:
    """Open the dashboard of an engine that goes on: one whose dashboard was detached, hung up with
    --on-hangup keep, or is still open. All its dashboards see and do the same.

    ENGINE is its pid, or a part of a path that it was started with that no other engine has; it can
    be left out where there is one engine only. An engine that is kept ends a minute after its last
    run, if no dashboard is open; what its runs wrote is seen with er-tui PATH... .
    """
    from er_tui.cli.engine_words import described
    from er_tui.session.attached import AttachedClient
    from er_tui.session.engines import EngineError, find_engines

    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise click.UsageError("the dashboard needs a terminal")
    engines = find_engines()
    meant = [one for one in engines if engine is None or one.is_meant_by(engine)]
    if len(meant) != 1:
        raise click.UsageError(_which(meant or engines, engine, bool(meant)))
    (chosen,) = meant
    paths = tuple(path for path in map(Path, chosen.description.paths) if path.exists())
    if not paths:
        raise click.UsageError(f"nothing is left of the paths of engine {described(chosen)}")
    try:
        client = AttachedClient(chosen, terminal=sys.stdin.fileno())
    except EngineError as error:
        raise click.ClickException(str(error)) from None
    from er_tui.tui.alerts import Alerts
    from er_tui.tui.app import run_dashboard

    alerts = Alerts(bell, notify)
    sys.exit(run_dashboard(paths, client, run_all=False, stall_seconds=stall, alerts=alerts))


def _which(engines: list[Engine], words: str | None, several: bool) -> str:
    """What to say where not exactly one engine is meant."""
    from er_tui.cli.engine_words import described
    from er_tui.text.safe import safe_line

    if not engines:
        return "no engine of yours is running here; er-tui PATH... starts one"
    listed = "".join(f"\n  {described(one)}" for one in engines)
    if several:
        return f"several engines are meant; name one by its pid or a part of its path:{listed}"
    return f"no engine is {safe_line(words or '')}; there are:{listed}"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui PATH...``: the dashboard, or the same without a screen."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from er_tui import __version__
from er_tui.cli.command import Program
from er_tui.cli.values import Seconds, Size


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from er_tui.rxp.provider import provider

    name, reason = provider()
    click.echo(f"er-tui {__version__}, RxP 0.1 ({name} contracts: {reason})")
    context.exit()


@click.command(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="PATH...")
@click.option("--run", "run_all", is_flag=True, help="Start every invocation at once.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="How many processes, and how many HTTP runs, go on at a time. "
    "Default: a process a core, and 64 HTTP runs.",
)
@click.option(
    "--grace",
    type=Seconds(0, 3600),
    metavar="SECONDS",
    help="Between SIGTERM and SIGKILL, for invocations that do not say. Default: 3.",
)
@click.option(
    "--max-capture",
    type=Size(),
    metavar="SIZE",
    help="The most that a run may write, for invocations that do not say; past it the run is "
    "ended. Bytes, or as 500k, 10M, 2G, 1GiB. Default: no limit.",
)
@click.option("--headless", is_flag=True, help="No screen: run all, report, exit with a code.")
@click.option(
    "--check",
    is_flag=True,
    help="Run nothing: tell what is wrong with the files, and what would be refused or looks "
    "mistaken, as file:line: message. Exit code 1 for errors, 0 for warnings.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="With --headless each result, with --check each finding, as a JSON line on stdout.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --headless: write a JUnit report at the end, also when it is interrupted.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="With --headless: run only what has such a name (as listed) or invocation_id. Can be "
    "given several times.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 100_000),
    default=1,
    metavar="N",
    help="With --headless: run each N times, one time after the other (they share a working "
    "directory), and tell which succeed now and then.",
)
@click.option(
    "--fail-fast",
    is_flag=True,
    help="With --headless: the first that does not succeed cancels the rest.",
)
@click.option(
    "--run-new",
    is_flag=True,
    help="Start invocation files that appear or change while this goes on, each content once: not "
    "what was there at the start of the dashboard, was run before (as the run directories tell) "
    "or lies where runs write. With --headless what is there is run too, and it goes on until a "
    "signal ends it.",
)
@click.option(
    "--monitor",
    is_flag=True,
    help="Watch what other processes run, and ran, over folders of invocations or of runs; start, "
    "end and write nothing.",
)
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
@click.option(
    "--on-hangup",
    type=click.Choice(["end", "keep"]),
    default="end",
    show_default=True,
    help="What becomes of the runs when the terminal goes, or the dashboard is killed. Kept, they "
    "go on, and er-tui attach comes back to them; their engine ends a minute after the last run, "
    "if nobody came back.",
)
@click.option("--demo", is_flag=True, help="Write sample invocations to a fresh folder and use it.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and which RxP contracts are in use.",
)
def main(
    paths: tuple[Path, ...],
    run_all: bool,
    jobs: int | None,
    grace: float | None,
    max_capture: int | None,
    headless: bool,
    check: bool,
    as_json: bool,
    junit: Path | None,
    only: tuple[str, ...],
    repeat: int,
    fail_fast: bool,
    run_new: bool,
    monitor: bool,
    stall: float | None,
    bell: bool,
    notify: bool,
    on_hangup: str,
    demo: bool,
) -> None:
    """Load RxP invocations from PATH... (folders and files), run them, watch them live.

    Exit code: 0 all succeeded; 1 a run did not, or a file was invalid; 2 usage; 128+n on signal n.
    A dashboard exits 0 when it is quit, unless --run was given.
    """
    if as_json and not (headless or check):
        raise click.UsageError("--json goes with --headless")
    if (junit or only or repeat > 1 or fail_fast) and not headless:
        raise click.UsageError("--junit, --only, --repeat and --fail-fast go with --headless")
    if check and (headless or run_all or monitor or demo or run_new):
        raise click.UsageError("--check runs nothing; leave out what is for runs")
    if run_all and headless:
        raise click.UsageError("--headless runs everything already; leave --run out")
    if monitor and (
        headless or run_all or run_new or demo or jobs or grace is not None or max_capture
    ):
        raise click.UsageError("--monitor runs nothing; leave out what is for runs")
    if headless and (stall or bell or notify):
        raise click.UsageError("--stall, --bell and --notify are for the dashboard")
    if on_hangup == "keep" and (headless or check or monitor):
        raise click.UsageError("--on-hangup is for a dashboard that runs something")
    if demo and paths:
        raise click.UsageError("--demo brings its own invocations; leave PATH out")
    if not demo and not paths:
        raise click.UsageError("name a folder or file of invocations, or try --demo")
    if check:
        from er_tui.cli.check import run_check

        sys.exit(run_check(paths, as_json=as_json))
    if not headless and not all(s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)):
        raise click.UsageError("the dashboard needs a terminal; use --headless without one")
    if junit:
        _refuse_report(junit)
    lanes = (jobs, jobs) if jobs else _default_lanes()
    limits = _limits(grace, max_capture)
    wanted = {
        "only": only,
        "repeat": repeat,
        "fail_fast": fail_fast,
        "run_new": run_new,
        "junit": junit,
    }
    folder = None
    try:
        with ExitStack() as stack:
            if demo:
                folder = _demo(stack)
                paths = (folder,)
            code = (
                _headless(paths, lanes, limits, as_json, wanted)
                if headless
                else _dashboard(
                    paths,
                    None if monitor else lanes,
                    {**limits, "keep": on_hangup == "keep"},
                    run_all,
                    run_new=run_new,
                    stall_seconds=stall,
                    bell=bell,
                    notify=notify,
                )
            )
    except KeyboardInterrupt:  # before there was anything to cancel
        code = 128 + signal.SIGINT
    if folder is not None:
        click.echo(f"The demo's files are in {folder}", err=True)
    sys.exit(code)


def _default_lanes() -> tuple[int, int]:
    """As many processes as there are cores for them, and as many HTTP runs as need none."""
    from er_tui.engine.messages import DEFAULT_WAITING_JOBS

    return len(os.sched_getaffinity(0)), DEFAULT_WAITING_JOBS


def _limits(grace: float | None, max_capture: int | None) -> dict[str, Any]:
    """What was asked for of runs whose invocation does not say; as an EngineClient takes it."""
    limits = {"grace_seconds": grace, "max_capture_bytes": max_capture}
    return {name: value for name, value in limits.items() if value is not None}


def _demo(stack: ExitStack) -> Path:
    """A fresh folder of samples; their HTTP backend serves until ``stack`` is unwound."""
    from er_tui.demo import write_demo
    from er_tui.demo.serving import BackendError, serving

    try:
        return write_demo(stack.enter_context(serving()))
    except BackendError as error:
        raise click.ClickException(str(error)) from None


def _headless(
    paths: tuple[Path, ...],
    lanes: tuple[int, int],
    limits: dict[str, Any],
    as_json: bool,
    wanted: dict[str, Any],
) -> int:
    from er_tui.cli.headless import run_headless
    from er_tui.session.headless import Wanted

    return run_headless(paths, lanes, limits, Wanted(**wanted), as_json=as_json)


def _refuse_report(path: Path) -> None:
    """Before hours of runs, not after them."""
    from er_tui.session.junit import refusal

    if problem := refusal(path):
        raise click.UsageError(f"--junit {path}: {problem}")


def _dashboard(
    paths: tuple[Path, ...],
    lanes: tuple[int, int] | None,
    limits: dict[str, Any],
    run_all: bool,
    *,
    run_new: bool,
    stall_seconds: float | None,
    bell: bool,
    notify: bool,
) -> int:
    """With an engine of so many lanes, or (None) only watching."""
    client = None
    if lanes is not None:
        # The engine starts first: it gets ready while the screen is being imported.
        from er_tui.session.client import EngineClient

        jobs, waiting_jobs = lanes
        terminal = sys.stdin.fileno()
        try:
            client = EngineClient(
                jobs, waiting_jobs=waiting_jobs, terminal=terminal, paths=paths, **limits
            )
        except OSError as error:
            raise click.ClickException(f"the engine cannot be started: {error}") from None
    from er_tui.tui.alerts import Alerts
    from er_tui.tui.app import run_dashboard

    alerts = Alerts(bell, notify)
    return run_dashboard(
        paths, client, run_all, run_new=run_new, stall_seconds=stall_seconds, alerts=alerts
    )

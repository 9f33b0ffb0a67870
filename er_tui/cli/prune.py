# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui prune [PATH...]``: old runs, removed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

from er_tui.cli.command import Command
from er_tui.cli.places import runs_below
from er_tui.cli.printing import printing, remark, say
from er_tui.cli.values import Age
from er_tui.session.finding import Kept
from er_tui.session.looks import size
from er_tui.session.pruning import Over, Rule, Stays, examine, old_runs, remove
from er_tui.text.safe import safe_line

_TOLD = 20
"""Runs that stay, and why."""


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]..."
)
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    help="The newest N runs of each invocation stay.",
)
@click.option(
    "--older-than", type=Age(), metavar="AGE", help="What ended later than that stays: 30d, 12h, 4w"
)
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(
    paths: tuple[Path, ...], keep: int | None, older_than: float | None, dry_run: bool, yes: bool
) -> int:
    """Remove the directories of old runs: of those that belong to PATH..., else of every folder
    that er-tui has run something for. With --keep and --older-than, what both call old.

    Live runs stay, runs that may be live on another host, and whatever is not a run directory.
    Exit code: 0; 1 if something could not be removed.
    """
    if keep is None and older_than is None:
        raise click.UsageError("say what is old: --keep N, --older-than AGE, or both")
    if not (dry_run or yes or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise click.UsageError("without a terminal nobody can be asked: --yes, or --dry-run")
    rule = Rule(keep, None if older_than is None else time.time() - older_than)
    with printing():
        asks = not (dry_run or yes)
        over = _look(old_runs(runs_below(paths), rule), rule)
        if dry_run or asks:
            for one in over:
                say(f"would remove  {_words(one)}")
        if not over or dry_run:
            say(f"{_total(over)}; nothing was removed")
            return 0
        if asks:
            sys.stdout.flush()
            if not click.confirm(f"Remove {_total(over)}?"):
                say("nothing was removed")
                return 0
        removed = _remove(over, rule, tell=not asks)
        say(f"removed {_total(removed)}")
        return 0 if len(removed) == len(over) else 1


def _look(old: Iterable[Kept], rule: Rule) -> list[Over]:
    """Those of them that are over, and old by their end."""
    found, stay = [], 0
    for run in old:
        try:
            over = examine(run)
        except Stays as why:
            stay += 1
            if stay <= _TOLD:
                remark(f"stays  {safe_line(run.directory)}: {safe_line(str(why))}")
            continue
        if rule.ended_before is None or over.ended_at < rule.ended_before:
            found.append(over)
    if stay > _TOLD:
        remark(f"… and {stay - _TOLD} more stay")
    return found


def _remove(over: list[Over], rule: Rule, tell: bool) -> list[Over]:
    removed = []
    for one in over:
        try:
            removed.append(remove(one.run, rule))
        except Stays as why:
            remark(f"stays  {safe_line(one.run.directory)}: {safe_line(str(why))}")
            continue
        if tell:
            say(f"removed  {_words(removed[-1])}")
    return removed


def _words(over: Over) -> str:
    words = f"{safe_line(over.run.directory, limit=5000)}  {size(over.size)}"
    if over.foreign:
        files = "file" if over.foreign == 1 else "files"
        words += f", with {over.foreign} {files} that er-tui did not write"
    return words


def _total(over: list[Over]) -> str:
    runs = "run" if len(over) == 1 else "runs"
    return f"{len(over)} {runs}, {size(sum(one.size for one in over))}"

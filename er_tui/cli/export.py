# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui export RUN FILE``: a run in one archive."""

from __future__ import annotations

import os
from pathlib import Path

import click

from er_tui.cli.command import Command
from er_tui.cli.places import named_run
from er_tui.cli.printing import Failure, Misuse, printing, remark, say
from er_tui.journal.run_directory import words_of
from er_tui.session.archive import kind_of_archive
from er_tui.session.exporting import Exported
from er_tui.session.exporting import export as export_run
from er_tui.session.looks import look_of_run, size
from er_tui.text.safe import safe_line


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--artifacts", is_flag=True, help="With those in the folders of the invocation.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(run: str, file: Path, artifacts: bool, force: bool) -> None:
    """Pack RUN into FILE: .tar.gz or .zip. RUN is named as for er-tui show.

    In it is all of the run directory: invocation, captures, journal, bodies, result. Secrets are
    masked in what er-tui wrote; what the run wrote goes as it is.
    """
    if kind_of_archive(file) is None:
        raise click.UsageError("FILE must end in .tar.gz, .tgz or .zip")
    found, count = named_run(run)
    try:
        done = export_run(found, file, replace=force, artifacts=artifacts)
    except FileExistsError:
        raise Misuse(f"{file} is there already; --force replaces it") from None
    except OSError as error:
        raise Failure(f"{file} cannot be written: {words_of(error)}") from None
    with printing():
        if count > 1:
            remark(f"the newest of {count} runs of {safe_line(found.invocation_id)}")
        _report(done, file, artifacts)


def _report(done: Exported, file: Path, artifacts: bool) -> None:
    run = done.run
    files = "file" if done.files == 1 else "files"
    say(
        f"{safe_line(str(file))}: {done.files} {files}, {size(done.size)} unpacked, of run "
        f"{run.run_id} of {safe_line(run.invocation_id)} ({look_of_run(done.state).word})"
    )
    if done.state.live:
        remark("the run is live: packed is what it had written by now")
    remark("output, bodies and artifacts are packed as they are: only what er-tui wrote is masked")
    for path, why in done.left_out:
        remark(f"left out: {safe_line(path)}: {safe_line(why)}")
    if not artifacts and any(os.path.isabs(path) for path, _why in done.left_out):
        remark("--artifacts takes along those that lie in the folders of the invocation")

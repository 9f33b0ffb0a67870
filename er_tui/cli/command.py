# SPDX-License-Identifier: AGPL-3.0-or-later
"""How every command of the program ends, and which of its words lead to another one."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any, NamedTuple

import click


class Word(NamedTuple):
    """A first argument that is a command of its own, and no path."""

    module: str
    """Holds the command under the name of the word; loaded when it is called."""
    help: str


WORDS: dict[str, Word] = {
    "runs": Word("er_tui.cli.runs", "list the runs that are on the disk"),
    "show": Word("er_tui.cli.show", "tell all of one run, or print what it wrote"),
    "export": Word("er_tui.cli.export", "pack a run into one archive"),
    "attach": Word("er_tui.cli.attach", "come back to an engine that goes on, with a dashboard"),
    "engines": Word("er_tui.cli.engines", "list the engines that go on, and end them"),
    "prune": Word("er_tui.cli.prune", "remove old runs"),
}


class Command(click.Command):
    """Ends by a signal as the shell expects it, however early Ctrl-C came."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        _fill_closed_streams()
        try:
            code = super().main(*arguments, **{**options, "standalone_mode": False})
        except click.Abort:
            code = 128 + signal.SIGINT
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        sys.exit(code)


def _fill_closed_streams() -> None:
    """A stream that the caller closed (``2>&-``) goes nowhere, and its number to no other file."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - for good


class Program(Command):
    """Takes paths, unless the first argument is one of :data:`WORDS`.

    A folder that has such a name is named with its path: ``./runs``.
    """

    def main(self, *arguments: Any, **options: Any) -> Any:
        given = list(options.pop("args", None) or (arguments[0] if arguments else sys.argv[1:]))
        if given and given[0] in WORDS:
            command = getattr(import_module(WORDS[given[0]].module), given[0])
            return command.main(given[1:], prog_name=f"er-tui {given[0]}")
        return super().main(given, *arguments[1:], **options)

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        del context
        if WORDS:
            with formatter.section("Other commands (each with --help)"):
                formatter.write_dl([(name, word.help) for name, word in WORDS.items()])

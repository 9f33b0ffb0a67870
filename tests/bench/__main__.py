# SPDX-License-Identifier: AGPL-3.0-or-later
"""``python -m tests.bench [NAME...] [--json]``: exits 1 if a figure falls short of its target."""

from __future__ import annotations

import sys

import click

from tests.bench import (  # noqa: F401 - they register their benches
    ending,
    floods,
    http,
    kill_matrix,
    large,
    many,
    orphans,
    records,
    runs,
    starting,
)
from tests.bench.harness import BENCHES, as_json


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHES)), metavar="[NAME...]")
@click.option("--json", "json_lines", is_flag=True, help="One JSON line a figure.")
def main(names: tuple[str, ...], json_lines: bool) -> None:
    """Measure the named benches, or all of them."""
    short = False
    for name in names or BENCHES:
        for figure in BENCHES[name]():
            short = short or not figure.holds
            click.echo(as_json(figure) if json_lines else str(figure))
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()

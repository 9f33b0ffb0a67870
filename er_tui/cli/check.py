# SPDX-License-Identifier: AGPL-3.0-or-later
"""``er-tui --check``: the findings on stdout, how many there are on stderr."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from er_tui.cli.printing import Misuse, printing
from er_tui.session.checking import Check, Finding
from er_tui.session.library import Library
from er_tui.text.safe import safe_line


def run_check(paths: tuple[Path, ...], *, as_json: bool) -> int:
    """Tell all findings; 0 without errors, 1 with, 2 where there was nothing to check."""
    with printing():
        check = Check(Library(paths))
        findings = check.run()
        for finding in findings:
            click.echo(json.dumps(_document(finding)) if as_json else str(finding))
        if not check.files:
            places = ", ".join(safe_line(str(path)) for path in paths)
            raise Misuse(f"no invocations found in {places}")
        counts = Counter(finding.severity for finding in findings)
        words = [_counted(counts[severity], severity) for severity in ("error", "warning")]
        click.echo(f"er-tui: {' and '.join(words)} in {_counted(check.files, 'file')}", err=True)
    return 1 if counts["error"] else 0


def _document(finding: Finding) -> dict[str, str | int]:
    return {
        "file": str(finding.path),
        "line": finding.line,
        "severity": finding.severity,
        "message": finding.message,
    }


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")

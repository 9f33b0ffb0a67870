# SPDX-License-Identifier: AGPL-3.0-or-later
"""``--check``: what is wrong with invocation files, and what looks mistaken. Nothing is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from er_tui.journal.masking import Masking
from er_tui.rxp.positions import Positions, line_and_column
from er_tui.session.library import Document, Library
from er_tui.session.lints import Lint, lints
from er_tui.text.safe import safe_line

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be said of a file."""

    path: Path
    line: int
    """Counted from 1; 1 where the file as a whole is meant."""
    severity: Severity
    """``error``: the file cannot be used; ``warning``: it can, and looks mistaken."""
    message: str
    """Without secrets, but for its characters as it was written."""

    def __str__(self) -> str:
        """``file:line: severity: message``, as one line of safe text."""
        message = safe_line(self.message, limit=1000)
        return f"{safe_line(str(self.path))}:{self.line}: {self.severity}: {message}"


class Check:
    """Checks every file of a library. :attr:`files` says how many it looked at."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.files = 0

    def run(self) -> list[Finding]:
        """All findings, in the order in which the files are listed, then of their lines.

        A line is told of the field that is meant, or of the one around it if that is not there.
        """
        findings: list[list[Finding]] = []
        ids: dict[str, list[tuple[int, Document]]] = {}
        for found in self._library.find():
            document = self._library.document(found)
            if document is None:
                continue
            findings.append(_check(document))
            if document.entry.invocation is not None:
                same = ids.setdefault(document.entry.invocation.invocation_id, [])
                same.append((self.files, document))
            self.files += 1
        for invocation_id, same in ids.items():
            for number, finding in _duplicates(invocation_id, same):
                findings[number].append(finding)
        return [f for of_file in findings for f in sorted(of_file, key=lambda f: f.line)]


def _check(document: Document) -> list[Finding]:
    entry = document.entry
    if entry.error is not None:
        error = entry.error
        return [Finding(error.path, error.line or 1, "error", error.reason)]
    assert entry.invocation is not None
    found = list(lints(entry.invocation))
    if not found:
        return []
    lines = _Lines(document.data)
    masking = Masking(entry.invocation.model_dump())
    return [
        Finding(entry.path, lines.of(lint), "warning", masking.scrub(lint.message))
        for lint in found
    ]


def _duplicates(invocation_id: str, same: list[tuple[int, Document]]) -> list[tuple[int, Finding]]:
    if len(same) == 1:
        return []
    places = [(d.entry.path, _Lines(d.data).of(Lint(("invocation_id",), ""))) for _, d in same]
    more = f" (and {len(same) - 2} more)" if len(same) > 2 else ""
    findings = []
    for at, (number, document) in enumerate(same):
        other, line = places[0 if at else 1]
        message = f"invocation_id {invocation_id!r} is also that of {other}:{line}{more}"
        finding = Finding(document.entry.path, places[at][1], "warning", message)
        findings.append((number, finding))
    return findings


class _Lines:
    """The lines of the fields of one document."""

    def __init__(self, data: bytes) -> None:
        self._text = data.decode()
        self._positions = Positions(self._text)

    def of(self, lint: Lint) -> int:
        return line_and_column(self._text, self._positions.key(lint.field))[0]

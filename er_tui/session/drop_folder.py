# SPDX-License-Identifier: AGPL-3.0-or-later
"""``--run-new``: which of the files that appear are to be run. Each content once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from er_tui.journal.events import RunStarted
from er_tui.journal.reading import EventTail
from er_tui.journal.run_directory import bases_of, is_run_id
from er_tui.session.library import Entry
from er_tui.session.session import Session

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeInvocation

Verdict: TypeAlias = Literal["run", "known", "written", "bad"]
"""It is to be run; its content was there or was run before; a run may have written it; it cannot be
run (yet)."""

_SETTLE_SECONDS = 1.0
"""A bad file that has not changed for so long is not being written any more."""
_MOST_RUNS = 200
"""Past runs of an invocation that are looked at, the newest."""
_BEGINNING = 32 << 10
"""Bytes of a journal that its first event is looked for in."""


class DropFolder:
    """Decides of every file that appears or changes whether it is to be run now.

    To be run is a good file whose content (the SHA-256 of its bytes) was not there at the start,
    was not run since, and was not run before by the runs recorded where its own are. Never one that
    lies in the ``artifact_directory`` of a listed invocation: runs write there. (A library leaves
    out run directories and dot-directories of itself.) For one thread.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = [os.path.realpath(root) for root in roots]
        self._known: set[str] = set()
        self._written: set[str] = set()
        """Folders that runs write to, and that were not named as roots."""
        self._unsettled: dict[str, tuple[Entry, float]] = {}
        self._told: set[tuple[str, str | None]] = set()

    def know(self, entries: Iterable[Entry]) -> None:
        """These were there before: their contents are not new, wherever they turn up."""
        for entry in entries:
            if entry.sha256 is not None:
                self._known.add(entry.sha256)
            self._note_artifacts(entry)

    def take(self, entry: Entry) -> Verdict:
        """What is to become of an entry that was just read; ``run`` once for each content."""
        self._note_artifacts(entry)
        self._unsettled.pop(entry.key, None)
        if entry.invocation is None or entry.sha256 is None:
            self._unsettled[entry.key] = entry, time.monotonic()
            return "bad"
        if entry.sha256 in self._known:
            return "known"
        if self._is_written_by_a_run(entry.path):
            return "written"  # and new still, if somebody moves it out of there
        self._known.add(entry.sha256)
        return "known" if past_run(entry) else "run"

    def start_if_new(self, session: Session, entry: Entry) -> None:
        """Start what is to be run of an entry that was just listed in the session."""
        if self.take(entry) == "run":
            session.start(entry.key)
            self.started(session.entries[entry.key])

    def started(self, entry: Entry) -> None:
        """It was started as it is now, which may be another content than what was decided on."""
        if entry.sha256 is not None:
            self._known.add(entry.sha256)

    def settled_faults(self, *, all_of_them: bool = False) -> list[Entry]:
        """The bad files that appeared and are not going to get better; each content told once.

        One that was changed a moment ago may be half written, and is waited for, unless
        ``all_of_them`` are wanted.
        """
        latest = time.monotonic() - (0 if all_of_them else _SETTLE_SECONDS)
        settled = [entry for entry, since in self._unsettled.values() if since <= latest]
        for entry in settled:
            del self._unsettled[entry.key]
        fresh = [entry for entry in settled if (entry.key, entry.sha256) not in self._told]
        self._told.update((entry.key, entry.sha256) for entry in fresh)
        return [entry for entry in fresh if os.path.lexists(entry.path)]

    def _note_artifacts(self, entry: Entry) -> None:
        if entry.invocation is None or entry.invocation.artifact_directory is None:
            return
        folder = os.path.realpath(entry.invocation.artifact_directory)
        if not any(_is_in(root, folder) for root in self._roots):
            self._written.add(folder)

    def _is_written_by_a_run(self, path: Path) -> bool:
        return any(
            os.fspath(above) in self._written for above in Path(os.path.realpath(path)).parents
        )


def past_run(entry: Entry) -> str | None:
    """The id of a run recorded on the disk that ran exactly what the file holds."""
    if entry.invocation is None or entry.sha256 is None:
        return None
    for directory in islice(_past_runs(entry.invocation), _MOST_RUNS):
        events = EventTail(directory).read(_BEGINNING)
        if not events or not isinstance(events[0], RunStarted) or events[0].source is None:
            continue
        if events[0].source.sha256 == entry.sha256:
            return os.path.basename(directory)
    return None


def _past_runs(invocation: RuntimeInvocation) -> Iterable[str]:
    """The directories, newest first in each place."""
    for base in bases_of(invocation):
        folder = f"{base}/{invocation.invocation_id}"
        try:
            names = sorted(filter(is_run_id, os.listdir(folder)), reverse=True)
        except (OSError, ValueError):
            continue  # nothing was run there
        yield from (f"{folder}/{name}" for name in names)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")

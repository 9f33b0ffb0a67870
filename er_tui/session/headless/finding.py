# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which invocation files are to be run: those that are there, and those that appear."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatchcase

from er_tui.session.disk import Disk
from er_tui.session.drop_folder import DropFolder
from er_tui.session.library import Entry
from er_tui.session.session import Session
from er_tui.text.safe import safe_line


class Finding:
    """Lists in the session what is found, and hands out what is to be run of it."""

    def __init__(self, session: Session, only: tuple[str, ...], run_new: bool) -> None:
        self._session, self._only = session, only
        self._begun_at = time.time()
        self._entries = session.library.scan()
        self._seen = self._taken = 0
        self._drop = DropFolder(session.library.roots) if run_new else None
        self._disk = Disk(session, self._look_at)
        self._appeared: deque[Entry] = deque()
        self._notices: list[str] = []
        self._told: set[tuple[str, str | None]] = set()

    def next(self) -> Entry | None:
        """The next to be run of those that are there; None once there is no other."""
        for entry in self._matching():
            self._session.add(entry)
            if self._drop is None:
                self._taken += 1
                return entry
            self._look_at(entry)
            if self._appeared:
                return self._appeared.popleft()
        if self._drop is not None:
            self._disk.watch(self._begun_at)
        return None

    def nothing_found(self) -> str | None:
        """That there was nothing to run, and why, once all has been looked at."""
        if self._taken or self._drop is not None:
            return None
        library = self._session.library
        if self._seen:
            patterns = " or ".join(f"'{safe_line(pattern)}'" for pattern in self._only)
            return (
                f"none of the {self._seen} files found has a name or invocation_id like {patterns}"
            )
        places = ", ".join(safe_line(str(root)) for root in library.roots)
        others = f" ({len(library.others)} other JSON files)" if library.others else ""
        return f"no invocations found in {places}{others}"

    def appeared(self) -> list[Entry]:
        """What is to be run of what came or changed since, and what cannot be and will not be."""
        if self._drop is None:
            return []
        self._disk.step()
        found = [*self._appeared, *self._drop.settled_faults()]
        self._appeared.clear()
        return found

    def last_faults(self) -> list[Entry]:
        """The bad files that might have become good ones, had there been time."""
        return [] if self._drop is None else self._drop.settled_faults(all_of_them=True)

    def started(self, entry: Entry) -> None:
        """It was started as it is now."""
        if self._drop is not None:
            self._drop.started(entry)
            self._told.add((entry.key, entry.sha256))

    def take_notices(self) -> list[str]:
        """What there is to be said of files that are not run; told once. Safe text."""
        notices, self._notices = self._notices, []
        if failure := self._disk.take_failure():
            notices.append(f"changes of the files are not seen: {safe_line(failure)}")
        return notices

    def stop(self) -> None:
        self._disk.stop()

    def _matching(self) -> Iterator[Entry]:
        for entry in self._entries:
            self._seen += 1
            if self._is_wanted(entry):
                yield entry

    def _is_wanted(self, entry: Entry) -> bool:
        names = [entry.name]
        if entry.invocation is not None:
            names.append(entry.invocation.invocation_id)
        return not self._only or any(
            fnmatchcase(name, pattern) for name in names for pattern in self._only
        )

    def _look_at(self, entry: Entry) -> None:
        """Decide of an entry that is new or has changed."""
        if self._drop is None or not self._is_wanted(entry):
            return
        verdict = self._drop.take(entry)
        if verdict == "run":
            self._appeared.append(entry)
        elif verdict != "bad" and (entry.key, entry.sha256) not in self._told:
            self._told.add((entry.key, entry.sha256))
            why = "was run before" if verdict == "known" else "is in a folder that runs write to"
            self._notices.append(f"not run: {safe_line(entry.name)}, which {why}")

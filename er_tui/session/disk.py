# SPDX-License-Identifier: AGPL-3.0-or-later
"""The listed files, kept as they are on the disk: what comes, changes and goes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from er_tui.journal.run_directory import EVENTS_FILE
from er_tui.session.library import Entry
from er_tui.session.session import Session
from er_tui.session.watch import FolderWatch

_MOST_CHANGES = 50
_OVERLAP_SECONDS = 3.0
"""After which a new watch has begun to see, with much to spare."""


class Disk:
    """Takes changes of the disk into a session, once :meth:`watch` was called. For one thread.

    ``listed`` is called with every entry that was read anew, once it is in the session.
    """

    def __init__(self, session: Session, listed: Callable[[Entry], None] | None = None) -> None:
        self._session = session
        self._listed = listed
        self._watch = FolderWatch()

    def watch(self, since: float) -> None:
        """See what changes from now on; what changed from ``since`` (Unix seconds) on too."""
        library = self._session.library
        beside = {root.parent for root in library.roots if root.is_file()}
        self._watch.watch(set(library.folders) | beside, since, library.roots)
        self._watch.changed.extend(root for root in library.roots if library.was_replaced(root))

    def stop(self) -> None:
        self._watch.stop()

    def take_failure(self) -> str | None:
        """Why changes are not seen; told once."""
        failure, self._watch.failure = self._watch.failure, None
        return failure

    def step(self) -> bool:
        """Take in what changed, so much at a time; whether anything listed changed."""
        if not self._watch.changed:
            return False
        library = self._session.library
        folders = set(library.folders)
        changed = replaced = False
        # So many a time: the rest of a large change waits for the next, and keys come between.
        for _ in range(_MOST_CHANGES):
            if not self._watch.changed:
                break
            path = self._watch.changed.popleft()
            if library.was_replaced(path):
                changed = replaced = True
                self._look_anew(path)
            else:
                changed = self._take(path) or changed
        if replaced or folders != library.folders.keys():
            # What the watch before was about to tell is caught up with.
            self.watch(time.time() - _OVERLAP_SECONDS)
        return changed

    def _take(self, path: Path) -> bool:
        library = self._session.library
        if path.name == EVENTS_FILE and path.parent in library.folders:
            return self._leave_out(path.parent)
        if path.is_dir():
            return self._look_again(path) if path in library.folders else self._look_into(path)
        was_folder = library.forget(path)
        entry = library.reload(path)
        if entry is not None:
            self._list(entry)
            return True
        return bool(self._session.remove(path, folder=was_folder)) or was_folder

    def _look_into(self, folder: Path) -> bool:
        """List what is in a new folder; True if there is anything to list or to watch."""
        before = len(self._session.library.folders)
        found = list(self._session.library.rescan(folder))
        for entry in found:
            self._list(entry)
        return bool(found) or len(self._session.library.folders) != before

    def _leave_out(self, folder: Path) -> bool:
        """It turns out to be a run directory: what lies in it is no invocation."""
        library = self._session.library
        if not os.path.lexists(folder / EVENTS_FILE):
            return False
        library.forget(folder)
        self._look_into(folder)
        below = [e.path for e in self._session.entries.values() if e.path.is_relative_to(folder)]
        for path in below:
            self._session.leave_out(path)
        return True

    def _look_again(self, folder: Path) -> bool:
        """Something came to a known folder or went: what came is told by its own path."""
        return self._remove_missing(lambda path: path.parent == folder)

    def _look_anew(self, folder: Path) -> None:
        """Another folder stands in the place of this one, with other files of the same names."""
        self._session.library.forget(folder)
        self._look_into(folder)
        self._remove_missing(lambda path: path.is_relative_to(folder))

    def _remove_missing(self, concerned: Callable[[Path], bool]) -> bool:
        gone = [
            entry.path
            for entry in self._session.entries.values()
            if not entry.gone and concerned(entry.path) and not os.path.lexists(entry.path)
        ]
        for path in gone:
            self._session.remove(path)
        return bool(gone)

    def _list(self, entry: Entry) -> None:
        self._session.add(entry)
        if self._listed is not None:
            self._listed(entry)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of a library, found and read beside the screen."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path

from er_tui.session.library import Entry, Library


class Loader:
    """Finds and then reads the files of a library on a thread of its own.

    What it found and read is taken out by the screen's thread: an entry, first unread, then read,
    or the path of one that turned out to be something else.
    """

    def __init__(self, library: Library) -> None:
        self.news: deque[Entry | Path] = deque()
        self.found = threading.Event()
        self.done = threading.Event()
        self._library = library
        self._painted = threading.Event()
        threading.Thread(target=self._run, name="loader", daemon=True).start()

    def painted(self) -> None:
        """The names are on the screen: now there is time to look into the files."""
        self._painted.set()

    def _run(self) -> None:
        try:
            entries = list(self._library.find())
            self.news.extend(entries)
            self.found.set()
            self._painted.wait()
            for entry in entries:
                self.news.append(self._library.read(entry) or entry.path)
        finally:
            self.done.set()

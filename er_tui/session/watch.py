# SPDX-License-Identifier: AGPL-3.0-or-later
"""The disk, watched: invocation files that appear, change and go."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path

_DEBOUNCE_MS = 200


class FolderWatch:
    """Appends to :attr:`changed` every path that changed in the watched folders.

    Only the folders given are watched, not what is below them: run directories, which fill with
    output, cost nothing. A folder that appears shows as a changed path; whoever wants it watched
    too calls :meth:`watch` again.
    """

    def __init__(self) -> None:
        self.changed: deque[Path] = deque()
        self.failure: str | None = None
        """Why changes are not seen, e.g. because the system's watches are used up."""
        self._stop: threading.Event | None = None

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch these folders, and no other ones, from now on."""
        self.stop()
        self._stop = threading.Event()
        threading.Thread(
            target=self._run, args=(list(folders), self._stop), name="folder-watch", daemon=True
        ).start()

    def stop(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _run(self, folders: list[Path], stop: threading.Event) -> None:
        import watchfiles  # slow to load, and not needed for the first paint

        while existing := [folder for folder in folders if folder.is_dir()]:
            changes = watchfiles.watch(
                *existing,
                recursive=False,
                stop_event=stop,
                step=_DEBOUNCE_MS,
                debounce=_DEBOUNCE_MS,
                watch_filter=None,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            try:
                for batch in changes:
                    self.changed.extend(Path(path) for path in sorted(path for _, path in batch))
            except FileNotFoundError:
                continue  # a folder went before it was watched
            except OSError as error:
                self.failure = str(error)
            return

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The disk, watched: invocation files that appear, change and go."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

_DEBOUNCE_MS = 200
_LOOK_MS = 300
"""Between two looks at what no watch tells."""
_STANDS_SECONDS = 1.0
"""Within this the watch stands, loading the library that does it included."""
_CLOCK_STEP_SECONDS = 0.05
"""Files are stamped by a clock that ticks coarsely, so a little behind ours."""

_Identities: TypeAlias = dict[Path, tuple[int, int] | None]


class FolderWatch:
    """Appends to :attr:`changed` every path that changed in the watched folders.

    Only the folders given are watched, not what is below them: run directories, which fill with
    output, cost nothing. A folder that appears, and one that another one took the place of, shows
    as a changed path; whoever wants what stands there watched calls :meth:`watch` again.
    """

    def __init__(self) -> None:
        self.changed: deque[Path] = deque()
        self.failure: str | None = None
        """Why changes are not seen, e.g. because the system's watches are used up."""
        self._stop: threading.Event | None = None

    def watch(self, folders: Iterable[Path], since: float, roots: Iterable[Path] = ()) -> None:
        """Watch these folders, and no other ones, from now on.

        What changed from ``since`` (Unix seconds: when they were looked into, or watched before)
        until the watch stands is told too. Of ``roots`` is told when they go, come, or are replaced
        (renamed, or reached by a link that leads elsewhere): what is above them is not watched.
        """
        self.stop()
        self._stop = threading.Event()
        watched, seen = list(folders), {root: _identity(root) for root in roots}
        threading.Thread(
            target=self._run, args=(watched, seen, self._stop), name="folder-watch", daemon=True
        ).start()
        catch_up = threading.Timer(_STANDS_SECONDS, self._catch_up, (watched, since))
        catch_up.daemon = True
        catch_up.start()

    def stop(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _catch_up(self, folders: list[Path], since: float) -> None:
        since -= _CLOCK_STEP_SECONDS
        for folder in folders:
            try:
                if os.stat(folder).st_ctime >= since:
                    self.changed.append(folder)  # something in it came or went
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.stat(follow_symlinks=False).st_ctime >= since:
                            self.changed.append(Path(entry.path))
            except OSError:
                continue  # gone meanwhile: the watch tells that

    def _run(self, folders: list[Path], roots: _Identities, stop: threading.Event) -> None:
        import watchfiles  # slow to load, and not needed for the first paint

        while not stop.is_set():
            existing = [folder for folder in folders if folder.is_dir()]
            if not existing:
                self._look_at(roots)
                stop.wait(_LOOK_MS / 1000)
                continue
            changes = watchfiles.watch(
                *existing,
                recursive=False,
                stop_event=stop,
                step=_DEBOUNCE_MS,
                debounce=_DEBOUNCE_MS,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                watch_filter=None,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            try:
                for batch in changes:
                    self.changed.extend(Path(path) for path in sorted(path for _, path in batch))
                    self._look_at(roots)
            except FileNotFoundError:
                continue  # a folder went before it was watched
            except OSError as error:
                self.failure = str(error)
            return

    def _look_at(self, roots: _Identities) -> None:
        for root, before in roots.items():
            now = _identity(root)
            if now != before:
                roots[root] = now
                self.changed.append(root)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file or folder stands there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino

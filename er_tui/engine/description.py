# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an engine leaves in its private folder, for those who look for it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from er_tui.journal.events import ProcessIdentity

DESCRIPTION_FILE = "engine.json"
SOCKET_FILE = "engine.sock"
LOG_FILE = "engine.log"
_LARGEST = 1 << 20


class Description(NamedTuple):
    """An engine, and what it was started with."""

    protocol: int
    version: str
    """Of er-tui."""
    process: ProcessIdentity
    guard: int
    """The pid of its guard, which ends after it."""
    paths: tuple[str, ...]
    """Of the invocations, absolute."""
    started_at: float
    jobs: int
    waiting_jobs: int

    def write(self, folder: str) -> None:
        """Into the folder of the engine, 0600, in one piece. Raises OSError."""
        who = self.process
        process = {field: getattr(who, field) for field in who.fields}
        document = json.dumps({**self._asdict(), "process": process})
        path = os.path.join(folder, DESCRIPTION_FILE)
        descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(document)
        os.rename(path + ".new", path)


def read_description(folder: Path) -> Description:
    """Of the engine whose folder it is; what a later version added is left out.

    Raises OSError if there is none, ValueError if it is none that can be read.
    """
    with open(folder / DESCRIPTION_FILE, "rb") as file:
        document = json.loads(file.read(_LARGEST))
    try:
        values: dict[str, Any] = {name: document[name] for name in Description._fields}
        who = ProcessIdentity(**{f: values["process"][f] for f in ProcessIdentity.fields})
        return Description(**{**values, "process": who, "paths": tuple(values["paths"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder / DESCRIPTION_FILE}: not a description: {error!r}") from error

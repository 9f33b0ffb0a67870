# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copying and saving of logs, a few milliseconds at a time however large they are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from textual.app import App

from er_tui.journal.places import make_private_folders, state_folder
from er_tui.session.saving import Saving
from er_tui.text.safe import safe_line
from er_tui.tui.looks import size

_STEP_SECONDS = 0.006
_BATCH_BYTES = 256 << 10
CERTAIN_BYTES: Final = 75_000
"""What terminals take by OSC 52; many take no more."""
_MOST_BYTES: Final = 1 << 20
"""What is given to the terminal at all."""


class Job(Protocol):
    """Something that takes a while."""

    def step(self) -> bool:
        """Go on for a moment; False when it has ended, and that was told."""
        ...

    def cancel(self) -> None:
        """End it now; nothing is told, and nothing half done is left."""
        ...


class SavingLog:
    """Writes pieces to a file and tells what became of it."""

    def __init__(
        self,
        app: App[Any],
        pieces: Iterator[bytes],
        target: Path,
        replace: bool,
        *,
        what: str = "",
    ) -> None:
        """``what`` was copied; without it, the file is all that was wanted."""
        self._app = app
        self._pieces = pieces
        self._what = what
        self._batch: list[bytes] = []
        self._size = 0
        """Bytes of the batch: small pieces are handed on many at a time."""
        self._ended = self._given = False
        self._saving = Saving(target, replace=replace)

    def step(self) -> bool:
        self._feed(time.monotonic() + _STEP_SECONDS)
        if not self._saving.done:
            return True
        name, failure = safe_line(os.fspath(self._saving.target)), self._saving.failure
        if failure is not None:
            words = f"{name} was not written: {safe_line(failure)}."
            self._app.notify(words, severity="error", markup=False)
        elif self._what:
            words = f"Copied {self._what}. Where the terminal did not take it: {name}"
            self._app.notify(words, markup=False)
        else:
            words = f"Saved {size(self._saving.written)} to {name}."
            self._app.notify(words, markup=False)
        return False

    def cancel(self) -> None:
        self._saving.cancel()

    def _feed(self, until: float) -> None:
        """Hand on what there is room for, until that time (monotonic)."""
        while not self._given and not self._saving.done and time.monotonic() < until:
            if not self._ended and self._size < _BATCH_BYTES:
                piece = next(self._pieces, None)
                self._ended = piece is None
                self._batch.append(piece or b"")
                self._size += len(piece or b"")
            elif self._size:
                if not self._saving.take(b"".join(self._batch)):
                    return
                self._batch.clear()
                self._size = 0
            else:
                self._given = self._saving.take(None)
                if not self._given:
                    return


class Copying:
    """Gives text to the terminal's clipboard, and to a file where that may not get there."""

    def __init__(self, app: App[Any], texts: Iterator[str], what: str) -> None:
        """``what`` the texts are, in words: ``3 lines``."""
        self._app = app
        self._texts = texts
        self._what = what
        self._kept: list[str] = []
        self._size = 0
        self._file: SavingLog | None = None

    def step(self) -> bool:
        if self._file is not None:
            return self._file.step()
        until = time.monotonic() + _STEP_SECONDS
        for text in self._texts:
            self._kept.append(text)
            self._size += len(text.encode())
            if self._size > CERTAIN_BYTES:
                break
            if time.monotonic() >= until:
                return True
        if self._size <= CERTAIN_BYTES:
            self._give("".join(self._kept))
            if not is_doubtful(os.environ):
                self._app.notify(f"Copied {self._what}.", markup=False)
                return False
        return self._begin_file()

    def cancel(self) -> None:
        if self._file is not None:
            self._file.cancel()

    def _give(self, text: str) -> None:
        # What is pasted at a prompt must not be carried out by itself.
        self._app.copy_to_clipboard(text.removesuffix("\n"))

    def _begin_file(self) -> bool:
        target = state_folder() / "copied.txt"
        try:
            make_private_folders(os.fspath(target.parent))
        except OSError as error:
            words = f"The clipboard may not have it, and no file either: {error.strerror}."
            self._app.notify(words, severity="error", markup=False)
            return False
        pieces = (text.encode() for text in self._all())
        self._file = SavingLog(self._app, pieces, target, True, what=self._what)
        return True

    def _all(self) -> Iterator[str]:
        """What was taken already, and the rest; the clipboard gets it too if it is not too much."""
        kept, length = list(self._kept), self._size
        self._kept = []
        yield from kept
        for text in self._texts:
            length += len(text)
            if length <= _MOST_BYTES:
                kept.append(text)
            else:
                kept.clear()
            yield text
        if kept and self._size > CERTAIN_BYTES:
            self._give("".join(kept))


def is_doubtful(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is one that may not take what is copied to it."""
    term = environment.get("TERM", "")
    return (
        term.startswith(("screen", "tmux", "linux", "dumb"))
        or "TMUX" in environment
        or "VTE_VERSION" in environment
        or environment.get("TERM_PROGRAM") == "Apple_Terminal"
    )

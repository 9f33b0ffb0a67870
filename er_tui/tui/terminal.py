# SPDX-License-Identifier: AGPL-3.0-or-later
"""Textual's driver, made to survive its terminal: a lost one must not keep the runs from ending."""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder
from typing import Any, TextIO

from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver


def _forgiving(encoding: str) -> Any:
    """A decoder that takes any byte: a keyboard in another encoding is no reason to end."""

    def make() -> IncrementalDecoder:
        return getincrementaldecoder(encoding)(errors="replace")

    return make


# Textual decodes the keys strictly, and dies of the first byte that is not UTF-8.
linux_driver.getincrementaldecoder = _forgiving  # type: ignore[attr-defined]


class LosableFile:
    """A terminal to write to; once it is lost, what is written goes nowhere.

    Textual's writer thread would die of the error, and everything that writes then wait for it.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:
            pass

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            pass

    def fileno(self) -> int:
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """Ends in bounded time whatever became of the terminal, and leaves it as it was found."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        assert self._file is not None
        losable: Any = LosableFile(self._file)
        self._file = losable

    def _sigcont_application(self, *arguments: Any) -> None:
        """Start again only after a stop of our own.

        SIGCONT comes with every hang-up too, and from whoever likes. A second start would take the
        raw terminal for the one to restore, and read the keys by two threads.
        """
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)

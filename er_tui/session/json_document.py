# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON file, laid out by a process of its own and readable while that goes on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from typing import Final

from er_tui.launching import module_command
from er_tui.session.artifact import LARGEST_JSON
from er_tui.text.json_folds import Folds
from er_tui.text.line_index import Line, LineIndex
from er_tui.text.pattern import Pattern
from er_tui.text.search import Search

_STREAM: Final = "json"
_READ: Final = 1 << 20
_MOST_STEPS: Final = 64
"""Of a path: one is shown on a line."""
_KEY: Final = re.compile(rb'\s*("(?:[^"\\]|\\.)*+"): ')
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class JsonDocument:
    """Its lines, what can be folded of them, and what is wrong with it.

    For one thread; nothing here waits. The process goes with :meth:`close`; what it wrote is in
    files without a name, which are gone with whoever has them open.
    """

    def __init__(self, path: str) -> None:
        """Raises OSError where there is no room for what is to be written."""
        self.folds = Folds()
        self.problem: str | None = None
        """Why it is not shown whole, as the beginning of a sentence."""
        self.done = False
        """Whether all that could be laid out is there."""
        self.search: Search | None = None
        self._read = 0
        self._pending = b""
        """Depths of lines that are not indexed yet."""
        with contextlib.ExitStack() as opened:
            self._lines = opened.enter_context(tempfile.TemporaryFile(buffering=0))
            self._depths = opened.enter_context(tempfile.TemporaryFile(buffering=0))
            self._files = self._lines.fileno(), self._depths.fileno()
            self._process = subprocess.Popen(
                module_command(
                    "er_tui.text.json_worker", path, *map(str, self._files), str(LARGEST_JSON)
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=self._files,
            )
            opened.pop_all()
        self._index = LineIndex({_STREAM: self._files[0]})

    @property
    def line_count(self) -> int:
        return self.folds.line_count

    @property
    def searching(self) -> bool:
        """Whether there is more to be found of what is there now."""
        return self.search is not None and self.search.busy

    @property
    def is_searched(self) -> bool:
        """Whether all of the document is there and searched."""
        return self.done and not self.searching

    @property
    def searched_share(self) -> float:
        """How much of what is there is searched, from 0 to 1."""
        if self.search is None or not self._index.size:
            return 1.0
        return self.search.searched / self._index.size

    def find(self, pattern: Pattern | None) -> None:
        """Search keys and values, as they are laid out, for something else, or for nothing."""
        if self.search is not None:
            self.search.close()
        files = {_STREAM: self._files[0]}
        self.search = None if pattern is None else Search(pattern, self._index, files)

    def lines(self, first: int, count: int) -> list[Line]:
        """As many of these lines as there are."""
        return self._index.lines(first, min(count, self.line_count - first))

    def advance(self, seconds: float) -> bool:
        """Take in what was laid out meanwhile; True if there is more to do already."""
        until = time.monotonic() + seconds
        ended = self.done or self._process.poll() is not None
        # Looked at after the process: what it wrote last counts too.
        more = self._take_in(until)
        if ended and not more and not self.done:
            self._end()
        if self.search is not None:
            self.search.step()
        return self.folds.step(max(0.0, until - time.monotonic())) or more

    def close(self) -> None:
        """End the process and let go of what it wrote."""
        if not self.done:
            self._process.kill()
            self._process.communicate()
        self.find(None)
        self._index.close()
        self._lines.close()
        self._depths.close()

    def path_of(self, line: int) -> str:
        """Where the value in a line stands: ``$.items[3].name``; not made safe."""
        folds = self.folds
        if folds.closes(line):
            line = folds.parent(line) or 0
        steps: list[str] = []
        while (parent := folds.parent(line)) is not None:
            if len(steps) == _MOST_STEPS:
                return "…" + "".join(reversed(steps))
            name = _KEY.match(self._raw(line))
            steps.append(f"[{folds.place(line)}]" if name is None else _step(name[1]))
            line = parent
        return "$" + "".join(reversed(steps))

    def _raw(self, line: int) -> bytes:
        found = self._index.lines(line, 1)
        return found[0].raw if found else b""

    def _take_in(self, until: float) -> bool:
        """True if there is more already."""
        if self.done:
            return False
        # By place: where a file is read next and where the process writes next are one thing.
        depths = os.pread(self._files[1], _READ, self._read)
        self._read += len(depths)
        self._pending += depths
        more = self._index_lines(until)
        ready = self._index.line_count - self.line_count
        self.folds.grow(self._pending[:ready])
        self._pending = self._pending[ready:]
        return len(depths) == _READ or more

    def _index_lines(self, until: float) -> bool:
        """True if there is more already."""
        size = os.fstat(self._files[0]).st_size
        while (indexed := self._index.indexed(_STREAM)) < size:
            if self._index.extend(_STREAM, size) == indexed:
                return False
            if time.monotonic() >= until:
                return True
        return False

    def _end(self) -> None:
        self.done = True
        said = self._process.communicate()[0].decode(errors="replace").strip()
        if said:
            self.problem = said
        elif self._process.returncode:
            self.problem = "cannot be laid out: the process that does it was killed"


def _step(quoted: bytes) -> str:
    try:
        key = json.loads(quoted)
    except ValueError:
        key = quoted.decode(errors="replace")
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"

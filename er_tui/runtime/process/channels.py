# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a child's output comes from: a pipe, or a terminal that can also be typed to."""

from __future__ import annotations

import os
import termios
from collections import deque

_MOST_TYPED = 64 << 10
_OFLAG = 1
"""Where tcgetattr has the output modes."""


class Channel:
    """Our end, which never blocks, and the child's end until the child has it."""

    def __init__(self, end: int, childs_end: int) -> None:
        self.end = end
        self.childs_end = childs_end
        self.names = frozenset({os.readlink(f"/proc/self/fd/{childs_end}")})
        """What the child's end is called where the kernel lists descriptors."""
        os.set_blocking(end, False)

    def read(self, most: int) -> bytes | None:
        """What is there; empty at the end, None for nothing now."""
        try:
            return os.read(self.end, most)
        except BlockingIOError:
            return None

    def hand_over(self) -> None:
        """Give up our copy of the child's end, so that the end of the stream can be seen."""
        if self.childs_end >= 0:
            os.close(self.childs_end)
            self.childs_end = -1

    def close(self) -> None:
        self.hand_over()
        os.close(self.end)


class Terminal(Channel):
    """A pseudoterminal: what is typed waits here until the child's side takes it.

    We keep the child's end too. The run may close the terminal and open it again, and what it
    writes then must not be lost to a terminal that had ended; the exit of its leader tells the end.
    """

    def __init__(self, end: int, childs_end: int) -> None:
        super().__init__(end, childs_end)
        self._typed: deque[bytes] = deque()
        self._waiting = 0

    def hand_over(self) -> None:
        pass

    def close(self) -> None:
        super().hand_over()
        super().close()

    def type(self, data: bytes) -> bool:
        """Have ``data`` written when there is room; False if too much is waiting already."""
        if self._waiting + len(data) > _MOST_TYPED:
            return False
        self._typed.append(data)
        self._waiting += len(data)
        return True

    @property
    def wants_to_write(self) -> bool:
        return bool(self._typed)

    def write(self) -> None:
        """Write what fits now."""
        while self._typed:
            data = self._typed.popleft()
            try:
                written = os.write(self.end, data)
            except BlockingIOError:
                written = 0
            except OSError:  # nobody is there to read it
                self._typed.clear()
                self._waiting = 0
                return
            self._waiting -= written
            if written < len(data):
                self._typed.appendleft(data[written:])
                return

    def resize(self, columns: int, rows: int) -> None:
        """Tell the child's side, which gets SIGWINCH."""
        try:
            termios.tcsetwinsize(self.end, (rows, columns))
        except termios.error:
            pass  # gone with its last user


def open_pipe() -> Channel:
    """Raises OSError where there are no descriptors left."""
    return Channel(*os.pipe())


def open_terminal(columns: int, rows: int) -> Terminal:
    """A terminal of this size in its usual modes, but that a line ends as it was written.

    Raises OSError where there are no descriptors or terminals left.
    """
    end, childs_end = os.openpty()
    modes = termios.tcgetattr(childs_end)
    modes[_OFLAG] &= ~termios.ONLCR  # the capture is a text file, not a teletype
    termios.tcsetattr(childs_end, termios.TCSANOW, modes)
    termios.tcsetwinsize(childs_end, (rows, columns))
    return Terminal(end, childs_end)

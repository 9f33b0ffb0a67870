# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process that lays a JSON file out into another file, which can be shown as it grows.

``IN OUT DEPTHS MOST``: the document; the descriptors of the files for the lines and for a byte a
line that tells how deep it is (see ``Layout.take``); how many bytes are read at most. It prints
nothing when all was laid out, and a sentence otherwise; what was laid out until then stays.
"""

import os
import stat
import sys
from typing import BinaryIO, Final

from er_tui.text.json_layout import Layout, LayoutError

_FIRST: Final = 1 << 14
"""Bytes: the first lines are wanted at once,"""
_CHUNK: Final = 1 << 18
"""the others in larger pieces."""


def main() -> None:
    os.nice(5)  # keys are answered first
    source, lines, depths, most = sys.argv[1:5]
    try:
        _lay_out(source, int(lines), int(depths), int(most))
    except LayoutError as error:
        print(f"not JSON: {error}")  # noqa: T201 - the answer
    except OSError as error:
        print(f"cannot be laid out: {error.strerror}")  # noqa: T201


def _lay_out(source: str, lines: int, depths: int, most: int) -> None:
    # A symbolic link could have been planted, and opening a FIFO would wait for a writer.
    file = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise LayoutError("it is no regular file")
    if status.st_size > most:
        raise LayoutError(f"it is larger than {most} bytes")
    layout = Layout()
    with open(lines, "wb") as out, open(depths, "wb") as out_depths:
        try:
            length = _FIRST
            while data := os.read(file, length):
                layout.feed(data)
                _write(layout, out, out_depths)
                length = _CHUNK
            layout.finish()
        finally:
            _write(layout, out, out_depths)


def _write(layout: Layout, out: BinaryIO, out_depths: BinaryIO) -> None:
    lines, depths = layout.take()
    out_depths.write(depths)
    out_depths.flush()
    out.write(lines)
    out.flush()


if __name__ == "__main__":
    main()

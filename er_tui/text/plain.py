# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many lines of output at once as text that can be searched: what a terminal obeys taken out.

Line for line, in the time it takes to look for a few characters. The exact picture of one line is
the affair of `ansi.py`; here a line that was drawn over and over is what followed its last `\\r`.
"""

import re
from typing import Final

SEQUENCE: Final = (
    rb"\x1b(?:"
    rb"\[[\x20-\x3f]*[\x40-\x7e]?"  # CSI
    rb"|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC
    rb"|[PX^_][^\x1b\n]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    rb"|[\x20-\x2f]*[\x30-\x7e]?)"
)
"""An escape sequence within a line, whole or cut off, in the syntax of re and RE2."""

_SEQUENCE: Final = re.compile(SEQUENCE)
_LINE_END: Final = re.compile(rb"\r+(?=\n|\Z)")
_DRAWN_OVER: Final = re.compile(rb"[^\n\r]*\r")


def plain_lines(data: bytes) -> bytes:
    """``data`` without escape sequences and drawn-over states; each newline stays where it was."""
    if b"\x1b" in data:
        data = _SEQUENCE.sub(b"", data)
    if b"\r" in data:
        data = _DRAWN_OVER.sub(b"", _LINE_END.sub(b"", data))
    return data

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bytes that are no text, sixteen a line: offset, numbers, and the printable ones."""

from typing import Final

BYTES_A_LINE: Final = 16


def hex_line(offset: int, data: bytes) -> str:
    """``0001f0  48 65 6c 6c 6f …  Hello…``; at most :data:`BYTES_A_LINE` bytes of ``data``."""
    data = data[:BYTES_A_LINE]
    left, right = (" ".join(f"{byte:02x}" for byte in part) for part in (data[:8], data[8:]))
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)
    return f"{offset:08x}  {left:<23}  {right:<23}  {shown}"

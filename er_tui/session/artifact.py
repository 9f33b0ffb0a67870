# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an artifact is: found out from the file itself, which may be anything by now."""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from er_tui.text.json_layout import Layout, LayoutError

LARGEST_JSON: Final = 50 << 20
"""Bytes; above it, JSON is shown as text."""

Kind: TypeAlias = Literal["json", "text", "image", "binary"]

_HEAD: Final = 64 << 10
"""Bytes that are looked at; a JPEG tells its size behind its thumbnail."""
_SNIFFED: Final = 4096
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"),
    (b"BM", "BMP image"),
    (b"II*\0", "TIFF image"),
    (b"MM\0*", "TIFF image"),
    (b"\x7fELF", "ELF program"),
    (b"PK\x03\x04", "zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"%PDF-", "PDF document"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"\0asm", "WebAssembly module"),
    (b"PAR1", "Parquet file"),
)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a JPEG that are followed by its size."""


class ArtifactError(Exception):
    """It cannot be shown; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file, as it was when it was looked at."""

    kind: Kind
    type: str
    """In words: ``PNG image``, ``text``."""
    size: int
    """Bytes."""
    pixels: tuple[int, int] | None = None
    """Of an image: width and height, where it tells them."""
    remark: str | None = None
    """Why it is not shown as what it is, as a sentence."""


def open_artifact(path: str) -> int:
    """A descriptor for reading a regular file that is no symbolic link. Raises ArtifactError."""
    # A link could have been planted, and opening a FIFO would wait for a writer.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            raise ArtifactError("This is a symbolic link, which is not followed.")
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ArtifactError(f"The file cannot be opened: {why}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArtifactError("This is not a regular file.")
    return descriptor


def look_at(path: str) -> Artifact:
    """What the file is, by its content. Raises ArtifactError."""
    descriptor = open_artifact(path)
    try:
        size = os.fstat(descriptor).st_size
        head = os.pread(descriptor, _HEAD, 0)
    except OSError as error:
        raise ArtifactError(f"The file cannot be read: {error.strerror}.") from None
    finally:
        os.close(descriptor)
    return recognise(head, size, os.path.basename(path))


def recognise(head: bytes, size: int, name: str = "") -> Artifact:
    """What a file of that size and name is that begins with ``head``."""
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        kind = "WebP image"
    binary = b"\0" in head[:_SNIFFED]
    if kind is not None and (binary or not _is_text(head[:_SNIFFED])):
        if kind.endswith("image"):
            return Artifact("image", kind, size, _pixels(head))
        return Artifact("binary", kind, size)
    if binary:
        return Artifact("binary", "binary", size)
    if _begins_as_json(head, name.endswith(".json")):
        if size <= LARGEST_JSON:
            return Artifact("json", "JSON", size)
        most = f"{LARGEST_JSON >> 20} MiB"
        remark = f"JSON of more than {most} is not laid out. Shown as text."
        return Artifact("text", "text", size, remark=remark)
    return Artifact("text", "text", size)


def _is_text(data: bytes) -> bool:
    # What is cut off at the end may be a part of a character.
    try:
        data[:-4].decode()
    except UnicodeDecodeError:
        return False
    return not any(byte < 0x20 and byte not in b"\t\n\v\f\r\x1b\b\a" for byte in data)


def _begins_as_json(head: bytes, named_so: bool) -> bool:
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if named_so:
        return bool(begins)  # where it is none, it is worth to be told why
    if begins[:1] not in (b"{", b"["):
        return False
    try:
        Layout().feed(head[:_SNIFFED])
    except LayoutError:
        return False  # lines of JSON, or a log that begins with a bracket
    return True


def _pixels(head: bytes) -> tuple[int, int] | None:
    try:
        if head.startswith(b"\x89PNG"):
            width, height = struct.unpack_from(">II", head, 16)
        elif head.startswith(b"GIF8"):
            width, height = struct.unpack_from("<HH", head, 6)
        elif head.startswith(b"\xff\xd8"):
            return _pixels_of_jpeg(head)
        else:
            return None
    except struct.error:
        return None
    return width, height


def _pixels_of_jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while True:
        start, marker, length = struct.unpack_from(">BBH", head, at)
        if start != 0xFF:
            return None
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        # Filling bytes stand before a marker.
        at += 1 if marker == 0xFF else 2 + length

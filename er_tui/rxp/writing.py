# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes results, each in one step that no reader ever sees half of."""

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from er_tui.rxp.contracts import RuntimeResult


def write_result(path: str | os.PathLike[str], result: "RuntimeResult") -> Path:
    """Writes `result` to `path`, whose missing parent folders are made (0700), and returns `path`.

    The file (0600, before umask) appears whole or not at all: a reader, at any instant, sees what
    was there before or all of the new, and so does everyone if this process dies. It is not synced
    to the disk, so a power loss may still take it. A symlink at `path` is replaced, not followed.

    Raises OSError, and leaves no temporary file behind, if it cannot be written.
    """
    target = Path(path)
    temporary = target.parent / f".rxp-{os.urandom(8).hex()}.tmp"
    data = result_json(result)
    try:
        descriptor = _create(temporary)
        try:
            _fill(descriptor, data)
            os.replace(temporary, target)
        except BaseException:
            _remove(temporary)
            raise
    except ValueError as exc:
        # What os says of a path with a NUL or half a surrogate pair.
        raise OSError(errno.EINVAL, str(exc), str(target)) from exc
    return target


def result_json(result: "RuntimeResult") -> bytes:
    """`result` as a JSON document: UTF-8, indented by 2, its fields in the schema's order.

    Bytes of a path that are not UTF-8 (Python's lone surrogates) are kept as `\\udcxx` escapes.
    """
    try:
        return result.model_dump_json(indent=2).encode() + b"\n"
    except ValueError:
        text = json.dumps(result.model_dump(), indent=2, ensure_ascii=False)
        return text.encode(errors="backslashreplace") + b"\n"


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        for folder in (*reversed(path.parent.parents), path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)


def _fill(descriptor: int, data: bytes) -> None:
    """Writes all of `data` and closes the file, which may be what tells that the disk is full."""
    try:
        remaining = memoryview(data)
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        pass  # the failure that led here is the one to tell

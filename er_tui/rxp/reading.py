# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads invocation files, as strictly as the JSON Schema, and says in a sentence what is wrong.

Every bad input is an `InvocationFileError`, and nothing else. More lenient than the schema: a field
that the contract has a default for may be left out. Stricter: a key may not be given twice, numbers
are bounded, and text must be whole Unicode characters. Nothing is done but decode and validate
until a file turns out bad; only then is its text walked for where and why.
"""

import json
import os
import stat
from pathlib import Path
from typing import Never

from pydantic import ValidationError

from er_tui.rxp.contracts import RuntimeInvocation
from er_tui.rxp.diagnosis import (
    Finding,
    Problem,
    contract_fault,
    document_fault,
    is_too_large,
)
from er_tui.rxp.positions import line_and_column

MAX_INVOCATION_BYTES = 1 << 20
"""The size of the largest invocation file that is read."""

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "UTF-8"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class InvocationFileError(Exception):
    """An invocation file that cannot be used, and why.

    `str()` is `path:line:column: reason`, without what is unknown. Neither it nor what it was
    raised from holds a value of the file's `command`, `environment` or `metadata`.
    """

    def __init__(
        self, path: Path, reason: str, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(path, reason, line, column)
        self.path = path
        self.reason = reason
        self.line = line
        """Counted from 1; None where the file as a whole is at fault."""
        self.column = column
        """Counted from 1, in characters."""

    def __str__(self) -> str:
        place = [str(part) for part in (self.path, self.line, self.column) if part is not None]
        return f"{':'.join(place)}: {self.reason}"


def read_invocation(path: str | os.PathLike[str]) -> RuntimeInvocation:
    """The invocation in the file at `path`.

    Raises `InvocationFileError` for anything that keeps it from being read or from being one.
    """
    return parse_invocation(read_document(path), Path(path))


def read_document(path: str | os.PathLike[str]) -> bytes:
    """The bytes of the file at `path`, at most `MAX_INVOCATION_BYTES` of them.

    Never blocks on a FIFO, opens no device, and reads nothing of a file that is too large. Raises
    `InvocationFileError` where there is no such file or it cannot be read.
    """
    where = Path(path)
    try:
        # Looked at before it is opened, since opening alone acts on a device or a FIFO's writer.
        _require_regular(where, os.stat(where))
        descriptor = os.open(where, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            _require_regular(where, os.fstat(descriptor))
            return _read_bounded(where, descriptor)
        finally:
            os.close(descriptor)
    except OSError as exc:
        raise InvocationFileError(where, f"cannot be read: {exc.strerror or exc}") from exc
    except ValueError as exc:
        raise InvocationFileError(where, f"is not a usable path: {exc}") from exc


def parse_invocation(data: bytes, path: Path) -> RuntimeInvocation:
    """The invocation that `data`, read from `path`, is the document of.

    Raises `InvocationFileError`, which names `path`, if it is none.
    """
    text = _decoded(data, path)
    if not text.strip():
        raise InvocationFileError(path, "is empty")
    document = _document(text, path)
    try:
        return RuntimeInvocation.model_validate(document, strict=True)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
    # Outside the except clause, for the error there carries the values.
    problems = [Problem(error["type"], error["loc"]) for error in errors]
    raise _error(path, text, document_fault(text) or contract_fault(text, document, problems))


def _require_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InvocationFileError(path, "is a directory, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise InvocationFileError(path, "is not a regular file")
    if status.st_size > MAX_INVOCATION_BYTES:
        raise InvocationFileError(path, _too_large())


def _read_bounded(path: Path, descriptor: int) -> bytes:
    """What the file holds, bounded even if it grows or, as in /proc, does not tell its size."""
    data = bytearray()
    while chunk := os.read(descriptor, 1 << 16):
        data += chunk
        if len(data) > MAX_INVOCATION_BYTES:
            raise InvocationFileError(path, _too_large())
    return bytes(data)


def _too_large() -> str:
    return f"is too large, an invocation file has at most {MAX_INVOCATION_BYTES:,} bytes"


def _decoded(data: bytes, path: Path) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            reason = f"begins with a {encoding} byte order mark, it must be UTF-8 without one"
            raise InvocationFileError(path, reason, 1, 1)
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        start = exc.start
    before = data[:start].decode()
    line, column = line_and_column(before, len(before))
    raise InvocationFileError(path, f"is not UTF-8: byte 0x{data[start]:02x}", line, column)


def _document(text: str, path: Path) -> object:
    try:
        document: object = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        finding = Finding(exc.pos, f"is not JSON: {_plain(exc.msg)}")
    except (ValueError, RecursionError) as exc:
        finding = document_fault(text) or Finding(0, f"cannot be decoded: {exc}")
    else:
        # Only an escape can spell half a surrogate pair.
        may_be_faulty = "\\ud" in text or "\\uD" in text
        fault = document_fault(text) if may_be_faulty else None
        if fault is None:
            return document
        finding = fault
    raise _error(path, text, finding)


def _plain(message: str) -> str:
    """The decoder's message as the end of a sentence about a place that is told apart from it."""
    cut = message.removesuffix(": ").removesuffix(" at").removesuffix(" starting")
    return cut[:1].lower() + cut[1:]


def _error(path: Path, text: str, finding: Finding) -> InvocationFileError:
    line, column = line_and_column(text, finding.offset)
    return InvocationFileError(path, finding.reason, line, column)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is given twice")
    return mapping


def _integer(spelled: str) -> int:
    if is_too_large(spelled):
        raise ValueError("the number is too large")
    return int(spelled)


def _float(spelled: str) -> int | float:
    """In JSON Schema 30.0 is an integer."""
    if is_too_large(spelled):
        raise ValueError("the number is too large")
    value = float(spelled)
    return int(value) if value.is_integer() else value


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_no_constant,
)

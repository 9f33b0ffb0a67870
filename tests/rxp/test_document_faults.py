# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is no document at all, whatever its contract, is told with its place."""

import pytest

from tests.rxp.documents import refusal, replaced

NOT_A_DOCUMENT = {
    "not JSON": (b'{\n  "a": ]', 2, 8, "is not JSON: expecting value"),
    "cut short": (b'{\n "a": "b', 2, 7, "is not JSON: unterminated string"),
    "raw newline": (b'{"a": "b\n"}', 1, 9, "is not JSON: invalid control character"),
    "bad escape": (b'{"a": "\\x"}', 1, 8, "is not JSON: invalid \\escape"),
    "two documents": (b"{}\n{}", 2, 1, "is not JSON: extra data"),
    "binary": (b"{\x00}", 1, 2, "is not JSON: expecting property name enclosed in double quotes"),
    "empty": (b"", None, None, "is empty"),
    "blank": (b" \n\n ", None, None, "is empty"),
    "UTF-8 mark": (
        b"\xef\xbb\xbf{}",
        1,
        1,
        "begins with a UTF-8 byte order mark, it must be UTF-8 without one",
    ),
    "UTF-16": (
        "{}".encode("utf-16"),
        1,
        1,
        "begins with a UTF-16 byte order mark, it must be UTF-8 without one",
    ),
    "bad UTF-8": ('{\n "é": "'.encode() + b'\xff"}', 2, 8, "is not UTF-8: byte 0xff"),
    "cut UTF-8": (b'{"a": "\xc3', 1, 8, "is not UTF-8: byte 0xc3"),
    "a list": (b"\n [{}]", 2, 2, "an invocation must be an object, found a list"),
    "null": (b"null", 1, 1, "an invocation must be an object, found null"),
    "a string": (b'"x"', 1, 1, "an invocation must be an object, found a string"),
    "a number": (b"1", 1, 1, "an invocation must be an object, found a number"),
    "duplicate key": (
        replaced(b'"runtime_kind"', b'"command": 1,\n "runtime_kind"').replace(b"1,", b'["x"],'),
        9,
        3,
        "the key 'command' is given twice",
    ),
    "duplicate variable": (
        b'{"environment": {"A": "1",\n "B": "2", "\\u0041": "3"}}',
        2,
        12,
        "the key 'A' is given twice",
    ),
    "NaN": (b'{"a": [1, NaN]}', 1, 11, "NaN is not JSON, a number must be finite"),
    "Infinity": (b'{"a": -Infinity}', 1, 7, "-Infinity is not JSON, a number must be finite"),
    "deep": (b"[" * 100_000, 1, 66, "the JSON is nested more than 64 levels deep"),
    "deep but whole": (
        b'{"a":\n' + b"[" * 70 + b"]" * 70 + b"}",
        2,
        65,
        "the JSON is nested more than 64 levels deep",
    ),
    "5,000 digits": (
        replaced(b"30", b"1" * 5000),
        10,
        22,
        "the number is too large, at most 9007199254740991 is accepted",
    ),
    "beyond 53 bits": (
        replaced(b"30", b"9007199254740992"),
        10,
        22,
        "the number is too large, at most 9007199254740991 is accepted",
    ),
    "overflowing float": (
        replaced(b"30", b"1e999"),
        10,
        22,
        "the number is too large, at most 9007199254740991 is accepted",
    ),
    "half a surrogate pair": (
        replaced(b"make", b"\\uD800"),
        8,
        15,
        "the string has half of a surrogate pair, which is not text",
    ),
    "half a surrogate pair in a key": (
        replaced(b"LANG", b"\\udfff"),
        9,
        19,
        "the string has half of a surrogate pair, which is not text",
    ),
}


@pytest.mark.parametrize(
    ("data", "line", "column", "reason"), NOT_A_DOCUMENT.values(), ids=NOT_A_DOCUMENT.keys()
)
def test_what_is_no_document_is_refused_with_its_place(
    data: bytes, line: int | None, column: int | None, reason: str
) -> None:
    error = refusal(data)
    assert (error.line, error.column, error.reason) == (line, column, reason)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is a document but no invocation is told in a sentence that names the field, with its place.

No sentence quotes what may be a secret.
"""

import pytest

from er_tui.rxp import RuntimeInvocation
from er_tui.rxp.diagnosis import EXPECTED
from tests.rxp.documents import HERE, changed, refusal, replaced, without

KINDS = "subprocess, http, http_async, container, manual, unknown"

RESULT = HERE / "examples" / "v0.1" / "runtime_result.succeeded.json"

NOT_AN_INVOCATION = {
    "misspelled field": (
        replaced(b"timeout_seconds", b"timout_seconds"),
        10,
        3,
        "unknown field 'timout_seconds' (did you mean 'timeout_seconds'?)",
    ),
    "unknown field": (changed(zzz=1), 15, 3, "unknown field 'zzz'"),
    "long unknown field": (changed(**{"z" * 99: 1}), 15, 3, f"unknown field '{'z' * 59}…'"),
    "unprintable unknown field": (
        changed(**{"\x1b[\u202e": 1}),
        15,
        3,
        r"unknown field '\x1b[\u202e'",
    ),
    "bad literal": (
        changed(runtime_kind="subproces"),
        6,
        19,
        f"runtime_kind must be one of {KINDS}, found 'subproces'",
    ),
    "missing field": (
        without("command"),
        1,
        1,
        "the field 'command' is missing, it must be a list of at least one string",
    ),
    "empty object": (
        b"\n {}",
        2,
        2,
        "the field 'invocation_id' is missing, it must be a non-empty string (and 4 more)",
    ),
    "empty id": (
        changed(invocation_id=""),
        4,
        20,
        "invocation_id must be a non-empty string, found ''",
    ),
    "long value": (
        changed(runtime_kind="k" * 1000),
        6,
        19,
        f"runtime_kind must be one of {KINDS}, found '{'k' * 59}…'",
    ),
    "timeout as text": (
        changed(timeout_seconds="30"),
        10,
        22,
        "timeout_seconds must be a whole number above 0, or null, found '30'",
    ),
    "timeout true": (
        changed(timeout_seconds=True),
        10,
        22,
        "timeout_seconds must be a whole number above 0, or null, found true",
    ),
    "timeout zero": (
        changed(timeout_seconds=0),
        10,
        22,
        "timeout_seconds must be a whole number above 0, or null, found 0",
    ),
    "timeout with a fraction": (
        changed(timeout_seconds=1.5),
        10,
        22,
        "timeout_seconds must be a whole number above 0, or null, found 1.5",
    ),
    "path as a list": (
        changed(artifact_directory=["a"]),
        13,
        25,
        "artifact_directory must be a string or null, found a list",
    ),
    "id null": (
        changed(invocation_id=None),
        4,
        20,
        "invocation_id must be a non-empty string, found null",
    ),
    "command as text": (
        changed(command="make --token=hunter2"),
        8,
        14,
        "command must be a list of at least one string, found a string",
    ),
    "command empty": (
        changed(command=[]),
        8,
        14,
        "command must be a list of at least one string, found an empty list",
    ),
    "number in command": (
        changed(command=["sleep", 5]),
        8,
        24,
        "command[1] must be a string, found a number",
    ),
    "number in environment": (
        changed(environment={"A": "1", "PIN": 4711}),
        9,
        36,
        "environment['PIN'] must be a string, found a number",
    ),
    "environment as text": (
        changed(environment="TOKEN=hunter2"),
        9,
        18,
        "environment must be an object of strings, found a string",
    ),
    "object in metadata": (
        changed(metadata={"headers": {"a": "b"}}),
        14,
        27,
        "metadata['headers'] must be a string, found an object",
    ),
    "several": (
        changed(runtime_kind=False, timeout_seconds=-1, zzz=1),
        6,
        19,
        f"runtime_kind must be one of {KINDS}, found false (and 2 more)",
    ),
    "a result": (
        RESULT.read_bytes(),
        3,
        20,
        "this is a runtime_result, expected a runtime_invocation",
    ),
    "an artifact": (
        b'{"contract_kind": "artifact_descriptor"}',
        1,
        19,
        "this is an artifact_descriptor, expected a runtime_invocation",
    ),
    "no contract": (
        changed(contract_kind="invocation"),
        3,
        20,
        "contract_kind must be 'runtime_invocation', found 'invocation'",
    ),
    "another version": (
        changed(schema_version="0.2", retries=3),
        2,
        21,
        "schema_version '0.2' is not supported, expected '0.1'",
    ),
    "version as a number": (
        changed(schema_version=0.1),
        2,
        21,
        "schema_version must be '0.1', found 0.1",
    ),
}


@pytest.mark.parametrize(
    ("data", "line", "column", "reason"), NOT_AN_INVOCATION.values(), ids=NOT_AN_INVOCATION.keys()
)
def test_what_is_no_invocation_is_refused_with_its_place(
    data: bytes, line: int, column: int, reason: str
) -> None:
    error = refusal(data)
    assert (error.line, error.column, error.reason) == (line, column, reason)
    assert str(error) == f"folder/x.json:{line}:{column}: {reason}"


def test_columns_count_characters_after_wide_ones() -> None:
    error = refusal('{"metadata": {"käse🧀": 1}, "zzz": 1}'.encode())
    assert (error.line, error.column) == (1, 24)


@pytest.mark.parametrize("secret", ["hunter2", 4711_0815])
@pytest.mark.parametrize("field", ["environment", "metadata", "command"])
def test_no_secret_is_in_an_error_or_what_it_came_from(field: str, secret: object) -> None:
    inner: dict[str, object] = {"environment": {"A": [secret]}, "metadata": {"A": [secret]}}
    for value in (secret, inner.get(field, [[secret]])):
        error = refusal(changed(**{field: value}))
        assert str(secret) not in str(error)
        assert error.__cause__ is None
        assert error.__context__ is None


def test_every_field_has_words_for_what_it_must_be() -> None:
    assert list(EXPECTED) == list(RuntimeInvocation.model_fields)

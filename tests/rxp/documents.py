# SPDX-License-Identifier: AGPL-3.0-or-later
"""The documents that the tests of this room read and write: examples, schemas, generated ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from er_tui.rxp import (
    RUNTIME_KINDS,
    RUNTIME_STATUSES,
    ArtifactDescriptor,
    InvocationFileError,
    RuntimeInvocation,
    RuntimeResult,
    parse_invocation,
)

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE / "examples" / "v0.1").glob("*.json"))

CONTRACTS: dict[str, type[BaseModel]] = {
    "artifact_descriptor": ArtifactDescriptor,
    "runtime_invocation": RuntimeInvocation,
    "runtime_result": RuntimeResult,
}

FILE = Path("folder/x.json")
"""What invocations that are in no file are read as."""


def schema(kind: str) -> dict[str, Any]:
    path = HERE / "schemas" / "v0.1" / f"{kind}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_bytes())
    return loaded


def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(schema(kind))


def invocation(**fields: object) -> dict[str, Any]:
    """A valid invocation document, with `fields` put in."""
    return {
        "schema_version": "0.1",
        "contract_kind": "runtime_invocation",
        "invocation_id": "build-017",
        "runtime_name": "local",
        "runtime_kind": "subprocess",
        "working_directory": "/srv/build",
        "command": ["make", "all"],
        "environment": {"LANG": "C"},
        "timeout_seconds": 30,
        "input_payload_path": None,
        "output_result_path": None,
        "artifact_directory": None,
        "metadata": {},
        **fields,
    }


def lines(document: dict[str, Any]) -> bytes:
    """The document with one top-level field a line: the n-th field stands on line n + 1."""
    fields = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
    return ("{\n" + ",\n".join(fields) + "\n}\n").encode()


def without(*fields: str) -> bytes:
    return lines({k: v for k, v in invocation().items() if k not in fields})


def changed(**fields: object) -> bytes:
    return lines(invocation(**fields))


def replaced(old: bytes, new: bytes) -> bytes:
    good = lines(invocation())
    assert good.count(old) == 1
    return good.replace(old, new)


def refusal(data: bytes) -> InvocationFileError:
    with pytest.raises(InvocationFileError) as caught:
        parse_invocation(data, FILE)
    return caught.value


def result(**fields: Any) -> RuntimeResult:
    """A valid result, with `fields` put in."""
    required = {
        "invocation_id": "build-017",
        "runtime_name": "local",
        "runtime_kind": "subprocess",
        "status": "succeeded",
        "started_at": "2026-05-06T10:00:00Z",
        "finished_at": "2026-05-06T10:01:00Z",
    }
    return RuntimeResult(**{**required, **fields})


_words = st.text(min_size=1)
_strings = st.dictionaries(st.text(), st.text(), max_size=3)
_paths = st.none() | st.text()

artifacts = st.builds(
    ArtifactDescriptor,
    artifact_id=_words,
    path=_words,
    kind=_words,
    description=st.text(),
    metadata=_strings,
)

invocations = st.builds(
    RuntimeInvocation,
    invocation_id=_words,
    runtime_name=_words,
    runtime_kind=st.sampled_from(RUNTIME_KINDS),
    working_directory=_words,
    command=st.lists(st.text(), min_size=1, max_size=4),
    environment=_strings,
    timeout_seconds=st.none() | st.integers(min_value=1, max_value=2**53 - 1),
    input_payload_path=_paths,
    output_result_path=_paths,
    artifact_directory=_paths,
    metadata=_strings,
)

results = st.builds(
    RuntimeResult,
    invocation_id=_words,
    runtime_name=_words,
    runtime_kind=st.sampled_from(RUNTIME_KINDS),
    status=st.sampled_from(RUNTIME_STATUSES),
    exit_code=st.none() | st.integers(),
    started_at=st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    finished_at=st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    stdout_path=_paths,
    stderr_path=_paths,
    artifacts=st.lists(artifacts, max_size=3),
    error_summary=_paths,
    metadata=_strings,
)

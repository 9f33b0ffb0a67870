# SPDX-License-Identifier: AGPL-3.0-or-later
"""The contracts and the vocabulary are those of the RxP 0.1 schemas.

`test_provider` runs this file a second time, against an installed `rxp`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from er_tui.rxp import (
    CONTRACT_KINDS,
    RUNTIME_KINDS,
    RUNTIME_STATUSES,
    SCHEMA_VERSION,
    TERMINAL_STATUSES,
    ArtifactDescriptor,
    RuntimeInvocation,
    RuntimeResult,
)
from tests.rxp import documents
from tests.rxp.documents import CONTRACTS

REQUIRED: dict[str, dict[str, Any]] = {
    "artifact_descriptor": {"artifact_id": "a", "path": "p", "kind": "k"},
    "runtime_invocation": {
        "invocation_id": "i",
        "runtime_name": "n",
        "runtime_kind": "subprocess",
        "working_directory": "/w",
        "command": ["c"],
    },
    "runtime_result": {
        "invocation_id": "i",
        "runtime_name": "n",
        "runtime_kind": "subprocess",
        "status": "succeeded",
        "started_at": "s",
        "finished_at": "f",
    },
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "artifact_descriptor": {"description": "", "metadata": {}},
    "runtime_invocation": {
        "environment": {},
        "timeout_seconds": None,
        "input_payload_path": None,
        "output_result_path": None,
        "artifact_directory": None,
        "metadata": {},
    },
    "runtime_result": {
        "exit_code": None,
        "stdout_path": None,
        "stderr_path": None,
        "artifacts": [],
        "error_summary": None,
        "metadata": {},
    },
}
KINDS = sorted(REQUIRED)
NON_EMPTY = [
    (kind, field)
    for kind, fields in (
        ("artifact_descriptor", ("artifact_id", "path", "kind")),
        ("runtime_invocation", ("invocation_id", "runtime_name", "working_directory", "command")),
        ("runtime_result", ("invocation_id", "runtime_name")),
    )
    for field in fields
]


@pytest.mark.parametrize("path", documents.EXAMPLES, ids=lambda path: path.stem)
def test_every_example_round_trips(path: Path) -> None:
    document = json.loads(path.read_bytes())
    model = CONTRACTS[document["contract_kind"]].model_validate(document)
    assert json.loads(model.model_dump_json()) == document


@pytest.mark.parametrize("kind", KINDS)
def test_fields_stand_in_the_order_of_the_schema(kind: str) -> None:
    assert list(CONTRACTS[kind].model_fields) == list(documents.schema(kind)["properties"])


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_has_no_default_is_required(kind: str) -> None:
    fixed = {"schema_version": "0.1", "contract_kind": kind}
    model = CONTRACTS[kind](**REQUIRED[kind])
    assert model.model_dump() == {**fixed, **REQUIRED[kind], **DEFAULTS[kind]}
    documents.validator(kind).validate(model.model_dump())
    for field in REQUIRED[kind]:
        with pytest.raises(ValidationError):
            CONTRACTS[kind](**{key: REQUIRED[kind][key] for key in REQUIRED[kind] if key != field})


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_not_shared(kind: str) -> None:
    one, two = (dict(CONTRACTS[kind](**REQUIRED[kind])) for _ in range(2))
    assert one["metadata"] == {}
    assert one["metadata"] is not two["metadata"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_field_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        CONTRACTS[kind](**REQUIRED[kind], surprise=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["schema_version", "contract_kind"])
def test_another_version_or_contract_is_refused(kind: str, field: str) -> None:
    with pytest.raises(ValidationError):
        CONTRACTS[kind](**REQUIRED[kind], **{field: "other"})


@pytest.mark.parametrize(("kind", "field"), NON_EMPTY)
def test_what_must_not_be_empty_is_refused_empty(kind: str, field: str) -> None:
    empty = type(REQUIRED[kind][field])()
    with pytest.raises(ValidationError):
        CONTRACTS[kind](**{**REQUIRED[kind], field: empty})


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_is_above_zero(timeout: int) -> None:
    with pytest.raises(ValidationError):
        RuntimeInvocation(**REQUIRED["runtime_invocation"], timeout_seconds=timeout)


def test_a_word_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValidationError):
        RuntimeInvocation(**{**REQUIRED["runtime_invocation"], "runtime_kind": "ssh"})
    with pytest.raises(ValidationError):
        RuntimeResult(**{**REQUIRED["runtime_result"], "status": "queued"})


def test_models_are_lax_and_not_frozen() -> None:
    model = RuntimeInvocation(**REQUIRED["runtime_invocation"], timeout_seconds="30")
    assert model.timeout_seconds == 30
    model.timeout_seconds = 31
    assert model.timeout_seconds == 31


def test_a_result_takes_its_artifacts_as_documents() -> None:
    artifacts = [REQUIRED["artifact_descriptor"]]
    model = RuntimeResult(**REQUIRED["runtime_result"], artifacts=artifacts)
    assert model.artifacts == [ArtifactDescriptor(artifact_id="a", path="p", kind="k")]


@given(documents.invocations)
def test_every_invocation_emitted_is_valid_in_the_schema(model: RuntimeInvocation) -> None:
    documents.validator("runtime_invocation").validate(json.loads(model.model_dump_json()))


@given(documents.results)
def test_every_result_emitted_is_valid_in_the_schema(model: RuntimeResult) -> None:
    emitted = model.model_dump_json()
    documents.validator("runtime_result").validate(json.loads(emitted))
    assert RuntimeResult.model_validate_json(emitted) == model


def test_the_vocabularies_are_the_enums_of_the_schemas() -> None:
    properties = documents.schema("runtime_result")["properties"]
    assert list(RUNTIME_KINDS) == properties["runtime_kind"]["enum"]
    assert list(RUNTIME_STATUSES) == properties["status"]["enum"]
    assert properties["schema_version"]["const"] == SCHEMA_VERSION
    assert sorted(CONTRACT_KINDS) == KINDS
    assert frozenset(RUNTIME_STATUSES) - {"pending", "running"} == TERMINAL_STATUSES

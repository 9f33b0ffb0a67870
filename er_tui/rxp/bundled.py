# SPDX-License-Identifier: AGPL-3.0-or-later
"""The RxP 0.1 contracts, indistinguishable from those of the canonical `rxp` package.

Field order is that of the JSON Schemas, and so is the order of what is emitted. Validation is
pydantic's lax mode; a document on disk is held to the schema's strictness by `reading`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from er_tui.rxp.vocabulary import RuntimeKind, RuntimeStatus


class ArtifactDescriptor(BaseModel):
    """A file that a run left behind."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal["0.1"] = "0.1"
    contract_kind: Literal["artifact_descriptor"] = "artifact_descriptor"
    artifact_id: str = Field(min_length=1)
    path: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    description: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)


class RuntimeInvocation(BaseModel):
    """What is to be run."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal["0.1"] = "0.1"
    contract_kind: Literal["runtime_invocation"] = "runtime_invocation"
    invocation_id: str = Field(min_length=1)
    runtime_name: str = Field(min_length=1)
    runtime_kind: RuntimeKind
    working_directory: str = Field(min_length=1)
    command: list[str] = Field(min_length=1)
    environment: dict[str, str] = Field(default_factory=dict)
    timeout_seconds: int | None = Field(default=None, gt=0)
    input_payload_path: str | None = None
    output_result_path: str | None = None
    artifact_directory: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class RuntimeResult(BaseModel):
    """What came of it. `started_at` and `finished_at` are RFC 3339 date-times, kept as text."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal["0.1"] = "0.1"
    contract_kind: Literal["runtime_result"] = "runtime_result"
    invocation_id: str = Field(min_length=1)
    runtime_name: str = Field(min_length=1)
    runtime_kind: RuntimeKind
    status: RuntimeStatus
    exit_code: int | None = None
    started_at: str
    finished_at: str
    stdout_path: str | None = None
    stderr_path: str | None = None
    artifacts: list[ArtifactDescriptor] = Field(default_factory=list)
    error_summary: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

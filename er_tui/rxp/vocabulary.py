# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words of RxP 0.1, in the order of its JSON Schemas. They are never extended."""

from typing import Final, Literal, TypeAlias

RuntimeKind: TypeAlias = Literal[
    "subprocess", "http", "http_async", "container", "manual", "unknown"
]
RuntimeStatus: TypeAlias = Literal[
    "pending", "running", "succeeded", "failed", "timed_out", "cancelled", "rejected"
]

SCHEMA_VERSION: Final = "0.1"

RUNTIME_KINDS: Final[tuple[RuntimeKind, ...]] = (
    "subprocess",
    "http",
    "http_async",
    "container",
    "manual",
    "unknown",
)

RUNTIME_STATUSES: Final[tuple[RuntimeStatus, ...]] = (
    "pending",
    "running",
    "succeeded",
    "failed",
    "timed_out",
    "cancelled",
    "rejected",
)

CONTRACT_KINDS: Final = ("runtime_invocation", "runtime_result", "artifact_descriptor")

TERMINAL_STATUSES: Final[frozenset[RuntimeStatus]] = frozenset(
    ("succeeded", "failed", "timed_out", "cancelled", "rejected")
)
"""The statuses a run does not leave."""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The RxP 0.1 protocol: its contracts, its vocabulary, reading invocation files, writing results.

The three contracts are the canonical `rxp` package's own classes where that package is installed
and equal to what is bundled here, otherwise the bundled ones; `provider()` says which and why. For
type checkers they are the bundled ones. Whichever they are, each name is one object for the life of
the process.

Importing this package costs next to nothing: pydantic is imported when a name that needs it is
first asked for, so that a command which only wants the vocabulary or `provider()` starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from er_tui.rxp.provider import provider
from er_tui.rxp.vocabulary import (
    CONTRACT_KINDS,
    RUNTIME_KINDS,
    RUNTIME_STATUSES,
    SCHEMA_VERSION,
    TERMINAL_STATUSES,
    RuntimeKind,
    RuntimeStatus,
)

if TYPE_CHECKING:
    from er_tui.rxp.contracts import ArtifactDescriptor, RuntimeInvocation, RuntimeResult
    from er_tui.rxp.reading import (
        MAX_INVOCATION_BYTES,
        InvocationFileError,
        parse_invocation,
        read_document,
        read_invocation,
    )
    from er_tui.rxp.writing import result_json, write_result

__all__ = [
    "CONTRACT_KINDS",
    "MAX_INVOCATION_BYTES",
    "RUNTIME_KINDS",
    "RUNTIME_STATUSES",
    "SCHEMA_VERSION",
    "TERMINAL_STATUSES",
    "ArtifactDescriptor",
    "InvocationFileError",
    "RuntimeInvocation",
    "RuntimeKind",
    "RuntimeResult",
    "RuntimeStatus",
    "parse_invocation",
    "provider",
    "read_document",
    "read_invocation",
    "result_json",
    "write_result",
]

_HOMES = {
    "ArtifactDescriptor": "contracts",
    "RuntimeInvocation": "contracts",
    "RuntimeResult": "contracts",
    "InvocationFileError": "reading",
    "MAX_INVOCATION_BYTES": "reading",
    "parse_invocation": "reading",
    "read_document": "reading",
    "read_invocation": "reading",
    "result_json": "writing",
    "write_result": "writing",
}
"""The module each name is taken from when it is first asked for (PEP 562)."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

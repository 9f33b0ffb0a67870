# SPDX-License-Identifier: AGPL-3.0-or-later
"""Decides whose contracts are used: the canonical `rxp` package's, or the bundled ones.

The canonical package is used only when it is equal to what is bundled: the same words in its three
vocabularies and, in each contract, the same fields, defaults, required-ness and refusal of unknown
fields. Anything else, a package that cannot be imported included, leaves the bundled ones in place,
with a reason. The decision is made once a process, and without pydantic if there is no `rxp`.
"""

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from er_tui.rxp.vocabulary import CONTRACT_KINDS, RUNTIME_KINDS, RUNTIME_STATUSES

if TYPE_CHECKING:
    from types import ModuleType

    from pydantic import BaseModel

_CONTRACTS = ("ArtifactDescriptor", "RuntimeInvocation", "RuntimeResult")

_VOCABULARIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("runtime_kind", "RUNTIME_KINDS", RUNTIME_KINDS),
    ("runtime_status", "RUNTIME_STATUSES", RUNTIME_STATUSES),
    ("contract_kind", "CONTRACT_KINDS", CONTRACT_KINDS),
)


def provider() -> tuple[str, str]:
    """Whose contracts are used, `"canonical"` or `"bundled"`, and a sentence that says why."""
    canonical, reason = _decision()
    return "bundled" if canonical is None else "canonical", reason


def contract_module() -> "ModuleType":
    """The module that holds the three contracts that are used."""
    canonical, _ = _decision()
    return import_module("er_tui.rxp.bundled") if canonical is None else canonical


@cache
def _decision() -> "tuple[ModuleType | None, str]":
    """The canonical contracts, or None, and why."""
    try:
        if not _is_installed():
            return None, "no rxp package is installed"
        contracts = import_module("rxp.contracts")
        difference = _vocabulary_difference() or _contract_difference(contracts)
    except Exception as exc:  # noqa: BLE001 - a stranger's module may raise anything when imported
        said = " ".join(str(exc).split())
        return None, f"rxp could not be imported: {said or type(exc).__name__}"
    if difference:
        return None, difference
    return contracts, "the rxp package that is installed has equal contracts"


def _is_installed() -> bool:
    """Whether `import rxp` finds a module.

    A folder named rxp that is no package is importable too (PEP 420), but has no origin.
    """
    if "rxp" in sys.modules:
        return True
    spec = find_spec("rxp")
    return spec is not None and spec.origin is not None


def _vocabulary_difference() -> str | None:
    for module, name, ours in _VOCABULARIES:
        theirs = set(getattr(import_module(f"rxp.vocabulary.{module}"), name))
        words = name.lower().replace("_", " ")
        if missing := [word for word in ours if word not in theirs]:
            return f"rxp lacks {', '.join(missing)} in its {words}"
        if added := sorted(map(str, theirs.difference(ours))):
            return f"rxp adds {', '.join(added)} to its {words}"
    return None


def _contract_difference(contracts: "ModuleType") -> str | None:
    bundled = import_module("er_tui.rxp.bundled")
    for name in _CONTRACTS:
        if not hasattr(contracts, name):
            return f"rxp has no {name}"
        ours, theirs = _described(getattr(bundled, name)), _described(getattr(contracts, name))
        if differing := [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]:
            return f"rxp has another {differing[0]} in its {name}"
    return None


def _described(contract: "type[BaseModel]") -> dict[str, object]:
    """What two contracts must have in common to be taken for each other."""
    fields: dict[str, Any] = {
        name: (field.is_required(), None if field.is_required() else _default(contract, name))
        for name, field in contract.model_fields.items()
    }
    return {**fields, "rule for unknown fields": contract.model_config.get("extra", "ignore")}


def _default(contract: "type[BaseModel]", field: str) -> object:
    return contract.model_fields[field].get_default(call_default_factory=True)

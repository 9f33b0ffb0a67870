# SPDX-License-Identifier: AGPL-3.0-or-later
"""The three contracts as the rest of the program knows them: whichever `provider` decided on."""

from typing import TYPE_CHECKING

from er_tui.rxp.provider import contract_module

if TYPE_CHECKING:
    from er_tui.rxp.bundled import ArtifactDescriptor, RuntimeInvocation, RuntimeResult
else:
    _contracts = contract_module()
    ArtifactDescriptor = _contracts.ArtifactDescriptor
    RuntimeInvocation = _contracts.RuntimeInvocation
    RuntimeResult = _contracts.RuntimeResult

__all__ = ["ArtifactDescriptor", "RuntimeInvocation", "RuntimeResult"]

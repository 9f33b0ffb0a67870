# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the registry asks of a runner, and what a manual runner asks of its dispatcher."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from er_tui.runtime.control import RunControl
from er_tui.rxp import RuntimeInvocation, RuntimeResult


class RuntimeRunner(Protocol):
    """Executes the invocations of one ``runtime_kind``.

    It may take a keyword parameter ``control`` of type :class:`~er_tui.runtime.RunControl`; it is
    given one only if it does.
    """

    def run(self, invocation: RuntimeInvocation) -> RuntimeResult: ...


Dispatcher: TypeAlias = Callable[..., RuntimeResult]
"""``dispatcher(invocation)`` or ``dispatcher(invocation, control=...)``, for a manual step."""


def call_with_control(
    target: Callable[..., Any], invocation: RuntimeInvocation, control: RunControl
) -> Any:
    """Call ``target``, passing ``control`` by keyword only if it has a parameter of that name."""
    function = getattr(target, "__func__", target)
    try:
        takes = _takes_control(function)
    except TypeError:  # a callable that cannot be hashed
        takes = _takes_control.__wrapped__(function)
    if takes:
        return target(invocation, control=control)
    return target(invocation)


@lru_cache(maxsize=64)  # a signature costs more than all the rest of a dispatch
def _takes_control(target: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return False  # a builtin without a signature takes what the seed's runners took
    parameter = parameters.get("control")
    return parameter is not None and parameter.kind in (
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )

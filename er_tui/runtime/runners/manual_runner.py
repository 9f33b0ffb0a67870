# SPDX-License-Identifier: AGPL-3.0-or-later
"""Steps that someone else takes: the invocation is handed to a callable of the caller's."""

from __future__ import annotations

from er_tui.runtime.control import RunControl
from er_tui.runtime.recording import RunRecord, run_recorded
from er_tui.runtime.runners.protocol import Dispatcher, call_with_control
from er_tui.rxp import RuntimeInvocation, RuntimeResult


class ManualRunner:
    """Hands each invocation to ``dispatcher`` and gives back the result that it returns.

    The dispatcher echoes the invocation's id, name and kind in its result. One that takes
    ``control`` can see a cancel and the deadline (``control.wait(seconds)``); any other runs to its
    own end. One that raises, or returns no RuntimeResult, gives a ``failed`` result that says so.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        def dispatch(record: RunRecord) -> RuntimeResult:
            result: RuntimeResult = call_with_control(self._dispatcher, invocation, record.control)
            return result

        return run_recorded(invocation, control, dispatch)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The registry: one runner a ``runtime_kind``, and a recorded result for every invocation."""

from __future__ import annotations

from collections.abc import Mapping

from er_tui.runtime.control import RunControl
from er_tui.runtime.recording import RunRecord, run_recorded
from er_tui.runtime.runners.protocol import RuntimeRunner, call_with_control
from er_tui.runtime.runners.subprocess_runner import SubprocessRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from er_tui.rxp.metadata.rejection import Rejection


class ExecutorRuntime:
    """Runs invocations through the runner registered for their ``runtime_kind``.

    ``ExecutorRuntime()`` serves ``subprocess`` and nothing else; ``runners=`` replaces the whole
    registry; ``runner=`` serves ``subprocess`` with it. May be used from any number of threads.
    """

    def __init__(
        self,
        *,
        runners: Mapping[str, RuntimeRunner] | None = None,
        runner: RuntimeRunner | None = None,
    ) -> None:
        if runners is not None and runner is not None:
            raise ValueError("give runners= or runner=, not both")
        if runners is None:
            runners = {"subprocess": SubprocessRunner() if runner is None else runner}
        self._runners: dict[str, RuntimeRunner] = dict(runners)

    @property
    def runner(self) -> RuntimeRunner:
        """The runner for ``subprocess``, else the first registered; LookupError if none is."""
        if "subprocess" in self._runners:
            return self._runners["subprocess"]
        for runner in self._runners.values():
            return runner
        raise LookupError("no runner is registered")

    def register(self, runtime_kind: str, runner: RuntimeRunner) -> None:
        """Serve ``runtime_kind`` with ``runner`` from now on."""
        self._runners[runtime_kind] = runner

    def is_registered(self, runtime_kind: str) -> bool:
        return runtime_kind in self._runners

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        """Run ``invocation`` and block until it ended; its result, whatever happened.

        The run has a directory and a journal, and its result is written there and to
        ``output_result_path``, for rejections too. Raises only for a fault of the caller: a
        ``control`` that served a run before (ValueError), an observer that raised.
        """

        def dispatch(record: RunRecord) -> RuntimeResult:
            runner = self._runners.get(invocation.runtime_kind)
            if runner is None:
                raise Rejection(
                    f"no runner registered for runtime_kind={invocation.runtime_kind!r}"
                )
            result: RuntimeResult = call_with_control(runner.run, invocation, record.control)
            return result

        return run_recorded(invocation, control, dispatch)

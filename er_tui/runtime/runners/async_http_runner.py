# SPDX-License-Identifier: AGPL-3.0-or-later
"""``http_async``: a kickoff, then polls until the backend says that it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from er_tui.runtime.control import RunControl
from er_tui.runtime.recording import RunRecord, run_recorded
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from er_tui.rxp.metadata.http import Redirects, read_poll, read_request, redirects_of

if TYPE_CHECKING:
    import httpx


class AsyncHttpRunner:
    """Sends the kickoff once, polls, and gives back what the backend reported in the end.

    A terminal status among the success states is ``succeeded`` with exit code 0, any other
    ``failed`` with 1. Everything is validated before the kickoff leaves. A cancel and the deadline
    end it within a quarter of a second, wherever it is, and are told to the backend where
    ``http.cancel_url_template`` says how.

    ``client``, ``verify`` and ``follow_redirects`` are as in HttpRunner. ``sleep`` is called once
    between polls, with the seconds to wait; without one the run waits so that a cancel ends it.
    """

    def __init__(
        self,
        *,
        client: httpx.Client | None = None,
        verify: bool = True,
        follow_redirects: bool | Redirects = "same-origin",
        sleep: Callable[[float], Any] | None = None,
    ) -> None:
        self._client = client
        self._verify = verify
        self._redirects = redirects_of(follow_redirects)
        self._sleep = sleep

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        return run_recorded(invocation, control, self._run)

    def _run(self, record: RunRecord) -> RuntimeResult:
        request = read_request(
            record.invocation, verify=self._verify, redirects=self._redirects, polls=True
        )
        poll = read_poll(record.invocation)
        # httpx takes longer to load than most runs take; a rejection does not need it.
        from er_tui.runtime.http.policy import kickoff_policy
        from er_tui.runtime.http.running import HttpRun, surroundings

        run = HttpRun(record, request, poll, self._client, self._sleep)
        return run.run(kickoff_policy(request, poll, surroundings()))

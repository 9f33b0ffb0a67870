# SPDX-License-Identifier: AGPL-3.0-or-later
"""``http``: one request and its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from er_tui.runtime.control import RunControl
from er_tui.runtime.recording import RunRecord, run_recorded
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from er_tui.rxp.metadata.http import Redirects, read_request, redirects_of

if TYPE_CHECKING:
    import httpx


class HttpRunner:
    """Sends the request that the ``http.*`` metadata describe.

    2xx is ``succeeded``, any other status ``failed``, and ``exit_code`` is the HTTP status; any
    timeout is ``timed_out``, no whole response ``failed``. The body is an artifact. A cancel and
    the deadline end it within a quarter of a second, wherever it is.

    ``client`` is used as it is and stays open; without one each run has its own, with ``verify``
    and proxies from the environment. ``follow_redirects`` may be ``True`` (all) or ``False``
    (none). Metadata beats both.
    """

    def __init__(
        self,
        *,
        client: httpx.Client | None = None,
        verify: bool = True,
        follow_redirects: bool | Redirects = "same-origin",
    ) -> None:
        self._client = client
        self._verify = verify
        self._redirects = redirects_of(follow_redirects)

    def run(
        self, invocation: RuntimeInvocation, *, control: RunControl | None = None
    ) -> RuntimeResult:
        return run_recorded(invocation, control, self._run)

    def _run(self, record: RunRecord) -> RuntimeResult:
        request = read_request(record.invocation, verify=self._verify, redirects=self._redirects)
        # httpx takes longer to load than most runs take; a rejection does not need it.
        from er_tui.runtime.http.policy import request_policy
        from er_tui.runtime.http.running import HttpRun

        run = HttpRun(record, request, None, self._client, None)
        return run.run(request_policy(request))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sample invocations that speak to the demo's HTTP backend."""

from __future__ import annotations

from er_tui.demo.samples import Sample

_RUN = {
    "http.poll_url_template": "{backend}/runs/{run_id}",
    "http.poll_run_id_path": "data.run.id",
    "http.poll_status_path": "run.status",
    "http.poll_terminal_states": "completed,failed,cancelled",
    "http.poll_interval_seconds": "0.4",
}
_EVENTS = {"http.events_url_template": "{backend}/runs/{run_id}/events"}
_CANCEL = {"http.cancel_url_template": "{backend}/runs/{run_id}/cancel"}


def _workflow(name: str) -> dict[str, str]:
    body = '{"requested_by": "the demo"}'
    return {"http.url": f"{{backend}}/workflows/{name}/runs", "http.body": body} | _RUN


HTTP_SAMPLES = (
    Sample(
        "http-report",
        "one request, and a JSON document in answer",
        kind="http",
        timeout_seconds=10,
        metadata={"http.url": "{backend}/report", "http.method": "GET"},
    ),
    Sample(
        "http-echo",
        "one request with a JSON body",
        kind="http",
        timeout_seconds=10,
        metadata={
            "http.url": "{backend}/echo",
            "http.body": '{"greeting": "good morning", "numbers": [1, 2, 3]}',
        },
    ),
    Sample(
        "http-refused",
        "a request that is refused with 422, and the reason in the answer's body",
        kind="http",
        timeout_seconds=10,
        metadata={"http.url": "{backend}/refuse", "http.body": '{"order": {"count": 0}}'},
    ),
    Sample(
        "release",
        "a workflow of eight steps: started with 202, polled to its end, its events live",
        kind="http_async",
        timeout_seconds=20,
        metadata=_workflow("release") | _EVENTS,
    ),
    Sample(
        "migration",
        "a workflow that fails in the end",
        kind="http_async",
        timeout_seconds=20,
        metadata=_workflow("migration"),
    ),
    Sample(
        "nightly",
        "a secret header by reference, and a backend that is down for two polls",
        kind="http_async",
        timeout_seconds=30,
        environment={"DEMO_API_KEY": "not-a-real-key-0123456789"},
        metadata=_workflow("nightly")
        | {
            "http.headers": '{"Authorization": "Bearer ${DEMO_API_KEY}"}',
            "http.poll_error_budget": "3",
        },
    ),
    Sample(
        "conversation",
        "acknowledged with 200, then 404 until it is registered",
        kind="http_async",
        timeout_seconds=20,
        metadata={
            "http.url": "{backend}/conversations/demo/messages",
            "http.body": '{"message": "how many washers are left?"}',
            "http.poll_url_template": "{backend}/conversations/demo/run",
            "http.poll_status_path": "run.status",
            "http.poll_terminal_states": "completed,failed,cancelled",
            "http.poll_interval_seconds": "0.3",
            "http.poll_pending_codes": "404",
        },
    ),
    Sample(
        "lookup",
        "a workflow that has its result at once: nothing is polled",
        kind="http_async",
        timeout_seconds=10,
        metadata=_workflow("lookup") | {"http.url": "{backend}/lookups"},
    ),
    Sample(
        "training",
        "thirty seconds long, with six to do it in; the backend is told of its cancel",
        kind="http_async",
        timeout_seconds=6,
        metadata=_workflow("training") | {"http.poll_interval_seconds": "0.5"} | _EVENTS | _CANCEL,
    ),
)

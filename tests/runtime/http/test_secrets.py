# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets are sent and not told: in no file, result or event, even when a server repeats them."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from er_tui.journal.events import Event
from er_tui.journal.lines import encode
from er_tui.journal.masking import MASK
from er_tui.runtime import RunControl
from er_tui.rxp import RuntimeResult
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.runtime.http.asking import ACCEPTED, RUNNING, ask, ended, live, request, workflow
from tests.runtime.invoking import run_directory

SECRETS = {name: f"s3cr3t-{name}-{n}x" for n, name in enumerate(("ref", "lit", "own", "pw", "qu"))}
BASIC = b64encode(f"me:{SECRETS['pw']}".encode()).decode()
ECHO = (
    f"you sent {SECRETS['ref']} and Bearer {SECRETS['lit']}, {SECRETS['own']}, Basic {BASIC}, "
    f"http://me:{SECRETS['pw']}@host/?token={SECRETS['qu']}"
)
ECHOED = {"X-Echo": ECHO, "Set-Cookie": f"session={SECRETS['own']}"}
KEYS = {
    "headers": json.dumps(
        {
            "X-Plain-Name": "prefix ${FROM_ENVIRONMENT}",
            "Authorization": f"Bearer {SECRETS['lit']}",
            "X-Custom": "${FROM_PROCESS}",
        }
    ),
    "environment": {"FROM_ENVIRONMENT": SECRETS["ref"]},
}


@pytest.fixture(autouse=True)
def _process_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_PROCESS", SECRETS["own"])


def with_secrets(url: str, path: str = "") -> str:
    user = f"//me:{SECRETS['pw']}@"
    return f"{url.replace('//', user)}{path}?token={SECRETS['qu']}"


def assert_nothing_is_told(result: RuntimeResult, seen: list[Event]) -> None:
    """No secret is in what the run left, but in the bodies themselves."""
    told = {"result": result.model_dump_json(), "events": "\n".join(map(encode, seen))}
    bodies = {Path(a.path) for a in result.artifacts}
    for path in run_directory(result).rglob("*"):
        if path.is_file() and path not in bodies and path.parent.name != "polls":
            told[path.name] = path.read_text()
    assert {"events.jsonl", "invocation.json", "result.json"} <= told.keys()
    for name, text in told.items():
        for secret in (*SECRETS.values(), BASIC):
            assert secret not in text, (name, secret)


def received(server: Scripted) -> Received:
    return server.requests[0]


def test_secrets_reach_the_server_and_nothing_else(tmp_path: Path) -> None:
    seen: list[Event] = []
    echo = ECHO.replace(BASIC, "")  # which was not sent
    with Scripted([Step(500, echo.encode(), {"X-Echo": echo})]) as server:
        invoked = request(tmp_path, f"{server.url}/x?token={SECRETS['qu']}", **KEYS)
        result = ask(invoked, RunControl(on_event=seen.append))
        asked = received(server)
    assert asked.headers["X-Plain-Name"] == f"prefix {SECRETS['ref']}"
    assert asked.headers["Authorization"] == f"Bearer {SECRETS['lit']}"
    assert asked.headers["X-Custom"] == SECRETS["own"]
    assert asked.path == f"/x?token={SECRETS['qu']}"
    assert result.status == "failed"
    assert (result.error_summary or "").startswith(f"HTTP 500: you sent {MASK} and ")
    assert_nothing_is_told(result, seen)


def test_userinfo_is_sent_and_not_told(tmp_path: Path) -> None:
    seen: list[Event] = []
    with Scripted([Step(403, ECHO.encode(), ECHOED)]) as server:
        invoked = request(tmp_path, with_secrets(server.url), **KEYS)
        result = ask(invoked, RunControl(on_event=seen.append))
        assert received(server).headers["Authorization"] == f"Basic {BASIC}"
    assert_nothing_is_told(result, seen)


@pytest.mark.parametrize("last", [Step(500, ECHO.encode(), ECHOED), reply({"run": ECHO})])
def test_nor_does_a_workflow_tell_them(tmp_path: Path, last: Step) -> None:
    def script(received: Received) -> Step:
        if received.method == "POST":
            return ACCEPTED
        echoed = {"run": {"status": f"still {SECRETS['ref']}"}}
        return reply(echoed, 200, **ECHOED) if server.requests[-2].method == "POST" else last

    seen: list[Event] = []
    with Scripted(script) as server:
        poll = with_secrets(server.url, "/runs/{run_id}")
        invoked = workflow(tmp_path, server.url, poll_url_template=poll, **KEYS)
        result = ask(invoked, RunControl(on_event=seen.append))
        assert len(server.requests) == 3
    assert result.status == "failed"
    assert ended(result)[1].status == f"still {MASK}"
    assert_nothing_is_told(result, seen)


@pytest.mark.parametrize("follow", ["same-origin", "all", "none"])
def test_a_redirect_to_a_secret_does_not_tell_it(tmp_path: Path, follow: str) -> None:
    seen: list[Event] = []
    with Scripted([reply({})]) as other:
        target = with_secrets(other.url, "/there").replace("token", "X-Amz-Signature")

        def script(received: Received) -> Step:
            location = target if received.path == "/hop" else f"/hop?api_key={SECRETS['own']}"
            path = urlsplit(received.path).path
            return Step(307, b"", {"Location": target if path == "/hop" else location})

        with Scripted(script) as server:
            invoked = request(tmp_path, server.url, follow_redirects=follow, method="GET")
            result = ask(invoked, RunControl(on_event=seen.append))
    assert result.status == ("succeeded" if follow == "all" else "failed")
    assert "redirect" in (ended(result)[0].note or "")
    assert_nothing_is_told(result, seen)


def test_a_secret_cut_by_a_preview_is_not_told_in_part(tmp_path: Path) -> None:
    for length in range(170, 200):
        body = b"x" * length + SECRETS["ref"].encode() + b"y" * 100
        with Scripted([Step(500, body)]) as server:
            result = ask(request(tmp_path, server.url, **KEYS))
        assert "s3cr3t" not in (result.error_summary or "")


def test_a_secret_in_the_cancel_call_and_the_event_stream_is_not_told(tmp_path: Path) -> None:
    seen: list[Event] = []

    def script(received: Received) -> Step:
        if received.path == "/runs":
            return ACCEPTED
        if received.path.startswith("/runs/"):
            return RUNNING
        return Step(500, ECHO.encode(), ECHOED)

    with Scripted(script) as server:
        keys = {
            "cancel_url_template": with_secrets(server.url, "/cancel/{run_id}"),
            "events_url_template": with_secrets(server.url, "/events/{run_id}"),
            **KEYS,
        }
        with live(workflow(tmp_path, server.url, **keys), RunControl(on_event=seen.append)) as run:
            server.wait_for(4)
            result = run.cancelled()
        server.wait_for(len(server.requests))
    assert_nothing_is_told(result, seen)


def test_a_secret_in_a_form_is_not_told(tmp_path: Path) -> None:
    seen: list[Event] = []
    body = json.dumps({"password": "s3cr3t pass&word", "name": "n"})
    echo = f"s3cr3t pass&word {quote('s3cr3t pass&word')}".encode()
    with Scripted([Step(400, echo[:16])]) as server:
        invoked = request(tmp_path, server.url, body=body, body_format="form")
        result = ask(invoked, RunControl(on_event=seen.append))
        assert b"s3cr3t" in received(server).body
    assert result.error_summary == f"HTTP 400: {MASK}"
    assert "s3cr3t" not in (run_directory(result) / "events.jsonl").read_text()
    assert "s3cr3t" not in (run_directory(result) / "invocation.json").read_text()


def test_what_a_server_calls_secret_is_masked_and_does_not_pile_up(tmp_path: Path) -> None:
    def script(received: Received) -> Step:
        if received.method == "POST":
            return ACCEPTED
        count = len(server.requests)
        status = "running" if count < 50 else "completed"
        cookie = {"Set_Cookie": f"session=s3cr3t-{count}", "X_Api_Key": f"s3cr3t-{count}"}
        return reply({"run": {"status": status}}, 200, **cookie)

    control = RunControl()
    with Scripted(script) as server:
        result = ask(workflow(tmp_path, server.url, poll_interval_seconds="0"), control)
    assert result.status == "succeeded"
    assert {attempt.headers.get("x-api-key") for attempt in ended(result)} == {None, MASK}
    assert "s3cr3t" not in (run_directory(result) / "events.jsonl").read_text()
    assert control.record is not None
    assert control.record.masking.scrub("s3cr3t-7") == "s3cr3t-7"

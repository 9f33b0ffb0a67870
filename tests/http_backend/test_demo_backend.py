# SPDX-License-Identifier: AGPL-3.0-or-later
"""The backend of the demo: what each of its workflows tells those who poll it."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from er_tui.demo.backend import Backend
from er_tui.demo.service import Reply, Service
from er_tui.demo.workflows import WORKFLOWS, Run

KEY = {"authorization": "Bearer abc"}


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Service:
    return Service(clock)


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as serving:
        yield serving
    assert not [thread for thread in threading.enumerate() if "loopback" in thread.name]


def post(service: Service, path: str, headers: dict[str, str] | None = None) -> Reply:
    return service.answer("POST", path, headers or {}, b"{}")


def get(service: Service, path: str, headers: dict[str, str] | None = None) -> Reply:
    return service.answer("GET", path, headers or {}, b"")


def begin(service: Service, workflow: str, headers: dict[str, str] | None = None) -> str:
    started = post(service, f"/workflows/{workflow}/runs", headers)
    assert started.status == 202
    return f"/runs/{started.document['data']['run']['id']}"


def test_a_run_moves_on_with_time_to_its_end(service: Service, clock: Clock) -> None:
    path = begin(service, "release")
    seen = []
    for seconds in (0.1, 0.3, 1.0, 5.0):
        clock.now += seconds
        run = get(service, path).document["run"]
        seen.append((run["status"], run["progress"], run["step"]))
    assert seen == [
        ("queued", 0, None),
        ("running", 0, "checking out"),
        ("running", 37, "linking"),
        ("completed", 100, "publishing"),
    ]


def test_a_run_can_fail_in_the_end(service: Service, clock: Clock) -> None:
    path = begin(service, "migration")
    clock.now += 60
    run = get(service, path).document["run"]
    assert (run["status"], run["progress"], run["step"]) == ("failed", 66, "rebuilding indexes")
    assert run["error"].startswith("duplicate key")


def test_a_run_is_cancelled_unless_it_is_over(service: Service, clock: Clock) -> None:
    path = begin(service, "training")
    clock.now += 4
    assert post(service, f"{path}/cancel").document["run"]["status"] == "cancelled"
    clock.now += 60
    run = get(service, path).document["run"]
    assert (run["status"], run["step"]) == ("cancelled", "epoch 4")
    done = begin(service, "migration")
    clock.now += 60
    assert post(service, f"{done}/cancel").document["run"]["status"] == "failed"
    assert post(service, "/runs/nobody/cancel").status == 404


def test_an_acknowledged_run_is_unknown_until_it_is_registered(
    service: Service, clock: Clock
) -> None:
    path = "/conversations/c-1/run"
    assert get(service, path).status == 404
    acknowledged = post(service, "/conversations/c-1/messages")
    assert acknowledged.status == 200
    assert acknowledged.document == {"accepted": True, "status": "started"}
    assert get(service, path).status == 404
    clock.now += 0.8
    assert get(service, path).document["run"]["status"] == "queued"
    clock.now += 5
    assert get(service, path).document["run"]["status"] == "completed"


def test_two_polls_are_refused_while_the_backend_is_down(service: Service, clock: Clock) -> None:
    assert post(service, "/workflows/nightly/runs").status == 401
    unfilled = {"authorization": "Bearer ${DEMO_API_KEY}"}
    assert post(service, "/workflows/nightly/runs", unfilled).status == 401
    path = begin(service, "nightly", KEY)
    assert get(service, path).status == 401
    polls = [get(service, path, KEY) for _ in range(3)]
    assert [poll.status for poll in polls] == [200, 503, 503]
    assert polls[1].headers["Retry-After"] == "1"
    clock.now += 60
    assert get(service, path, KEY).document["run"]["status"] == "completed"


def test_plain_requests_are_answered_or_refused(service: Service) -> None:
    assert post(service, "/lookups").document["run"]["status"] == "completed"
    assert service.answer("POST", "/echo", {}, b'{"a": [1]}').document == {"you_sent": {"a": [1]}}
    assert service.answer("POST", "/echo", {}, b"[" * 100_000).status == 400
    assert service.answer("POST", "/echo", {}, b"\xff").status == 400
    assert get(service, "/report").document["report"]["shelves"]
    refused = post(service, "/refuse")
    assert (refused.status, refused.document["error"]["code"]) == (422, "invalid_order")
    assert get(service, "/nowhere").status == 404
    assert (get(service, "/echo").status, get(service, "/echo").headers) == (405, {"Allow": "POST"})
    assert post(service, "/workflows/unknown/runs").status == 404


def test_the_events_of_a_run_end_with_its_status(clock: Clock) -> None:
    run = Run(WORKFLOWS["release"], clock)
    assert run.events_after(0) == []
    clock.now += 1.2
    assert run.events_after(2)[0].encoded() == (
        b"id: 3\nevent: step\ndata: step 3 of 8: compiling\n\n"
    )
    clock.now += 60
    events = run.events_after(3)
    assert [event.number for event in events] == [4, 5, 6, 7, 8, 9]
    assert events[-1].name == "status"
    assert json.loads(events[-1].data)["run"]["status"] == "completed"


class Client:
    """One kept connection to the backend."""

    def __init__(self, backend: Backend) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", backend.server_port, timeout=5)

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.http.request(method, path, headers=named)
        answer = self.http.getresponse()
        return answer.status, answer.read()


@contextlib.contextmanager
def connected(backend: Backend) -> Iterator[Client]:
    client = Client(backend)
    with contextlib.closing(client.http):
        yield client


def run_id(body: bytes) -> Any:
    return json.loads(body)["data"]["run"]["id"]


def test_events_stream_live_and_go_on_after_the_last_one_seen(backend: Backend) -> None:
    with connected(backend) as client, connected(backend) as other:
        _status, body = client.ask("POST", "/workflows/training/runs")
        path = f"/runs/{run_id(body)}"
        client.http.request("GET", f"{path}/events")
        answer = client.http.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        lines = iter(answer.readline, b"")
        assert next(line for line in lines if b"data" in line) == b"data: step 1 of 30: epoch 1\n"
        assert json.loads(other.ask("GET", path)[1])["run"]["status"] == "running"
        other.ask("POST", f"{path}/cancel")
        rest = b"".join(lines)
        assert b'"status": "cancelled"' in rest

        last = client.ask("GET", f"{path}/events", Last_Event_ID="1")[1]
        assert b"id: 1\n" not in last
        assert b'id: 2\nevent: status\ndata: {"run": ' in last
        assert client.ask("GET", f"{path}/events", Last_Event_ID="2") == (204, b"")
        assert client.ask("GET", "/runs/nobody/events")[0] == 404
        assert backend.connection_count == 2


def test_requests_that_cannot_be_read_are_refused_and_clients_may_leave(backend: Backend) -> None:
    for headers, status in (
        ({"Content-Length": "99999999999"}, 413),
        ({"Content-Length": "-1"}, 400),
        ({"Transfer-Encoding": "chunked"}, 411),
    ):
        with connected(backend) as client:
            client.http.putrequest("POST", "/echo")
            for name, value in headers.items():
                client.http.putheader(name, value)
            client.http.endheaders()
            assert client.http.getresponse().status == status
    with connected(backend) as client:
        client.http.request("GET", "/report")  # and the answer is not waited for
    with connected(backend) as client:
        assert client.ask("GET", "/report")[0] == 200


def test_the_backend_ends_while_a_stream_is_open() -> None:
    with Backend() as backend, connected(backend) as client:
        _status, body = client.ask("POST", "/workflows/training/runs")
        client.http.request("GET", f"/runs/{run_id(body)}/events")
        answer = client.http.getresponse()
        assert answer.readline() != b""
        backend.__exit__(None, None, None)
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert b"completed" not in answer.read()
        answer.close()

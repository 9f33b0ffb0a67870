# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server can hang or drip wherever it likes: the deadline and a cancel end the run on time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from er_tui.journal.events import AttemptStarted, Event
from er_tui.runtime import RunControl
from er_tui.rxp import RuntimeResult
from tests.conftest import wait_until
from tests.http_backend import behaviours
from tests.http_backend.behaviours import full_backlog
from tests.http_backend.hostile import Behaviour, Hostile, Peer
from tests.runtime.http.asking import ask, at_the_deadline, ended, live, request, workflow

HANGS: dict[str, Behaviour] = {
    "tls": behaviours.hangs_at_once,
    "headers": behaviours.hangs_at_headers,
    "body": behaviours.hangs_in_body,
    "dripped headers": behaviours.drips_headers,
    "dripped body": behaviours.drips_body,
}
PLACES = ["connect", *HANGS]


@contextlib.contextmanager
def hanging(place: str) -> Iterator[tuple[str, Hostile | None]]:
    if place == "connect":
        with full_backlog() as url:
            yield url, None
    else:
        with Hostile(HANGS[place], "https" if place == "tls" else "http") as server:
            yield server.url, server


@pytest.mark.usefixtures("no_descriptor_is_left")
@pytest.mark.parametrize("kind", ["http", "http_async"])
@pytest.mark.parametrize("place", PLACES)
def test_a_cancel_ends_a_request_wherever_it_hangs(tmp_path: Path, place: str, kind: str) -> None:
    with hanging(place) as (url, server):
        invoked = request(tmp_path, url) if kind == "http" else workflow(tmp_path, url)
        seen: list[Event] = []
        with live(invoked, RunControl(on_event=seen.append)) as run:
            if server is None:
                wait_until(lambda: any(isinstance(event, AttemptStarted) for event in seen))
            elif place == "tls":
                assert server.connected.wait(5)
            else:
                assert server.asked.wait(5)
            result = run.cancelled()
        if server is not None:
            assert server.gone.wait(5)
    assert (result.status, result.exit_code, result.error_summary) == (
        "cancelled",
        None,
        "cancelled",
    )
    (attempt,) = ended(result)
    assert attempt.note == "cut short"


@pytest.mark.usefixtures("no_descriptor_is_left")
def test_a_cancel_ends_a_request_that_nobody_reads(tmp_path: Path) -> None:
    over = threading.Event()

    def reads_nothing(_peer: Peer) -> None:
        over.wait()

    with Hostile(reads_nothing) as server:
        body = '"' + "x" * (16 << 20) + '"'
        with live(request(tmp_path, server.url, body=body)) as run:
            assert server.connected.wait(5)
            result = run.cancelled()
        over.set()
    assert result.status == "cancelled"
    assert len(ended(result)) == 1


def late(folder: Path, place: str) -> RuntimeResult:
    with hanging(place) as (url, _server), at_the_deadline(1):
        return ask(request(folder, url, timeout=1))


def test_the_deadline_ends_a_request_wherever_it_hangs(tmp_path: Path) -> None:
    with ThreadPoolExecutor(len(PLACES)) as pool:
        futures = {place: pool.submit(late, tmp_path, place) for place in PLACES}
        results = {place: future.result() for place, future in futures.items()}
    for place, result in results.items():
        assert (result.status, result.exit_code) == ("timed_out", None), place
        assert result.error_summary == "exceeded timeout of 1 seconds (at request)"
        (attempt,) = ended(result)
        assert attempt.note == "cut short"
        assert (attempt.code == 200) == ("body" in place)
    dripped = ended(results["dripped body"])[0]
    assert dripped.size > 0
    assert dripped.body is not None


def after_a_kickoff(then: Behaviour) -> Behaviour:
    """A behaviour that takes a kickoff on, and treats each poll as ``then`` does."""

    def behave(peer: Peer) -> None:
        body = b'{"run": {"id": "r1"}}'
        peer.read_request()
        peer.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        then(peer)

    return behave


@pytest.mark.parametrize("place", ["headers", "dripped headers", "dripped body"])
def test_a_poll_is_cut_like_the_first_request(tmp_path: Path, place: str) -> None:
    with Hostile(after_a_kickoff(HANGS[place])) as server:
        with live(workflow(tmp_path, server.url)) as run:
            wait_until(lambda: len(server.heads) == 2)
            result = run.cancelled()
        assert result.status == "cancelled"
        assert [attempt.phase for attempt in ended(result)] == ["kickoff", "poll"]
    with Hostile(after_a_kickoff(HANGS[place])) as server, at_the_deadline(1):
        result = ask(workflow(tmp_path, server.url, timeout=1))
    assert result.status == "timed_out"
    assert result.error_summary == "exceeded timeout of 1 seconds (at poll 1)"
    assert result.metadata["backend_run_id"] == "r1"


@contextlib.contextmanager
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Name resolution blocks until the end; the event tells that it began."""
    release, entered = threading.Event(), threading.Event()
    genuine = socket.getaddrinfo

    def block(host: Any, *more: Any, **named: Any) -> Any:
        if host != "hangs.example":
            return genuine(host, *more, **named)
        entered.set()
        release.wait()
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", block)
        try:
            yield entered
        finally:
            release.set()


def test_name_resolution_that_hangs_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging_resolver(monkeypatch) as entered:
        with live(request(tmp_path, "http://hangs.example/")) as run:
            assert entered.wait(5)
            result = run.cancelled()
        assert result.status == "cancelled"
        with at_the_deadline(1):
            result = ask(workflow(tmp_path, "http://hangs.example", timeout=1))
        assert result.status == "timed_out"
        assert result.error_summary == "exceeded timeout of 1 seconds (at kickoff)"


def test_the_connect_timeout_is_a_failure_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("er_tui.runtime.http.transport.CONNECT_SECONDS", 0.2)
    with full_backlog() as url:
        result = ask(request(tmp_path, url))
        assert result.status == "timed_out"
        assert (result.error_summary or "").startswith("http request hit a timeout: no connection")
        result = ask(workflow(tmp_path, url))
        assert result.status == "failed"
        words = "kickoff timed out before the deadline: no connection within"
        assert (result.error_summary or "").startswith(words)
    with hanging_resolver(monkeypatch):
        result = ask(workflow(tmp_path, "http://hangs.example"))
    assert result.status == "failed"
    words = "kickoff timed out before the deadline: the name hangs.example was not resolved in time"
    assert result.error_summary == words


def test_a_cancel_between_polls_ends_the_wait(tmp_path: Path) -> None:
    def running(peer: Peer) -> None:
        peer.read_request()
        body = b'{"run": {"status": "running"}}'
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        peer.pause(None)

    with Hostile(after_a_kickoff(running)) as server:
        with live(workflow(tmp_path, server.url, poll_interval_seconds="3600")) as run:
            wait_until(lambda: len(server.heads) == 2)
            result = run.cancelled()
        assert result.status == "cancelled"
        last = ended(result)[-1]
        assert (last.phase, last.status) == ("poll", "running")
        with at_the_deadline(1):
            result = ask(workflow(tmp_path, server.url, timeout=1, poll_interval_seconds="3600"))
        assert result.status == "timed_out"
        last = ended(result)[-1]
        assert last.next_seconds is not None
        assert 0.5 < last.next_seconds <= 1.0

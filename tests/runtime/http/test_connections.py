# SPDX-License-Identifier: AGPL-3.0-or-later
"""Connections: one for all polls, verified, direct to this machine, and honest when they break."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from er_tui.runtime.http import transport
from er_tui.runtime.runners import HttpRunner
from tests.http_backend import behaviours
from tests.http_backend.hostile import Behaviour, Hostile, Peer
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.http_backend.tls import Certificate
from tests.runtime.http.asking import (
    ACCEPTED,
    COMPLETED,
    RUNNING,
    ask,
    backend,
    ended,
    request,
    workflow,
)


@pytest.mark.usefixtures("no_descriptor_is_left")
def test_all_requests_of_a_run_go_over_one_connection(tmp_path: Path) -> None:
    with Scripted(backend([*[RUNNING] * 20, COMPLETED])) as server:
        result = ask(workflow(tmp_path, server.url, poll_interval_seconds="0"))
        assert result.status == "succeeded"
        assert len(server.requests) == 22
        assert server.connection_count == 1
    kickoff, *polls = ended(result)
    assert kickoff.connect_seconds is not None
    assert [poll.connect_seconds for poll in polls] == [None] * 21


def answered(document: bytes, code: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (code, len(document), document)


class ClosesUnderPolls:
    """Keeps each connection for two requests, and closes it on reading the third.

    As a server does whose patience ends just when the next request is on its way.
    """

    def __init__(self, polls: int) -> None:
        self.polls_left = polls

    def __call__(self, peer: Peer) -> None:
        for _ in range(2):
            head = peer.read_request()
            if head.startswith(b"POST"):
                peer.send(answered(b'{"run": {"id": "r1"}}', b"202 Accepted"))
                continue
            self.polls_left -= 1
            status = b"running" if self.polls_left else b"completed"
            peer.send(answered(b'{"run": {"status": "%b"}}' % status))
        peer.read_request()


def test_a_kept_connection_that_was_closed_under_a_poll_costs_nothing(tmp_path: Path) -> None:
    with Hostile(ClosesUnderPolls(3)) as server:
        result = ask(workflow(tmp_path, server.url))
        heads = [head.split(b" ")[0] for head in server.heads]
    assert (result.status, result.metadata["polls"]) == ("succeeded", "3")
    assert heads == [b"POST", b"GET", b"GET", b"GET", b"GET"]
    again = ended(result)[2]
    assert again.note == "sent again: the kept connection had been closed"
    assert again.connect_seconds is not None


def test_a_poll_is_sent_again_once_only(tmp_path: Path) -> None:
    def refuses_polls(peer: Peer) -> None:
        if peer.read_request().startswith(b"POST"):
            peer.send(answered(b'{"run": {"id": "r1"}}', b"202 Accepted"))
            peer.read_request()

    with Hostile(refuses_polls) as server:
        result = ask(workflow(tmp_path, server.url))
        heads = [head.split(b" ")[0] for head in server.heads]
    assert result.status == "failed"
    assert (result.error_summary or "").startswith("poll http error: Server disconnected")
    assert heads == [b"POST", b"GET", b"GET"]


BROKEN: list[Behaviour] = [
    behaviours.closes_at_once,
    behaviours.resets,
    behaviours.closes_in_headers,
    behaviours.closes_in_body,
    behaviours.closes_in_chunk,
    behaviours.not_http,
    behaviours.broken_chunks,
]


@pytest.mark.usefixtures("no_descriptor_is_left")
@pytest.mark.parametrize("behaviour", BROKEN)
def test_a_broken_answer_fails_and_no_kickoff_is_ever_repeated(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    for kind in (request, workflow):
        with Hostile(behaviour) as server:
            keys = {} if kind is request else {"poll_error_budget": "5"}
            result = ask(kind(tmp_path, server.url, **keys))
            assert len(server.heads) == 1
        assert result.status == "failed"
        words = result.error_summary or ""
        assert words.startswith("http error: " if kind is request else "kickoff http error: ")
        (attempt,) = ended(result)
        assert attempt.note == words
    if behaviour in (behaviours.closes_in_body, behaviours.closes_in_chunk):
        assert attempt.code == 200
        assert attempt.size > 0


def test_nobody_listening_and_an_unknown_name_say_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = ask(request(tmp_path, f"http://127.0.0.1:{port}/"))
    words = f"http error: cannot connect to 127.0.0.1 port {port}: Connection refused"
    assert (result.status, result.error_summary) == ("failed", words)
    result = ask(workflow(tmp_path, "http://nobody.invalid"))
    words = "kickoff http error: cannot resolve nobody.invalid: "
    assert result.status == "failed"
    assert (result.error_summary or "").startswith(words)


@pytest.mark.usefixtures("no_descriptor_is_left")
def test_a_certificate_nobody_vouches_for_is_refused_unless_told_otherwise(
    tmp_path: Path, certificate: Certificate
) -> None:
    with Scripted([reply({})], certificate.server_context()) as server:
        result = ask(request(tmp_path, server.url))
        assert result.status == "failed"
        assert "certificate verify failed" in (result.error_summary or "")
        assert server.requests == []
        result = ask(request(tmp_path, server.url, verify="false"))
        assert result.status == "succeeded"
        assert HttpRunner(verify=False).run(request(tmp_path, server.url)).status == "succeeded"
        beaten = HttpRunner(verify=False).run(request(tmp_path, server.url, verify="true"))
        assert beaten.status == "failed"
    (attempt,) = ended(result)
    assert attempt.tls_seconds is not None
    assert attempt.connect_seconds is not None
    assert attempt.wait_seconds is not None


def test_a_trusted_certificate_will_do_for_a_whole_workflow(
    tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(transport._contexts, True, certificate.client_context())
    script = backend([RUNNING, COMPLETED])
    with Scripted(script, certificate.server_context()) as server:
        assert ask(workflow(tmp_path, server.url)).status == "succeeded"
        assert server.connection_count == 1


def test_one_tls_context_serves_all() -> None:
    assert transport.tls_context(True) is transport.tls_context(True)
    assert transport.tls_context(True) is not transport.tls_context(False)


def test_proxies_of_the_environment_are_used_but_never_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(received: Received) -> Step:
        return ACCEPTED if received.method == "POST" else COMPLETED

    with Scripted(script) as proxy, Scripted([reply({})]) as server:
        location = proxy.url.replace("//", "//me:s3cr3t-proxy@")
        monkeypatch.setenv("http_proxy", location)
        monkeypatch.setenv("no_proxy", "direct.invalid")
        assert ask(request(tmp_path, server.url)).status == "succeeded"
        local = server.url.replace("127.0.0.1", "localhost")
        assert ask(request(tmp_path, local)).status == "succeeded"
        assert proxy.connection_count == 0
        for host in ("backend.invalid", "localhost.invalid", "127.invalid"):
            proxy.requests.clear()
            assert ask(workflow(tmp_path, f"http://{host}")).status == "succeeded"
            assert [r.path for r in proxy.requests] == [
                f"http://{host}/runs",
                f"http://{host}/runs/r1",
            ]
            assert proxy.requests[0].headers["Proxy-Authorization"].startswith("Basic ")
        result = ask(request(tmp_path, "http://direct.invalid/"))
        assert "cannot resolve direct.invalid" in (result.error_summary or "")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://[", "http://127.0.0.1:nope"])
def test_a_proxy_that_cannot_be_used_is_a_failure(
    tmp_path: Path, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    result = ask(request(tmp_path, "http://backend.invalid/"))
    assert result.status == "failed"
    assert (result.error_summary or "").startswith("http error: ")

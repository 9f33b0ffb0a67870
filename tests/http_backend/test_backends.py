# SPDX-License-Identifier: AGPL-3.0-or-later
"""The servers of the tests do what they say, seen with plain sockets; none leaves a trace."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.conftest import Eventually
from tests.http_backend import behaviours
from tests.http_backend.behaviours import BOMB_BYTES, HUGE_BYTES, cross_origin, full_backlog
from tests.http_backend.hostile import Behaviour, Hostile
from tests.http_backend.scripted import Received, Scripted, Step, reply, routes
from tests.http_backend.tls import Certificate, certificate

__all__ = ["certificate"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert [t for t in threading.enumerate() if t not in before and t.is_alive()] == []


@contextlib.contextmanager
def client(url: str, seconds: float = 5.0) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(
        http.client.HTTPConnection(urlsplit(url).netloc, timeout=seconds)
    ) as connection:
        yield connection


def ask(connection: http.client.HTTPConnection, path: str = "/", **more: str) -> tuple[int, bytes]:
    connection.request("POST" if more else "GET", path, more.get("body"))
    answer = connection.getresponse()
    return answer.status, answer.read()


@contextlib.contextmanager
def raw(server: Hostile, seconds: float = 0.25) -> Iterator[socket.socket]:
    """A socket that has sent a request to it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(b"POST /runs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        yield connection


def read_until_timeout(connection: socket.socket) -> bytes:
    seen = b""
    try:
        while data := connection.recv(1000):
            seen += data
    except TimeoutError:
        return seen
    raise AssertionError("the connection was closed")


def test_steps_come_in_turn_over_one_connection_and_the_last_is_repeated() -> None:
    first = reply({"n": 1}, 503, Retry_After="2")
    with Scripted([first, reply({"n": 2})]) as server, client(server.url) as connection:
        connection.request("POST", "/a?b=c", b'{"x": 1}', {"X-Key": "k"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert json.loads(answer.read()) == {"n": 1}
        assert [ask(connection) for _ in range(2)] == [(200, b'{"n": 2}')] * 2
        one, _two, three = server.requests
        assert (one.method, one.path, one.headers["x-key"]) == ("POST", "/a?b=c", "k")
        assert one.json == {"x": 1}
        assert {r.connection for r in server.requests} == {1}
        assert one.at <= three.at <= time.monotonic()
        with client(server.url) as another:
            ask(another)
        assert server.requests[-1].connection == 2


def test_a_script_can_be_a_function_or_go_by_route() -> None:
    def script(received: Received) -> Step:
        return Step(201, received.body, closes=True)

    with Scripted(script) as server, client(server.url) as connection:
        assert ask(connection, body="twice") == (201, b"twice")
        assert ask(connection, body="again") == (201, b"again")
        assert [r.connection for r in server.requests] == [1, 2]
    with Scripted([Step(drops=True)]) as server, client(server.url) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.read(), answer.headers["Connection"]) == (b"", None)
        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            ask(connection)
    table = {"POST /a": [reply(1)], "GET /a": [Step(202), Step(200)]}
    with Scripted(routes(table)) as server, client(server.url) as connection:
        assert [ask(connection, "/a")[0] for _ in range(3)] == [202, 200, 200]
        assert ask(connection, "/a", body="x") == (200, b"1")
        assert ask(connection, "/b")[0] == 404


def test_a_held_answer_waits_for_its_event_its_client_or_the_end(eventually: Eventually) -> None:
    hold = threading.Event()
    with Scripted([Step(hold=hold)]) as server:
        with client(server.url, 0.1) as connection, pytest.raises(TimeoutError):
            ask(connection)
        eventually(lambda: server.open_connections == 0)
        with client(server.url) as connection:
            connection.request("GET", "/")
            server.wait_for(2)
            hold.set()
            assert connection.getresponse().status == 200
        hold.clear()
        with client(server.url) as connection:
            connection.request("GET", "/")
            server.wait_for(3)
            server.stopping.set()
            with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
                connection.getresponse()


def test_chunks_go_out_one_by_one_and_may_be_cut() -> None:
    gate = threading.Event()
    whole = Step(chunks=[b"data: 1\n\n", gate, b"data: 2\n\n"])
    half = Step(chunks=[b"half"], cut=True)
    with Scripted([whole, half]) as server, client(server.url) as connection:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.read1() == b"data: 1\n\n"
        gate.set()
        assert answer.read() == b"data: 2\n\n"
        with pytest.raises(http.client.IncompleteRead):
            ask(connection)


def test_it_speaks_tls_with_a_certificate_of_its_own(certificate: Certificate) -> None:
    with Scripted([reply("secret")], certificate.server_context()) as server:
        assert server.url.startswith("https://127.0.0.1:")
        host = urlsplit(server.url).netloc
        for context, trusted in ((certificate.client_context(), True), (None, False)):
            context = context or ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, timeout=5, context=context)
            with contextlib.closing(connection):
                if trusted:
                    assert ask(connection) == (200, b'"secret"')
                else:
                    with pytest.raises(ssl.SSLCertVerificationError, match=r"self.signed"):
                        ask(connection)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (behaviours.hangs_at_once, b""),
        (behaviours.hangs_at_headers, b""),
        (behaviours.hangs_in_body, b'{"status": '),
        (behaviours.not_http, b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    ],
)
def test_a_hang_lasts_until_the_client_goes(behaviour: Behaviour, said: bytes) -> None:
    with Hostile(behaviour) as server:
        with raw(server, 0.1) as connection:
            assert read_until_timeout(connection).endswith(said)
            assert server.connected.is_set()
            assert server.asked.is_set() == (behaviour is not behaviours.hangs_at_once)
            assert not server.gone.is_set()
        assert server.gone.wait(2)


def test_a_hang_ends_with_its_server() -> None:
    with Hostile(behaviours.hangs_at_headers) as server, raw(server, 5) as connection:
        assert server.asked.wait(2)
        server.__exit__(None, None, None)
        assert connection.recv(10) == b""
        assert not server.gone.is_set()
        assert server.heads == [b"POST /runs HTTP/1.1\r\nHost: x\r\nContent-Length: 2"]


def test_connecting_and_the_tls_handshake_can_hang() -> None:
    with full_backlog() as url:
        address = ("127.0.0.1", urlsplit(url).port or 0)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.2)
    with Hostile(behaviours.hangs_at_once, scheme="https") as server:
        assert server.url.startswith("https://")
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.2) as plain:
            context = ssl.create_default_context()
            with pytest.raises(TimeoutError), context.wrap_socket(plain, server_hostname="x"):
                pass


@pytest.mark.parametrize("behaviour", [behaviours.drips_headers, behaviours.drips_body])
def test_a_drip_is_a_byte_at_a_time(behaviour: Behaviour) -> None:
    with Hostile(behaviour) as server, raw(server, 2) as connection:
        seen = b""
        while not seen.endswith((b"HTT", b'{"s')):
            piece = connection.recv(1000)
            assert len(piece) == 1 or b"\r\n\r\n" in piece
            seen += piece


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (behaviours.closes_at_once, http.client.RemoteDisconnected),
        (behaviours.resets, ConnectionResetError),
        (behaviours.closes_in_body, http.client.IncompleteRead),
        (behaviours.closes_in_chunk, http.client.IncompleteRead),
        (behaviours.broken_chunks, http.client.IncompleteRead),
        (behaviours.endless_header, http.client.LineTooLong),
        (behaviours.endless_headers, http.client.HTTPException),
        (behaviours.not_http, http.client.BadStatusLine),
    ],
)
def test_a_broken_answer_is_an_error(behaviour: Behaviour, error: type[Exception]) -> None:
    with Hostile(behaviour) as server, client(server.url) as connection, pytest.raises(error):
        ask(connection)


def test_headers_can_end_too_early() -> None:
    with (
        Hostile(behaviours.closes_in_headers) as server,
        raw(server, 5) as connection,
        connection.makefile("rb") as file,
    ):
        assert file.read().endswith(b"\r\nContent-Le")


def test_the_huge_body_comes_only_as_fast_as_it_is_read_and_stops_with_its_client() -> None:
    with Hostile(behaviours.huge_body) as server:
        with raw(server, 5) as connection:
            taken = sum(len(connection.recv(1 << 16)) for _ in range(50))
        assert server.gone.wait(5)
        assert 0 < taken < server.sent < HUGE_BYTES // 100


def test_the_gzip_bomb_is_small_and_becomes_large() -> None:
    with Hostile(behaviours.gzip_bomb) as server, client(server.url, 10) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < BOMB_BYTES // 900
        with gzip.GzipFile(fileobj=answer) as file:
            whole = sum(len(piece) for piece in iter(lambda: file.read(1 << 24), b""))
        assert whole == BOMB_BYTES


def test_redirects_lead_round_in_circles_or_to_another_origin() -> None:
    with Hostile(behaviours.redirect_loop) as server, client(server.url) as connection:
        for _ in range(3):
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Location"], answer.read()) == (
                302,
                "/again",
                b"",
            )
    with cross_origin() as (first, other), client(first.url) as connection:
        connection.request("POST", "/", b"{}")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (307, f"{other.url}/elsewhere")
        assert other.requests == []
        with client(other.url) as leaking:
            assert ask(leaking, "/elsewhere", body="{}")[0] == 200
        assert [r.path for r in other.requests] == ["/elsewhere"]


def test_many_clients_at_once_are_served() -> None:
    def work(url: str, codes: list[int]) -> None:
        with client(url) as connection:
            codes.append(ask(connection)[0])

    with Scripted([Step(204)]) as server:
        codes: list[int] = []
        jobs: list[Callable[[], None]] = [lambda: work(server.url, codes) for _ in range(50)]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes == [204] * 50
    assert len({received.connection for received in server.requests}) == 50

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A redirect is followed where nothing can leak or change; else the run says where it pointed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from er_tui.runtime.runners import HttpRunner
from tests.http_backend import behaviours
from tests.http_backend.behaviours import cross_origin
from tests.http_backend.hostile import Hostile
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.runtime.http.asking import ACCEPTED, COMPLETED, ask, ended, request, workflow

SECRET = "s3cr3t-header"
KEYS = {"headers": json.dumps({"X-Api-Key": SECRET}), "body": '{"password": "s3cr3t-body"}'}


def to(location: str, status: int = 307) -> Step:
    return Step(status, b"moved", {"Location": location})


def moves(status: int) -> Scripted:
    """A server that sends everything on to /there, within its origin."""

    def script(received: Received) -> Step:
        return reply({"here": True}) if received.path == "/there" else to("/there", status)

    return Scripted(script)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_leaks_to_another_origin(tmp_path: Path, status: int, method: str) -> None:
    with cross_origin(status) as (first, other):
        result = ask(request(tmp_path, first.url, method=method, **KEYS))
        assert (result.status, result.exit_code) == ("failed", status)
        words = f"redirect to {other.url}/elsewhere refused: it leads to another origin"
        assert result.error_summary == f"http error: {words}"
        assert other.connection_count == 0
        assert len(first.heads) == 1
    (attempt,) = ended(result)
    assert attempt.code == status
    assert attempt.headers["location"] == f"{other.url}/elsewhere"


@pytest.mark.parametrize("status", [302, 307])
def test_neither_a_kickoff_nor_a_poll_leaks_to_another_origin(tmp_path: Path, status: int) -> None:
    with Scripted([reply({})]) as other:

        def moved_polls(received: Received) -> Step:
            return ACCEPTED if received.method == "POST" else to(f"{other.url}/x", status)

        with cross_origin(status) as (first, elsewhere):
            result = ask(workflow(tmp_path, first.url, **KEYS))
            assert (result.error_summary or "").startswith("kickoff http error: redirect to")
            assert (len(first.heads), elsewhere.connection_count) == (1, 0)
        with Scripted(moved_polls) as server:
            result = ask(workflow(tmp_path, server.url, poll_error_budget="5", **KEYS))
            assert result.status == "failed"
            words = f"poll http error: redirect to {other.url}/x refused"
            assert (result.error_summary or "").startswith(words)
            assert len(server.requests) == 2
        assert other.connection_count == 0


@pytest.mark.parametrize("status", [307, 308])
def test_within_the_origin_a_post_goes_on_whole(tmp_path: Path, status: int) -> None:
    with moves(status) as server:
        result = ask(request(tmp_path, server.url, **KEYS))
        first, second = server.requests
    assert (result.status, result.exit_code) == ("succeeded", 200)
    assert (second.method, second.path, second.body) == ("POST", "/there", first.body)
    assert second.headers["X-Api-Key"] == SECRET
    (attempt,) = ended(result)
    assert attempt.note == f"redirected by {status} to {server.url}/there"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_that_would_become_a_get_is_refused(tmp_path: Path, status: int) -> None:
    with moves(status) as server:
        result = ask(request(tmp_path, server.url, **KEYS))
        assert len(server.requests) == 1
    words = f"redirect to {server.url}/there refused: {status} would turn POST into a GET"
    assert (result.status, result.error_summary) == ("failed", f"http error: {words}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_is_followed_within_the_origin_always(tmp_path: Path, status: int) -> None:
    with moves(status) as server:
        assert ask(request(tmp_path, server.url, method="GET")).status == "succeeded"

    def script(received: Received) -> Step:
        if received.method == "POST":
            return ACCEPTED
        return COMPLETED if received.path == "/there" else to("/there", status)

    with Scripted(script) as server:
        assert ask(workflow(tmp_path, server.url)).status == "succeeded"
        assert [r.method for r in server.requests] == ["POST", "GET", "GET"]


def test_a_loop_ends(tmp_path: Path) -> None:
    for named in ("same-origin", "all"):
        with Hostile(behaviours.redirect_loop) as server:
            invoked = request(tmp_path, server.url, method="GET", follow_redirects=named)
            result = ask(invoked)
            assert len(server.heads) == 11
        words = f"http error: redirect to {server.url}/again refused: more than 10 redirects"
        assert (result.status, result.error_summary) == ("failed", words)


def test_all_follows_anywhere_but_takes_no_header_of_the_invocation_along(tmp_path: Path) -> None:
    with cross_origin(307) as (first, other):
        result = ask(request(tmp_path, first.url, follow_redirects="all", **KEYS))
        assert result.status == "succeeded"
        (received,) = other.requests
        assert received.method == "POST"
        assert received.headers["X-Api-Key"] is None
    with cross_origin(302) as (first, other):
        assert ask(request(tmp_path, first.url, follow_redirects="all", **KEYS)).exit_code == 200
        (received,) = other.requests
        assert (received.method, received.body) == ("GET", b"")


def test_none_follows_nothing_and_metadata_beat_the_constructor(tmp_path: Path) -> None:
    with moves(307) as server:
        result = ask(request(tmp_path, server.url, follow_redirects="none"))
        words = f"redirect to {server.url}/there refused: http.follow_redirects is none"
        assert (result.status, result.error_summary) == ("failed", f"http error: {words}")
        invoked = request(tmp_path, server.url)
        assert HttpRunner(follow_redirects=False).run(invoked).status == "failed"
        invoked = request(tmp_path, server.url, follow_redirects="same-origin")
        assert HttpRunner(follow_redirects=False).run(invoked).status == "succeeded"
    with cross_origin(307) as (first, other):
        invoked = request(tmp_path, first.url, follow_redirects="same-origin")
        assert HttpRunner(follow_redirects=True).run(invoked).status == "failed"
        assert other.connection_count == 0
        assert HttpRunner(follow_redirects="all").run(request(tmp_path, first.url)).exit_code == 200


@pytest.mark.parametrize("location", ["http://[", "http:///x", "ftp://127.0.0.1/x", "\x00"])
def test_a_location_that_is_none_is_a_failure(tmp_path: Path, location: str) -> None:
    with Scripted([to(location)]) as server:
        result = ask(request(tmp_path, server.url, method="GET"))
        assert len(server.requests) == 1
    assert result.status == "failed"
    assert (result.error_summary or "").startswith("http error: ")

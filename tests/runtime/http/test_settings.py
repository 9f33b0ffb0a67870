# SPDX-License-Identifier: AGPL-3.0-or-later
"""All metadata are checked before the first request leaves: the server sees nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from er_tui.rxp import RuntimeInvocation
from er_tui.rxp.metadata.http import read_poll, read_request
from tests.http_backend.scripted import Scripted, reply
from tests.runtime.http.asking import ask, ended, request, workflow
from tests.runtime.invoking import run_directory


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with Scripted([reply({})]) as server:
        yield server


def rejection(server: Scripted, invoked: RuntimeInvocation) -> str:
    """Why it is rejected, without a request."""
    result = ask(invoked)
    assert result.status == "rejected", result
    assert result.exit_code is None
    assert server.requests == []
    assert server.connection_count == 0
    assert ended(result) == []
    assert (run_directory(result) / "result.json").exists()
    assert result.error_summary is not None
    return result.error_summary


BAD_FOR_BOTH = [
    ("url", None, "missing metadata 'http.url'"),
    ("url", "  ", "missing metadata 'http.url'"),
    ("url", "ftp://127.0.0.1/x", "http.url"),
    ("url", "/runs", "http.url"),
    ("url", "http://", "http.url"),
    ("url", "http://[::1", "http.url"),
    ("url", "http://host:99999/", "http.url"),
    ("url", "http://host:0/", "http.url"),
    ("url", "http://ho st/", "http.url"),
    ("url", "http://host/a\r\nX-Evil: 1", "http.url"),
    ("url", "http://host/\x1b[2J", "http.url"),
    ("url", "http://\u2603/", "http.url"),
    ("url", "http://host/" + "a" * 70_000, "http.url"),
    ("url", "http://{run_id}/", "http.url"),
    ("method", "GET IT", "http.method"),
    ("method", "GET\r\n", "http.method"),
    ("body_format", "xml", "http.body_format"),
    ("body", "{", "invalid body: "),
    ("body", "", "invalid body: "),
    ("body", '{"x": NaN}', "invalid body: "),
    ("body", "1e999", "invalid body: "),
    ("body", '"\\ud800"', "invalid body: "),
    ("body", "[" * 100_000, "invalid body: "),
    ("body", "9" * 5000, "invalid body: "),
    ("headers", "X-Key: 1", "http.headers"),
    ("headers", '["X-Key"]', "http.headers"),
    ("headers", '{"X-Key": 1}', "X-Key"),
    ("headers", '{"X Key": "1"}', "X Key"),
    ("headers", '{"": "1"}', "http.headers"),
    ("headers", '{"X-Key": "${NOT_SET_ANYWHERE}"}', "${NOT_SET_ANYWHERE}"),
    ("headers", '{"X-Key": "a\\r\\nX-Evil: 1"}', "X-Key"),
    ("headers", '{"X-Key": "a\\u0000"}', "X-Key"),
    ("headers", '{"X-Key": "caf\\u00e9"}', "X-Key"),
    ("headers", '{"X-Key": "${BROKEN}"}', "X-Key"),
    ("follow_redirects", "yes", "http.follow_redirects"),
    ("verify", "no", "http.verify"),
    ("max_body_bytes", "0", "http.max_body_bytes"),
    ("max_body_bytes", "-1", "http.max_body_bytes"),
    ("max_body_bytes", "1e6", "http.max_body_bytes"),
    ("max_body_bytes", "9" * 5000, "http.max_body_bytes"),
    ("cancel_url_template", "runs/cancel", "http.cancel_url_template"),
    ("cancel_url_template", "http://{run_id}.host/", "http.cancel_url_template"),
    ("cancel_method", "()", "http.cancel_method"),
    ("ulr", "http://host/", "unknown metadata key 'http.ulr' (did you mean 'http.url'?)"),
    ("header", "{}", "did you mean 'http.headers'?"),
    ("zzzzzz", "1", "unknown metadata key 'http.zzzzzz'"),
    ("", "1", "unknown metadata key 'http.'"),
]
BAD_POLLS = [
    ("poll_url_template", None, "missing metadata 'http.poll_url_template'"),
    ("poll_url_template", "runs/{run_id}", "http.poll_url_template"),
    ("poll_url_template", "http://{run_id}/x", "http.poll_url_template"),
    ("poll_url_template", "http://u:{run_id}@host/x", "http.poll_url_template"),
    ("poll_url_template", "http://host:{run_id}/x", "http.poll_url_template"),
    ("poll_url_template", "http://\u2603/{run_id}", "http.poll_url_template"),
    ("poll_run_id_path", None, "missing metadata 'http.poll_run_id_path'"),
    ("poll_status_path", None, "missing metadata 'http.poll_status_path'"),
    ("poll_terminal_states", None, "missing metadata 'http.poll_terminal_states'"),
    ("poll_terminal_states", " , ", "http.poll_terminal_states"),
    ("poll_success_states", ",", "http.poll_success_states"),
    *(
        ("poll_interval_seconds", bad, "http.poll_interval_seconds")
        for bad in ("nan", "inf", "-inf", "abc", "-1", "-0.5", "", "1,5", "1e999")
    ),
    *(
        ("poll_pending_codes", bad, "http.poll_pending_codes")
        for bad in ("abc", "99", "600", "404;503", "-404", "²²²", "4e2")
    ),
    *(("poll_error_budget", bad, "http.poll_error_budget") for bad in ("-1", "x", "1.5", "nan")),
    ("events_url_template", "//host/events", "http.events_url_template"),
    ("events_url_template", "http://\u2603/events", "http.events_url_template"),
    ("pol_interval_seconds", "1", "did you mean 'http.poll_interval_seconds'?"),
]


@pytest.mark.parametrize(("key", "value", "words"), BAD_FOR_BOTH)
@pytest.mark.parametrize("kind", ["http", "http_async"])
def test_bad_metadata_is_rejected_by_name_before_anything_is_sent(
    tmp_path: Path, server: Scripted, kind: str, key: str, value: str | None, words: str
) -> None:
    environment = {"BROKEN": "a\nb"}
    if kind == "http":
        keys = {key: value} if key != "url" else {}
        invoked = request(tmp_path, server.url, environment=environment, **keys)
        if key == "url":
            metadata = {"http.url": value} if value is not None else {}
            invoked = invoked.model_copy(update={"metadata": metadata})
    else:
        invoked = workflow(tmp_path, server.url, environment=environment, **{key: value})
    assert words in rejection(server, invoked)


@pytest.mark.parametrize(("key", "value", "words"), BAD_POLLS)
def test_bad_poll_metadata_are_rejected_before_the_kickoff_is_sent(
    tmp_path: Path, server: Scripted, key: str, value: str | None, words: str
) -> None:
    assert words in rejection(server, workflow(tmp_path, server.url, **{key: value}))


@pytest.mark.parametrize("body", ["[1]", '"x"', "null", '{"a": {"b": 1}}', '{"a": [[1]]}'])
def test_a_form_takes_an_object_of_plain_values_only(
    tmp_path: Path, server: Scripted, body: str
) -> None:
    words = rejection(server, request(tmp_path, server.url, body=body, body_format="form"))
    assert words.startswith("invalid body: ")


def test_keys_of_http_async_are_not_for_http(tmp_path: Path, server: Scripted) -> None:
    words = rejection(server, request(tmp_path, server.url, poll_status_path="status"))
    assert words == "metadata 'http.poll_status_path' is for runtime_kind http_async"


def test_an_unset_reference_is_named_and_its_neighbours_stay_secret(
    tmp_path: Path, server: Scripted
) -> None:
    headers = json.dumps({"X-A": "${KNOWN}", "X-B": "${NOT_SET_ANYWHERE}"})
    invoked = request(tmp_path, server.url, headers=headers, environment={"KNOWN": "s3cr3t-1"})
    assert "s3cr3t" not in rejection(server, invoked)


def test_the_defaults_are_those_that_are_documented(tmp_path: Path) -> None:
    invoked = workflow(tmp_path, "http://host", poll_interval_seconds=None)
    settings = read_request(invoked, verify=True, redirects="same-origin", polls=True)
    assert (settings.method, settings.payload, settings.headers) == ("POST", None, {})
    assert (settings.redirects, settings.verify) == ("same-origin", True)
    assert settings.max_body_bytes == 64 * 1024 * 1024
    assert (settings.cancel_url, settings.cancel_method) == (None, "POST")
    poll = read_poll(invoked)
    assert (poll.interval, poll.success) == (2.0, frozenset({"completed"}))
    assert (poll.pending_codes, poll.error_budget, poll.events_url) == (frozenset(), 0, None)


def test_every_key_is_taken(tmp_path: Path) -> None:
    invoked = workflow(
        tmp_path,
        "http://host",
        method="put",
        body="{}",
        body_format="json",
        headers="{}",
        follow_redirects="none",
        verify="false",
        max_body_bytes="10",
        cancel_url_template="http://host/{run_id}/cancel",
        cancel_method="DELETE",
        poll_success_states="completed, done",
        poll_interval_seconds="0",
        poll_pending_codes="404, 425",
        poll_error_budget="3",
        events_url_template="https://host/{run_id}/events?a=b",
    )
    settings = read_request(invoked, verify=True, redirects="all", polls=True)
    assert (settings.method, settings.redirects, settings.verify) == ("PUT", "none", False)
    assert (settings.max_body_bytes, settings.cancel_method) == (10, "DELETE")
    assert settings.cancel_url == "http://host/{run_id}/cancel"
    poll = read_poll(invoked)
    assert (poll.success, poll.interval) == (frozenset({"completed", "done"}), 0.0)
    assert (poll.pending_codes, poll.error_budget) == (frozenset({404, 425}), 3)
    assert poll.events_url == "https://host/{run_id}/events?a=b"


def test_a_template_without_a_run_id_needs_no_path_to_one(tmp_path: Path) -> None:
    invoked = workflow(tmp_path, "http://h", poll_url_template="http://h/x", poll_run_id_path=None)
    assert read_poll(invoked).run_id_path is None


@pytest.mark.parametrize(
    ("body", "body_format", "content", "kind"),
    [
        (None, None, b"", None),
        ('{"a": [1, "é", null]}', None, '{"a":[1,"é",null]}'.encode(), "application/json"),
        ("null", "json", b"null", "application/json"),
        (
            '{"a": "x y&z", "b": [1, true], "c": null}',
            "form",
            b"a=x+y%26z&b=1&b=true&c=",
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_a_body_is_sent_as_its_format_says(
    tmp_path: Path, body: str | None, body_format: str | None, content: bytes, kind: str | None
) -> None:
    with Scripted([reply({})]) as server:
        keys = {k: v for k, v in (("body", body), ("body_format", body_format)) if v is not None}
        assert ask(request(tmp_path, server.url, **keys)).status == "succeeded"
        (received,) = server.requests
    assert (received.method, received.body) == ("POST", content)
    assert received.headers["Content-Type"] == kind


def test_headers_are_filled_in_and_beat_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_PROCESS", "process")
    monkeypatch.setenv("FROM_BOTH", "process")
    headers = {
        "X-A": "${FROM_BOTH}-${FROM_PROCESS} ${not a reference}",
        "Accept": "text/plain",
        "Content-Type": "application/vnd.x+json",
        "USER-AGENT": "mine",
    }
    with Scripted([reply({})]) as server:
        environment = {"FROM_BOTH": "invocation"}
        keys = {"headers": json.dumps(headers), "body": "{}"}
        ask(request(tmp_path, server.url, environment=environment, **keys))
        (received,) = server.requests
    assert received.headers.get_all("X-A") == ["invocation-process ${not a reference}"]
    assert received.headers.get_all("Accept") == ["text/plain"]
    assert received.headers.get_all("Content-Type") == ["application/vnd.x+json"]
    assert received.headers.get_all("User-Agent") == ["mine"]
    assert received.headers.get_all("Accept-Encoding") == ["identity"]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A copied curl command does what the attempt did, and holds no secret."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from er_tui.journal.events import AttemptStarted
from er_tui.rxp import RuntimeInvocation
from er_tui.tui.curl import curl_command
from tests.http_backend.scripted import Scripted, Step

# curl takes a header without a value for one to be left out.
_token = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
_words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


def invocation(**metadata: str) -> RuntimeInvocation:
    return RuntimeInvocation(
        invocation_id="i",
        runtime_name="r",
        runtime_kind="http",
        working_directory="/",
        command=["-"],
        metadata={f"http.{key}": value for key, value in metadata.items()},
    )


def attempt(
    url: str, headers: dict[str, str] | None = None, phase: str = "request"
) -> AttemptStarted:
    method = "GET" if phase == "poll" else "POST"
    return AttemptStarted(
        at=0.0, number=1, phase=phase, method=method, url=url, headers=headers or {}
    )


def test_a_reference_keeps_its_name_and_a_masked_value_gets_the_headers() -> None:
    command = curl_command(
        attempt("http://h/x", {"Authorization": "***", "X-Api-Key": "***", "X-Plain": "a b"}),
        invocation(headers='{"Authorization": "Bearer ${TOKEN}", "X-Api-Key": "hard-coded"}'),
    )
    assert """-H 'Authorization: Bearer '"${TOKEN}" """ in command
    assert """-H 'X-Api-Key: '"${X_API_KEY}" """ in command
    assert "'X-Plain: a b'" in command


def test_a_poll_sends_no_body() -> None:
    command = curl_command(attempt("http://h/x", phase="poll"), invocation(body='{"a": 1}'))
    assert "--data" not in command


def test_a_form_is_sent_as_a_form() -> None:
    command = curl_command(
        attempt("http://h/x"), invocation(body='{"a": "b c", "n": 3}', body_format="form")
    )
    assert shlex.split(command)[4:8] == ["--data-urlencode", "a=b c", "--data-urlencode", "n=3"]


@pytest.mark.parametrize("body_format", ["json", "form"])
def test_a_secret_is_a_variable_wherever_it_stands(body_format: str) -> None:
    body = {"api_key": "S3CR3T-1", "copy": "of S3CR3T-2", "plain": "it's"}
    command = curl_command(
        attempt("http://***@h/x?token=***&a=b"),
        invocation(
            body=json.dumps(body), body_format=body_format, headers='{"X-Api-Key": "S3CR3T-2"}'
        ),
    )
    assert "S3CR3T" not in command
    assert "***" not in command
    names = {f"SECRET_{n}": f"value {n} '$x" for n in range(1, 5)}
    told = subprocess.run(
        ["bash", "-c", command.replace("curl", "printf '%s\\n'", 1)],
        check=True,
        env={**os.environ, **names},
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    one, two, three, four = names.values()
    assert told[-1] == f"http://{three}@h/x?token={four}&a=b"
    if body_format == "json":
        assert json.loads(told[-2]) == {"api_key": one, "copy": f"of {two}", "plain": "it's"}
    else:
        fields = [word for word in told[3:-1] if word != "--data-urlencode"]
        assert fields == [f"api_key={one}", f"copy=of {two}", "plain=it's"]


def test_a_masked_header_without_a_usable_name_is_a_variable_still() -> None:
    command = curl_command(attempt("http://h/x", {"2nd-Key": "***"}), None)
    assert """'2nd-Key: '"${_2ND_KEY}" """ in command


def test_of_a_header_with_a_reference_the_rest_is_no_secret_either() -> None:
    command = curl_command(
        attempt("http://h/x", {"X-Mixed": "***"}),
        invocation(headers='{"X-Mixed": "--password=S3CR3T ${NAME}"}'),
    )
    assert "S3CR3T" not in command


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.dictionaries(_words, _words, max_size=3), value=_words, token=_token)
def test_what_is_pasted_into_a_shell_sends_the_same(
    body: dict[str, str], value: str, token: str
) -> None:
    template = value.replace("${", "") + " ${TOKEN}"
    with Scripted([Step(200)]) as server:
        command = curl_command(
            attempt(f"{server.url}/a?b=c&d='e'", {"X-Mixed": "***"}),
            invocation(body=json.dumps(body), headers=json.dumps({"X-Mixed": template})),
        )
        subprocess.run(
            ["bash", "-c", command],
            check=True,
            env={**os.environ, "TOKEN": token, "no_proxy": "*"},
            stdout=subprocess.DEVNULL,
        )
        (received,) = server.requests
    assert json.loads(received.body) == body
    sent = template.replace("${TOKEN}", token).strip()
    assert received.headers["x-mixed"].strip() == sent
    assert received.path.startswith("/a?b=c&d=")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""One rule says what is a secret; what it hides is hidden in every text that is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.journal.masking import MASK, Masking

SECRET = "s3cr3t-Value"


def document(**fields: object) -> dict[str, Any]:
    return {
        "invocation_id": "build-017",
        "runtime_name": "local",
        "runtime_kind": "subprocess",
        "working_directory": "/srv/build",
        "command": ["true"],
        "environment": {},
        "timeout_seconds": None,
        "input_payload_path": None,
        "output_result_path": None,
        "artifact_directory": None,
        "metadata": {},
        **fields,
    }


def masked_command(*command: str) -> list[str]:
    masked: list[str] = Masking(document(command=list(command))).document["command"]
    return masked


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "apikey",
        "GITHUB_TOKEN",
        "aws_secret_access_key",
        "DB_PASSWORD",
        "PASSWD",
        "GPG_PASSPHRASE",
        "GOOGLE_CREDENTIALS",
        "AUTHORIZATION",
        "COOKIE_JAR",
    ],
)
def test_the_value_of_a_variable_or_metadata_key_with_a_secret_name_is_masked(name: str) -> None:
    masking = Masking(document(environment={name: SECRET}, metadata={f"http.{name}": SECRET}))
    assert masking.document["environment"] == {name: MASK}
    assert masking.document["metadata"] == {f"http.{name}": MASK}


@pytest.mark.parametrize("name", ["PATH", "LANG", "HOME", "http.url", "subprocess.stdin"])
def test_other_names_keep_their_values(name: str) -> None:
    masking = Masking(document(environment={name: SECRET}))
    assert masking.document["environment"] == {name: SECRET}
    assert masking.secrets == {}


@pytest.mark.parametrize(
    ("command", "masked"),
    [
        (["x", f"--x-key={SECRET}"], ["x", "--x-key=***"]),
        (["x", "--api-key", SECRET], ["x", "--api-key", "***"]),
        (["x", "-token", SECRET], ["x", "-token", "***"]),
        (["x", "--password", "-s3cr3t-Value"], ["x", "--password", "***"]),
        (["x", "--token", "--verbose"], ["x", "--token", "--verbose"]),
        (["x", "--no-key", "-v"], ["x", "--no-key", "-v"]),
        (["env", f"API_KEY={SECRET}", "x"], ["env", "API_KEY=***", "x"]),
        (["x", "-H", f"Authorization: Bearer {SECRET}"], ["x", "-H", "Authorization: ***"]),
        (["x", f"-HX-Api-Key: {SECRET}"], ["x", "-HX-Api-Key: ***"]),
        (["x", f"--header=Authorization: {SECRET}"], ["x", "--header=Authorization: ***"]),
        (["x", f"--header=Cookie: sid={SECRET}; a=b"], ["x", "--header=Cookie: ***"]),
        (["x", "--data", f'{{"token": "{SECRET}"}}'], ["x", "--data", '{"token": "***"}']),
        (["git", f"https://u:{SECRET}@h/x"], ["git", "https://***@h/x"]),
        (["git", f"https://u:{SECRET}@{SECRET}@h/x"], ["git", "https://***@h/x"]),
        (["curl", f"http://h/?api_key={SECRET}&n=1"], ["curl", "http://h/?api_key=***&n=1"]),
        (["curl", f"http://h/?n=1&sig={SECRET}#f"], ["curl", "http://h/?n=1&sig=***#f"]),
        (["make", "all", "-j8"], ["make", "all", "-j8"]),
        (["sort", "a=b", "c: d"], ["sort", "a=b", "c: d"]),
    ],
)
def test_secrets_in_arguments_are_masked(command: list[str], masked: list[str]) -> None:
    assert masked_command(*command) == masked


@pytest.mark.parametrize(
    "script",
    [
        f"export API_KEY={SECRET} && run",
        f"API_KEY='{SECRET}' run",
        f'run --x-token "{SECRET}" --fast',
        f"run --password={SECRET}; ls",
        f"psql 'host=db password={SECRET} user=me'",
        f"curl -H 'Authorization: Bearer {SECRET}' http://h",
        f'curl -H "X-Api-Key: {SECRET}" http://h',
        f"curl -HX-Api-Key:{SECRET} http://h",
        f"curl https://me:{SECRET}@h/x",
        f'curl -d \'{{"api_key": "{SECRET}"}}\' http://h',
        f'curl -d "{{\\"api_key\\": \\"{SECRET}\\"}}" http://h',
        f"curl http://h/?token={SECRET}",
    ],
)
def test_secrets_in_a_shell_command_are_masked_and_the_rest_is_readable(script: str) -> None:
    masked = masked_command("sh", "-c", script)[2]
    assert SECRET not in masked
    assert masked.split()[0] == script.split()[0].split("=")[0] + (
        "=***" if "=" in script.split()[0] else ""
    )
    assert MASK in masked


@pytest.mark.parametrize(
    "script",
    [
        'run --x-token "$TOKEN"',
        "API_KEY=${OTHER_KEY} run",
        'curl -H "Authorization: Bearer ${API_KEY}" http://h',
        "python -c 'print(sorted(x, key=len))'",
        "for key in a b; do echo $key; done",
    ],
)
def test_a_script_without_secrets_stays_as_it_is(script: str) -> None:
    assert masked_command("sh", "-c", f"true; {script}")[2] == f"true; {script}"


@pytest.mark.parametrize(
    "value",
    [
        "${API_KEY}",
        "Bearer ${API_KEY}",
        "https://${USER}:${PASSWORD}@host/?api_key=${API_KEY}",
    ],
)
def test_a_reference_is_no_secret_and_stays_readable(value: str) -> None:
    masking = Masking(document(environment={"X_KEY" if "://" not in value else "URL": value}))
    assert list(masking.document["environment"].values()) == [value]
    assert masking.secrets == {}
    assert masking.scrub(f"unset: {value}") == f"unset: {value}" or "://" in value


def test_the_literal_part_beside_a_reference_is_masked() -> None:
    assert masked_command("https://me:${PASSWORD}@h") == ["https://***:${PASSWORD}@h"]


def test_json_in_metadata_is_masked_at_any_depth() -> None:
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "Accept": "text/plain",
        "credentials": {"user": {"name": SECRET}, "pins": [1234, None, True]},
        "inner": [{"list": [{"x_token": SECRET}]}, f"https://u:{SECRET}@h"],
        "text": json.dumps({"password": SECRET}),
    }
    masking = Masking(document(metadata={"http.headers": json.dumps(headers)}))
    text = masking.document["metadata"]["http.headers"]
    assert SECRET not in text
    assert "1234" not in text
    assert json.loads(text)["Accept"] == "text/plain"
    assert masking.secrets == {"/metadata/http.headers": json.dumps(headers)}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ' * 2000 + f'{{"token": "{SECRET}"}}' + "}" * 2000,
        '{"a": ' * 300 + f'{{"token": "{SECRET}"}}' + "}" * 300,
        f'{{"token": "{SECRET}",}}',
        f'{{"u": "https://u:{SECRET}@h", "u": 1}}',
    ],
)
def test_json_too_deep_or_broken_or_ambiguous_is_masked_as_text(text: str) -> None:
    masked = Masking(document(metadata={"http.body": text})).document["metadata"]["http.body"]
    assert SECRET not in masked


def test_userinfo_is_masked_in_the_paths_too() -> None:
    target = f"/out/https://u:{SECRET}@h/r.json"
    masking = Masking(document(output_result_path=target))
    assert masking.document["output_result_path"] == "/out/https://***@h/r.json"
    assert masking.secrets == {"/output_result_path": target}


def test_what_every_result_repeats_is_not_masked() -> None:
    masking = Masking(document(invocation_id="deploy-key:prod", runtime_name="token=a"))
    assert masking.document["invocation_id"] == "deploy-key:prod"
    assert masking.document["runtime_name"] == "token=a"
    assert masking.scrub("prod") == "prod"


def test_masked_fields_are_named_by_their_json_pointers() -> None:
    masking = Masking(
        document(
            command=["x", "--x-key", SECRET],
            environment={"A/B~KEY": SECRET},
            metadata={"api_key": "", "token": SECRET},
        )
    )
    assert masking.secrets == {
        "/command/2": SECRET,
        "/environment/A~1B~0KEY": SECRET,
        "/metadata/token": SECRET,
    }


def test_an_error_text_is_scrubbed_of_every_masked_value() -> None:
    masking = Masking(
        document(
            environment={"TOKEN": f"Bearer {SECRET}", "PIN_KEY": "abc"},
            metadata={"http.url": "https://me:p%40ss-word@h"},
        )
    )
    assert masking.scrub(f"401 for Bearer {SECRET}") == "401 for ***"
    assert masking.scrub(f"'{SECRET}' is wrong") == "'***' is wrong"
    assert masking.scrub("p%40ss-word and p@ss-word") == "*** and ***"
    assert masking.scrub("no route to ftp://x:y@z/q") == "no route to ftp://***@z/q"
    assert masking.scrub("the alphabet: abc") == "the alphabet: abc"


def test_an_overlay_of_the_runner_is_masked_like_the_invocation() -> None:
    overlay = {"PYTHONUNBUFFERED": "1", "X_TOKEN": SECRET}
    assert Masking(document()).environment(overlay) == {"PYTHONUNBUFFERED": "1", "X_TOKEN": MASK}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5), st.text(max_size=60))
def test_no_text_makes_masking_raise(command: list[str], value: str) -> None:
    masking = Masking(document(command=command, environment={"X": value, "X_KEY": value}))
    masking.scrub(value)


def test_masking_a_long_argument_takes_no_long_time() -> None:
    masked_command("--api-key-" * 20_000, "x://" + "a:b" * 50_000, "key " * 50_000)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets are not written: not one of them is in any file of a run but the captures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.journal.digest import digest
from er_tui.runtime import ExecutorRuntime
from er_tui.runtime.runners import SubprocessRunner
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.runtime.invoking import (
    Background,
    invocation,
    journal,
    pid_in,
    run,
    run_directory,
    shell,
)

SECRETS = [f"s3cr3t-{n:03}" for n in range(11)]
SCRIPT = (
    "sleep 60 & sh -c 'sleep 60; : ${1}' x $API_TOKEN & "
    'echo "$API_TOKEN $*"; echo "denied: $API_TOKEN $*" >&2; exit 1'
)


def secretive(folder: Path, script: str = SCRIPT, **fields: object) -> RuntimeInvocation:
    (folder / "payload").touch()
    arguments = [
        f"--x-key={SECRETS[1]}",
        "--api-key",
        SECRETS[2],
        f"API_KEY={SECRETS[3]}",
        "-H",
        f"Authorization: Bearer {SECRETS[4]}",
        f"-HX-Api-Key: {SECRETS[5]}",
        f"https://user:{SECRETS[6]}@host/x?token={SECRETS[7]}",
        f'{{"nested": {{"password": "{SECRETS[8]}"}}}}',
    ]
    document = {
        "environment": {"API_TOKEN": SECRETS[0]},
        "metadata": {
            "http.headers": json.dumps({"Cookie": SECRETS[9], "Accept": "*/*"}),
            "db_password": SECRETS[10],
        },
        **fields,
    }
    return invocation(folder, "sh", "-c", script, "sh", *arguments, **document)


def written(*folders: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("stdout.txt", "stderr.txt")
    }


def assert_no_secret_is_in(files: dict[Path, bytes]) -> None:
    assert files
    for path, content in files.items():
        for secret in SECRETS:
            assert secret.encode() not in content, f"{secret} is in {path}"


def test_no_secret_is_in_any_file_of_a_run_but_the_captures(
    tmp_path: Path, state_home: Path
) -> None:
    result = run(secretive(tmp_path, output_result_path=str(tmp_path / "out" / "result.json")))
    assert result.exit_code == 1
    assert "denied: ***" in str(result.error_summary)
    assert int(result.metadata["swept_count"]) >= 2
    assert_no_secret_is_in(written(tmp_path, state_home))
    assert result.stdout_path is not None
    captured = Path(result.stdout_path).read_text()
    assert all(secret in captured for secret in SECRETS[:9])


def test_no_secret_is_written_when_a_run_is_cancelled_by_force(
    tmp_path: Path, state_home: Path
) -> None:
    script = "trap '' TERM; echo $$ > pid; while :; do sleep 60; done"
    background = Background(secretive(tmp_path, script))
    pid_in(tmp_path / "pid")
    background.control.cancel(grace_seconds=0)
    assert background.result().status == "cancelled"
    assert_no_secret_is_in(written(tmp_path, state_home))


@pytest.mark.parametrize(
    "fields",
    [
        {"runtime_kind": "manual"},
        {"working_directory": "/no/such/folder"},
        {"input_payload_path": f"/no/such/https://u:{SECRETS[0]}@h/x"},
        {"artifact_directory": "/dev/null/x"},
        {"command": [f"/no/such/https://u:{SECRETS[1]}@h/x"]},
    ],
)
def test_no_secret_is_written_when_a_run_is_rejected(
    tmp_path: Path, state_home: Path, fields: dict[str, object]
) -> None:
    wanted = secretive(tmp_path).model_copy(update=fields)
    result = run(wanted)
    assert result.status == "rejected"
    assert_no_secret_is_in(written(tmp_path, state_home))


def test_a_runner_that_quotes_a_secret_in_its_exception_is_not_quoted(
    tmp_path: Path, state_home: Path
) -> None:
    class Leaky:
        def run(self, invocation: RuntimeInvocation) -> RuntimeResult:
            raise ConnectionError(f"401 from {invocation.command[-2]} with {SECRETS[0]}")

    result = ExecutorRuntime(runner=Leaky()).run(secretive(tmp_path))
    assert result.error_summary == "ConnectionError: 401 from https://***@host/x?token=*** with ***"
    assert_no_secret_is_in(written(tmp_path, state_home))


def test_the_journal_names_what_was_masked_with_a_digest_of_each(tmp_path: Path) -> None:
    started = journal(run(secretive(tmp_path)))[0]
    assert isinstance(started, events.RunStarted)
    masked = {value.pointer: value.digest for value in started.masked}
    assert set(masked) == {
        "/environment/API_TOKEN",
        "/metadata/http.headers",
        "/metadata/db_password",
        *(f"/command/{n}" for n in (4, 6, 7, 9, 10, 11, 12)),
    }
    assert masked["/environment/API_TOKEN"] == digest(SECRETS[0])
    assert masked["/metadata/db_password"] == digest(SECRETS[10])


def test_two_runs_with_an_equal_secret_have_equal_digests_and_a_changed_one_shows(
    tmp_path: Path,
) -> None:
    digests = []
    for token in ("one-token", "one-token", "two-token"):
        result = run(shell(tmp_path, ":", environment={"TOKEN": token}))
        started = journal(result)[0]
        assert isinstance(started, events.RunStarted)
        digests.append(started.masked[0].digest)
    assert digests[0] == digests[1] != digests[2]


def test_an_overlay_is_recorded_masked(tmp_path: Path) -> None:
    runner = SubprocessRunner(unbuffered=True)
    result = ExecutorRuntime(runner=runner).run(
        shell(tmp_path, ":", environment={"API_TOKEN": SECRETS[0], "LANG": "C"})
    )
    written = json.loads((run_directory(result) / "environment.json").read_bytes())
    assert written == {"PYTHONUNBUFFERED": "1", "API_TOKEN": "***", "LANG": "C"}

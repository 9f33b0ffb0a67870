# SPDX-License-Identifier: AGPL-3.0-or-later
"""Without a screen: everything is run, reported line by line, and summed up in the exit code."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from er_tui.journal.events import DeadlinePassed
from er_tui.journal.reading import EventTail
from tests.engine.tagged import Tagged
from tests.rxp.documents import validator
from tests.session.commands import ER_TUI, headless, progress
from tests.session.conftest import Write
from tests.text.forbidden import forbidden_in

pytestmark = pytest.mark.usefixtures("runtime_folder")

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e[/bold][@click=app.quit]\r\u2028x"


def assert_inert(data: bytes) -> None:
    """Nothing in it that a terminal obeys, but for the ends of lines."""
    text = data.decode()
    assert forbidden_in(text.replace("\n", "")) == []


def test_all_that_succeeds_is_reported_and_gives_0(
    folder: Path, write: Write, tagged: Tagged
) -> None:
    write("a", "echo out; echo err >&2")
    write("deploy/b")
    done = headless(folder, "--jobs", "1")
    assert done.returncode == 0
    assert done.stdout == b""
    assert progress(done) == [
        "started    a",
        "succeeded  a",
        "started    deploy/b",
        "succeeded  deploy/b",
    ]
    assert tagged.alive() == []


def test_a_run_that_fails_gives_1_and_its_last_words(folder: Path, write: Write) -> None:
    write("a", "echo 'out of bolts' >&2; exit 3")
    write("b")
    done = headless(folder)
    assert done.returncode == 1
    lines = progress(done)
    at = lines.index("failed     a")
    assert lines[at + 1 : at + 3] == [
        "           exited with code 3",
        "           out of bolts",
    ]
    assert "succeeded  b" in lines


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"command": ["no-such-program"]}, "rejected", "command not found: no-such-program"),
        ({"command": ["sleep", "60"], "timeout_seconds": 1}, "timed_out", "exceeded timeout"),
        ({"runtime_kind": "unknown"}, "rejected", "no runner registered"),
        ({"working_directory": "/nowhere"}, "rejected", "working directory does not exist"),
    ],
)
def test_every_other_end_gives_1_and_says_why(
    folder: Path, write: Write, fields: dict[str, object], status: str, reason: str
) -> None:
    write("a", **fields)
    done = headless(folder)
    assert done.returncode == 1
    assert f"{status:<10} a" in done.stderr.decode()
    assert reason in done.stderr.decode()


def test_an_invalid_file_gives_1_and_its_place_and_stops_no_other(
    folder: Path, write: Write
) -> None:
    write("good")
    (folder / "bad.json").write_text('{\n  "invocation_id": "bad"\n  "command": []\n}\n')
    done = headless(folder)
    assert done.returncode == 1
    lines = progress(done)
    assert lines[0].startswith(f"invalid    {folder}/bad.json:3:3: is not JSON")
    assert "succeeded  good" in lines


def test_a_folder_without_invocations_gives_2_and_is_named(folder: Path) -> None:
    (folder / "package.json").write_text("{}")
    done = headless(folder)
    assert done.returncode == 2
    assert progress(done) == [
        f"er-tui     no invocations found in {folder} (1 other JSON files)",
    ]


def test_results_are_json_lines_of_the_schema_and_alone_on_stdout(
    folder: Path, write: Write, tagged: Tagged
) -> None:
    write("a", "echo out")
    write("b", "exit 1")
    write("c", command=["no-such-program"])
    (folder / "d.json").write_text("{")
    done = headless(folder, "--json")
    assert done.returncode == 1
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for result in results:
        validator("runtime_result").validate(result)
    assert {result["invocation_id"]: result["status"] for result in results} == {
        "a": "succeeded",
        "b": "failed",
        "c": "rejected",
    }
    directory = Path(results[0]["metadata"]["run_directory"])
    assert json.loads((directory / "result.json").read_bytes()) == results[0]
    assert tagged.alive() == []


def test_jobs_is_how_many_run_at_once(folder: Path, write: Write) -> None:
    # Each waits for the other: with one job at a time neither would ever end.
    os.mkfifo(folder / "fifo")
    write("a", "echo go > fifo", timeout_seconds=20)
    write("b", "read word < fifo", timeout_seconds=20)
    assert headless(folder, "--jobs", "2").returncode == 0


def test_what_strangers_wrote_reaches_the_terminal_inert(folder: Path, write: Write) -> None:
    write("plain", "printf '\\033]0;title\\007\\233\\r\\n' >&2; exit 1")
    write("argument", command=[HOSTILE])
    write("id", invocation_id=HOSTILE)
    write("folder", working_directory=f"/{HOSTILE}")
    named = write("named").rename(folder / f"{HOSTILE.replace('/', '_')}.json")
    bytes_named = os.fsencode(folder) + b"/\xff\x1b[31m.json"
    with open(bytes_named, "wb") as file:
        file.write(named.read_bytes())
    (folder / f"bad {HOSTILE.replace('/', '_')}.json").write_text("{")
    (folder / "key.json").write_text(json.dumps({"invocation_id": "x", HOSTILE: 1}))
    done = headless(folder, "--json")
    assert done.returncode == 1
    assert_inert(done.stderr)
    assert_inert(done.stdout)
    assert done.stderr.decode().count("[@click=app.quit]") >= 4
    assert done.stderr.count(b"succeeded ") == 2


def test_a_path_that_holds_nothing_is_named_inert(folder: Path) -> None:
    strange = folder / HOSTILE.replace("/", "_")
    strange.mkdir()
    done = headless(strange)
    assert done.returncode == 2
    assert_inert(done.stderr)


def test_secrets_show_nowhere(folder: Path, write: Write, state_home: Path) -> None:
    secret = "hunter2-not-a-real-secret"
    environment = {"DEPLOY_TOKEN": secret}
    write("a", "echo token $DEPLOY_TOKEN refused >&2; exit 1", environment=environment)
    write("b", command=["no-such-program", f"--password={secret}"], environment=environment)
    write("c", command=[f"https://user:{secret}@example.org/"])
    write("d", environment={"DEPLOY_TOKEN": secret, "COUNT": 5})
    done = headless(folder, "--json")
    assert done.returncode == 1
    assert secret.encode() not in done.stderr + done.stdout
    assert b"token *** refused" in done.stderr
    journals = [
        path
        for root in (folder / ".executor_runtime", state_home)
        for path in root.rglob("*")
        if path.is_file() and path.name not in ("stdout.txt", "stderr.txt")
    ]
    assert len(journals) > 6
    for path in journals:
        assert secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("target", "why"),
    [(">/dev/full", "No space left on device"), ("| true", "Broken pipe")],
    ids=["a full device", "nobody"],
)
def test_results_that_cannot_be_written_are_told_once_and_end_the_rest(
    folder: Path, write: Write, target: str, why: str
) -> None:
    write("a", "echo one")
    write("b", "sleep 60")
    done = subprocess.run(
        [
            *("/bin/bash", "-c", f'"$@" {target}; exit ${{PIPESTATUS[0]}}', "-"),
            *(*ER_TUI, "--headless", "--json", "--jobs", "1", str(folder)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    said = [line for line in progress(done) if line.startswith("er-tui")]
    assert said == [
        f"er-tui     results cannot be written: {why}",
        "er-tui     cancelling every run",
    ]
    assert done.returncode == 1
    assert "cancelled  b" in progress(done)


def test_a_capture_that_grows_past_the_limit_ends_its_run(folder: Path, write: Write) -> None:
    write("big", "head -c 20000 /dev/zero; sleep 60")
    write("small", "head -c 9000 /dev/zero")
    done = headless(folder, "--max-capture", "10k")
    assert done.returncode == 1
    assert "failed     big" in progress(done)
    assert "succeeded  small" in progress(done)


def test_the_grace_is_that_of_the_command_line_where_the_invocation_does_not_say(
    folder: Path, write: Write
) -> None:
    deaf = "trap '' TERM; while :; do sleep 0.05; done"
    write("a", deaf, timeout_seconds=1)
    write("b", deaf, timeout_seconds=1, metadata={"subprocess.grace_seconds": "0.5"})
    done = headless(folder, "--grace", "0.1", "--json", "--jobs", "2")
    graces = {}
    for line in done.stdout.splitlines():
        result = json.loads(line)
        events = EventTail(result["metadata"]["run_directory"]).read()
        (graces[result["invocation_id"]],) = (
            event.grace_seconds for event in events if isinstance(event, DeadlinePassed)
        )
        assert result["error_summary"].endswith("SIGKILL was needed")
    assert graces == {"a": 0.1, "b": 0.5}

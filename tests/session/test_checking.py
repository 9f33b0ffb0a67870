# SPDX-License-Identifier: AGPL-3.0-or-later
"""``--check`` tells what is wrong with files, where, and runs nothing."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from er_tui.rxp import RuntimeInvocation
from er_tui.session.checking import Check
from er_tui.session.library import Library
from er_tui.session.lints import lints
from tests.session.commands import ER_TUI, headless
from tests.session.conftest import Write
from tests.text.forbidden import forbidden_in

URL = "http://127.0.0.1:9/"
SECRET = "hunter2-not-a-real-secret"


def check(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*ER_TUI, "--check", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def found(folder: Path) -> Callable[[], list[str]]:
    """What is found in the folder, as it is printed, without the folder's name."""

    def found() -> list[str]:
        findings = Check(Library([folder])).run()
        return [str(finding).replace(f"{folder}/", "") for finding in findings]

    return found


def test_what_is_right_is_not_talked_about(write: Write, folder: Path) -> None:
    write("a", timeout_seconds=5)
    done = check(folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "er-tui: 0 errors and 0 warnings in 1 file\n"


def test_errors_give_1_and_warnings_do_not(write: Write, folder: Path) -> None:
    path = write("a")
    done = check(folder)
    assert done.returncode == 0
    assert done.stdout == f"{path}:1: warning: no timeout_seconds: the run may go on for ever\n"
    bad = folder / "bad.json"
    bad.write_text('{\n  "invocation_id": "bad"\n  "command": []\n}\n')
    done = check(folder)
    assert done.returncode == 1
    assert f"{bad}:3: error: is not JSON" in done.stdout
    assert done.stderr == "er-tui: 1 error and 1 warning in 2 files\n"


def test_nothing_is_run_and_nothing_written(write: Write, folder: Path, state_home: Path) -> None:
    write("a", "touch ran")
    before = sorted(folder.rglob("*"))
    check(folder)
    assert sorted(folder.rglob("*")) == before
    assert list(state_home.rglob("*")) == []


def test_findings_can_be_json_lines(write: Write, folder: Path) -> None:
    path = write("a \u202e")
    done = check("--json", folder)
    assert json.loads(done.stdout) == {
        "file": str(path),
        "line": 1,
        "severity": "warning",
        "message": "no timeout_seconds: the run may go on for ever",
    }


def test_a_folder_without_invocations_gives_2(folder: Path) -> None:
    done = check(folder)
    assert done.returncode == 2
    assert f"no invocations found in {folder}" in done.stderr


@pytest.mark.parametrize("option", ["--headless", "--run", "--run-new", "--demo", "--monitor"])
def test_it_goes_with_nothing_that_runs(folder: Path, option: str) -> None:
    done = check(option, folder)
    assert done.returncode == 2
    assert "--check runs nothing; leave out what is for runs" in done.stderr


@pytest.mark.parametrize(
    ("fields", "there", "message"),
    [
        ({"invocation_id": "a/b"}, "a/b", "invocation_id must be one plain path segment"),
        ({"runtime_kind": "container"}, "container", "no runner here serves runtime_kind 'conta"),
        ({"working_directory": "/no"}, "/no", "working directory does not exist: /no"),
        ({"working_directory": "/etc/passwd"}, "/etc", "working directory is not a directory"),
        ({"command": ["no-such"]}, "no-such", "program not found in the PATH of the run: no-such"),
        ({"command": ["./no-such"]}, "no-such", "program not found: ./no-such"),
        ({"command": ["/etc/passwd"]}, "/etc", "program is not executable: /etc/passwd"),
        ({"command": [""]}, '""', "the name of the program is empty"),
        ({"timeout_seconds": None}, "timeout_seconds", "no timeout_seconds"),
        ({"input_payload_path": "/no"}, "/no", "input_payload_path does not exist: /no"),
        ({"input_payload_path": "/etc"}, "/etc", "input_payload_path is not a regular file: /etc"),
        ({"metadata": {"subprocess.pti": "true"}}, ".pti", "(did you mean 'subprocess.pty'?)"),
        ({"metadata": {"x": "y", "http.url": URL}}, ".url", "'http.url' means nothing for runti"),
        ({"metadata": {"http.uri": URL}}, ".uri", "unknown metadata key 'http.uri' (did you mean"),
        ({"metadata": {"container.x": "x"}}, ".x", "unknown metadata key 'container.x'"),
        ({"metadata": {"subprocess.pty": "yes"}}, ".pty", "must be true or false, not 'yes'"),
        ({"metadata": {"subprocess.grace_seconds": "x"}}, ".grace", "a number from 0 to 3600"),
    ],
)
def test_what_looks_mistaken_is_told_on_its_line(
    write: Write,
    found: Callable[[], list[str]],
    fields: dict[str, Any],
    there: str,
    message: str,
) -> None:
    path = write("a", **{"timeout_seconds": 5, **fields})
    (finding,) = found()
    name, line, severity, said = finding.split(":", 3)
    assert (name, severity) == ("a.json", " warning")
    assert message in said
    assert there in path.read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize(
    ("kind", "metadata", "messages"),
    [
        ("http", {}, ["missing metadata 'http.url'"]),
        ("http", {"http.url": "ftp://x"}, ["'http.url' must be an http:// or https:// URL"]),
        (
            "http",
            {"http.url": URL, "http.verify": "no", "http.body": "{", "http.max_body_bytes": "0"},
            ["http.body is not valid JSON", "'http.verify'", "'http.max_body_bytes'"],
        ),
        (
            "http",
            {"http.url": URL, "http.headers": '{"Authorization": "Bearer ${NO_SUCH_NAME}"}'},
            ["Authorization refers to ${NO_SUCH_NAME}, which is not set"],
        ),
        ("http", {"http.url": URL, "http.poll_status_path": "x"}, ["is for runtime_kind http_a"]),
        ("http_async", {"http.url": URL}, ["missing metadata 'http.poll_url_template'"]),
        ("http", {"http.url": URL, "subprocess.pty": "true"}, ["'subprocess.pty' means nothing"]),
    ],
)
def test_every_key_that_would_be_refused_is_told(
    folder: Path, write: Write, kind: str, metadata: dict[str, str], messages: list[str]
) -> None:
    write("a", runtime_kind=kind, metadata=metadata, timeout_seconds=5)
    findings = [finding.message for finding in Check(Library([folder])).run()]
    assert len(findings) == len(messages)
    for message in messages:
        assert any(message in finding for finding in findings), findings


def test_a_program_is_looked_for_as_the_run_would(
    folder: Path, write: Write, found: Callable[[], list[str]]
) -> None:
    (folder / "bin").mkdir()
    shutil.copy("/bin/true", folder / "bin" / "mine")
    write("a", command=["mine"], environment={"PATH": str(folder / "bin")}, timeout_seconds=5)
    write("b", command=["mine"], environment={"PATH": "bin"}, timeout_seconds=5)
    write("c", command=["bin/mine"], timeout_seconds=5)
    assert found() == []
    assert headless(folder).returncode == 0  # so it would
    write("d", command=["mine"], timeout_seconds=5)
    assert found() == [
        "d.json:7: warning: program not found in the PATH of the run: mine",
    ]
    os.chmod(folder / "bin" / "mine", 0o600)
    assert "c.json:7: warning: program is not executable: bin/mine" in found()


def test_an_invocation_id_that_is_used_twice_is_told_on_both_sides(
    write: Write, found: Callable[[], list[str]]
) -> None:
    one = write("one", invocation_id="same", timeout_seconds=5)
    two = write("two", invocation_id="same", timeout_seconds=5)
    assert found() == [
        f"one.json:2: warning: invocation_id 'same' is also that of {two.name}:2",
        f"two.json:2: warning: invocation_id 'same' is also that of {one.name}:2",
    ]
    write("three", invocation_id="same", timeout_seconds=5)
    assert all(finding.endswith("(and 1 more)") for finding in found())


def test_findings_hold_no_secret_and_nothing_that_a_terminal_obeys(
    folder: Path, write: Write
) -> None:
    hostile = "\x1b]0;title\x07\u202e[/bold]"
    write("a", command=[f"--password={SECRET}"], working_directory=f"/{hostile}")
    write(
        "b", environment={"MY_TOKEN": SECRET}, command=[SECRET], metadata={f"http.{hostile}": "x"}
    )
    write("c", runtime_kind="http", metadata={"http.url": f"ftp://u:{SECRET}@x/"})
    write("d", environment={"MY_TOKEN": SECRET}, metadata={"subprocess.pty": SECRET})
    (folder / f"{hostile.replace('/', '_')}.json").write_text("{")
    done = check(folder)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) >= 9
    assert forbidden_in(done.stdout.replace("\n", "")) == []
    assert SECRET not in done.stdout


def test_whoever_stops_reading_is_no_traceback(folder: Path, write: Write) -> None:
    for number in range(300):
        write(f"{number:03d}")
    script = '"$@" | head -1; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["/bin/bash", "-c", script, "-", *ER_TUI, "--check", str(folder)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("runtime_folder")
def test_what_a_run_would_be_rejected_for_is_a_warning_and_nothing_else_is(
    folder: Path, write: Write
) -> None:
    """Kinds, keys and values: the check says of each what the engine does."""
    asked: dict[str, dict[str, Any]] = {
        "kind": {"runtime_kind": "manual"},
        "container": {"runtime_kind": "container"},
        "unknown": {"runtime_kind": "unknown"},
        "key": {"metadata": {"subprocess.nonsense": "x"}},
        "value": {"metadata": {"subprocess.linger": "x"}},
        "http": {"runtime_kind": "http", "metadata": {"http.method": "GET"}},
        "async": {"runtime_kind": "http_async", "metadata": {"http.url": URL, "http.x": "y"}},
        "program": {"command": ["no-such-program"]},
        "place": {"working_directory": "/no/such/folder"},
        "payload": {"input_payload_path": "/no/such/file"},
        "good": {"metadata": {"subprocess.linger": "true", "other.key": "x"}},
        "ignored": {"metadata": {"http.url": "nonsense"}},
    }
    for name, fields in asked.items():
        write(name, timeout_seconds=5, **fields)
    done = headless(folder, "--json")
    rejected = set()
    for line in done.stdout.splitlines():
        result = json.loads(line)
        assert result["status"] in ("rejected", "succeeded")
        if result["status"] == "rejected":
            rejected.add(result["invocation_id"])
    warned = {finding.path.stem for finding in Check(Library([folder])).run()}
    assert warned - {"ignored"} == rejected


def test_a_timeout_is_missing_whatever_the_kind() -> None:
    invocation = RuntimeInvocation(
        invocation_id="a",
        runtime_name="x",
        runtime_kind="http",
        working_directory="/",
        command=["-"],
        metadata={"http.url": URL},
    )
    assert [lint.field for lint in lints(invocation)] == [("timeout_seconds",)]

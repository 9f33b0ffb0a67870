# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cannot start is rejected with one clear sentence, recorded, and leaves nothing running."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from er_tui.rxp import RuntimeInvocation
from tests.runtime.invoking import invocation, journal, names, recorded, run, run_directory, shell


def rejection(invoked: RuntimeInvocation) -> str:
    """The sentence a run was rejected with; it has to be recorded, and nothing else written."""
    result = run(invoked)
    assert result.status == "rejected"
    assert result.error_summary is not None
    assert "\n" not in result.error_summary
    assert "Traceback" not in result.error_summary
    assert (result.exit_code, result.stdout_path, result.stderr_path) == (None, None, None)
    assert recorded(result) == result.model_dump()
    assert "spawned" not in names(journal(result))
    assert not (run_directory(result) / "environment.json").exists()
    return result.error_summary


def program(path: Path, content: bytes, mode: int = 0o755) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_missing_program(tmp_path: Path) -> None:
    assert (
        rejection(invocation(tmp_path, "no-such-program")) == "command not found: no-such-program"
    )
    assert rejection(invocation(tmp_path, "/no/such")) == "command not found: /no/such"
    assert rejection(invocation(tmp_path, "./no-such")) == "command not found: ./no-such"
    assert rejection(invocation(tmp_path, "")).endswith("the name of the program is empty")


def test_a_program_without_the_exec_bit(tmp_path: Path) -> None:
    path = program(tmp_path / "plain", b"#!/bin/sh\n", 0o644)
    assert rejection(invocation(tmp_path, str(path))) == (
        f"command cannot be started: {path} is not executable (permission denied)"
    )


def test_a_folder_as_program(tmp_path: Path) -> None:
    assert "is not executable" in rejection(invocation(tmp_path, str(tmp_path)))


@pytest.mark.parametrize("content", [b"", b"just text\n", b"\x7fELFbroken"])
def test_a_file_that_is_no_program(tmp_path: Path, content: bytes) -> None:
    path = program(tmp_path / "odd", content)
    assert rejection(invocation(tmp_path, str(path))) == (
        f"command cannot be started: {path} is no program (exec format error)"
    )


def test_a_missing_interpreter_is_told_from_a_missing_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = program(tmp_path / "script", b"#!/no/such/interpreter\n")
    words = "command cannot be started: the interpreter named by {} does not exist"
    monkeypatch.chdir("/")
    assert rejection(invocation(tmp_path, str(script))) == words.format(script)
    assert rejection(invocation(tmp_path, "./script")) == words.format("./script")
    on_path = invocation(tmp_path, "script", environment={"PATH": str(tmp_path)})
    assert rejection(on_path) == words.format("script")


def test_arguments_or_an_environment_that_are_too_long(tmp_path: Path) -> None:
    words = "command cannot be started: arguments and environment are too long"
    assert rejection(invocation(tmp_path, "true", "x" * 200_000)) == words
    assert rejection(invocation(tmp_path, environment={"X": "x" * 200_000})) == words
    assert rejection(invocation(tmp_path, "true", *["x" * 100_000] * 40)) == words


def test_a_nul_in_an_argument_or_the_environment(tmp_path: Path) -> None:
    words = "command cannot be started: embedded null byte"
    assert rejection(invocation(tmp_path, "true", "a\0b")) == words
    assert rejection(invocation(tmp_path, "tr\0ue")) == words
    assert rejection(invocation(tmp_path, environment={"A": "a\0b"})) == words
    assert rejection(invocation(tmp_path, environment={"A\0B": "b"})) == words


def test_an_equals_sign_in_the_name_of_a_variable(tmp_path: Path) -> None:
    assert rejection(invocation(tmp_path, environment={"A=B": "c"})) == (
        "command cannot be started: illegal environment variable name"
    )


def test_a_working_directory_that_is_missing_or_a_file_or_impossible(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    missing, file = tmp_path / "missing", tmp_path / "file"
    assert rejection(invocation(missing)) == f"working directory does not exist: {missing}"
    assert rejection(invocation(file)) == f"working directory is not a directory: {file}"
    assert rejection(invocation(file / "x")) == f"working directory does not exist: {file / 'x'}"
    assert "working directory cannot be used" in rejection(invocation(Path("a\0b")))
    assert not missing.exists()


def test_a_directory_of_this_process_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert rejection(invocation(Path("."), artifact_directory="out")).startswith(
        "run directory cannot be made in out:"
    )
    assert rejection(invocation(tmp_path, output_result_path="r.json")).startswith(
        "output_result_path cannot be written"
    )
    monkeypatch.chdir(tmp_path)


def test_a_payload_that_is_missing_or_no_file(tmp_path: Path) -> None:
    missing, pipe = tmp_path / "missing", tmp_path / "pipe"
    os.mkfifo(pipe)
    assert rejection(invocation(tmp_path, input_payload_path=str(missing))) == (
        f"input_payload_path does not exist: {missing}"
    )
    for path in (pipe, tmp_path):
        assert rejection(invocation(tmp_path, input_payload_path=str(path))) == (
            f"input_payload_path is not a regular file: {path}"
        )
    assert "input_payload_path" in rejection(invocation(tmp_path, input_payload_path="a\0b"))


def test_a_result_path_that_cannot_be_written_is_found_out_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dir").mkdir()
    ran = tmp_path / "ran"
    for bad, words in (
        (
            tmp_path / "file" / "r.json",
            f"cannot be written: {tmp_path / 'file'} is not a directory",
        ),
        (tmp_path / "file" / "x" / "r.json", f"{tmp_path / 'file'} is not a directory"),
        (tmp_path / "dir", f"output_result_path is a directory: {tmp_path / 'dir'}"),
        ("a\0b", "output_result_path must not hold a NUL character"),
    ):
        assert rejection(
            invocation(tmp_path, "touch", str(ran), output_result_path=str(bad))
        ).endswith(words)
    assert not ran.exists()


def test_a_result_that_cannot_be_delivered_in_the_end_is_no_success(tmp_path: Path) -> None:
    target = tmp_path / "out" / "result.json"
    target.parent.mkdir()
    spoil = f"rmdir {target.parent}; touch {target.parent}"
    result = run(shell(tmp_path, spoil, output_result_path=str(target)))
    assert (result.status, result.exit_code) == ("failed", 0)
    reason = f"result cannot be written to output_result_path {target}: Not a directory"
    assert result.error_summary == reason
    assert recorded(result) == result.model_dump()

    target.parent.unlink()
    target.parent.mkdir()
    result = run(shell(tmp_path, f"{spoil}; exit 7", output_result_path=str(target)))
    assert result.exit_code == 7
    assert result.error_summary == f"exited with code 7\n{reason}"


def test_an_artifact_directory_under_a_file(tmp_path: Path, state_home: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "result.json"
    out = tmp_path / "file" / "out"
    refused = invocation(tmp_path, artifact_directory=str(out), output_result_path=str(target))
    assert rejection(refused) == f"run directory cannot be made in {out}: Not a directory"
    document = json.loads(target.read_bytes())
    assert Path(document["metadata"]["run_directory"]).is_relative_to(state_home)


@pytest.mark.parametrize("bad", ["../x", "/x", "a/b", ".", "..", "a\0b", "\x1b[31m", "x" * 300])
def test_an_id_that_is_no_path_segment_leaves_its_result_and_nothing_else_on_disk(
    tmp_path: Path, state_home: Path, bad: str
) -> None:
    target = tmp_path / "out.json"
    invoked = invocation(
        tmp_path,
        invocation_id=bad,
        output_result_path=str(target),
        environment={"API_KEY": "tok-12345"},
    )
    result = run(invoked)
    assert result.status == "rejected"
    assert result.error_summary is not None
    assert result.error_summary.startswith("invocation_id must")
    assert result.invocation_id == bad
    assert json.loads(target.read_bytes()) == result.model_dump()
    assert list(tmp_path.iterdir()) == [target]
    assert list(state_home.iterdir()) == []


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            {"subprocess.lingre": "true"},
            "unknown metadata key 'subprocess.lingre' (did you mean 'subprocess.linger'?)",
        ),
        ({"subprocess.zzz": "1"}, "unknown metadata key 'subprocess.zzz'"),
        ({"subprocess.": "1"}, "unknown metadata key 'subprocess.'"),
        (
            {"subprocess.stdin": "tty"},
            "metadata subprocess.stdin must be payload or none, not 'tty'",
        ),
        (
            {"subprocess.linger": "yes"},
            "metadata subprocess.linger must be true or false, not 'yes'",
        ),
        (
            {"subprocess.unbuffered": ""},
            "metadata subprocess.unbuffered must be true or false, not ''",
        ),
        *(
            (
                {"subprocess.grace_seconds": bad},
                f"metadata subprocess.grace_seconds must be a number from 0 to 3600, not {bad!r}",
            )
            for bad in ("nan", "inf", "-1", "abc", "", "3601", "1e400")
        ),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, metadata: dict[str, str], words: str) -> None:
    ran = tmp_path / "ran"
    assert rejection(invocation(tmp_path, "touch", str(ran), metadata=metadata)).startswith(words)
    assert not ran.exists()


def test_metadata_of_others_is_none_of_our_business(tmp_path: Path) -> None:
    metadata = {"http.url": "x", "team": "y", "subprocessing": "z"}
    assert run(invocation(tmp_path, metadata=metadata)).status == "succeeded"


def test_a_program_that_cannot_be_forked_for_want_of_descriptors_is_a_result(
    tmp_path: Path,
) -> None:
    """Whichever step runs out of them, the caller gets a result and no exception."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    run(invocation(tmp_path))  # what is imported lazily is imported
    highest = max(map(int, os.listdir("/proc/self/fd")))
    statuses = set()
    try:
        for limit in range(4, highest + 24):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            result = run(invocation(tmp_path))
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            statuses.add(result.status)
            if result.status != "succeeded":
                assert os.strerror(errno.EMFILE) in str(result.model_dump())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {"rejected", "succeeded"} <= statuses


def test_a_pipe_is_not_replaced_by_a_result(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run(shell(tmp_path, "true", output_result_path=str(pipe)))
    assert result.status == "rejected"
    assert result.error_summary == f"output_result_path is not a regular file: {pipe}"
    assert pipe.is_fifo()

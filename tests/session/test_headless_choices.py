# SPDX-License-Identifier: AGPL-3.0-or-later
"""Without a screen: what is run, how often, and when the rest is given up."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.engine.tagged import Tagged
from tests.session.commands import ER_TUI, headless, progress, summary
from tests.session.conftest import Write

pytestmark = pytest.mark.usefixtures("runtime_folder")

ONCE_IN_TWO = "if [ -e flag ]; then rm flag; else touch flag; exit 1; fi"


def test_the_last_line_counts_the_ends(folder: Path, write: Write) -> None:
    write("a")
    write("b", "exit 1")
    write("c", command=["no-such-program"])
    (folder / "d.json").write_text("{")
    assert summary(headless(folder)) == "1 succeeded, 1 failed, 1 rejected, 1 invalid"


@pytest.mark.parametrize(
    ("patterns", "run"),
    [
        (["a*"], ["alpha"]),
        (["deploy/*"], ["deploy/b"]),
        (["id-of-?", "alpha"], ["alpha", "c"]),
    ],
)
def test_only_what_is_named_is_run_by_its_name_or_its_id(
    folder: Path, write: Write, patterns: list[str], run: list[str]
) -> None:
    write("alpha")
    write("deploy/b")
    write("c", invocation_id="id-of-c")
    (folder / "broken.json").write_text("{")
    done = headless(folder, "--jobs", "1", *[f"--only={pattern}" for pattern in patterns])
    assert done.returncode == 0
    assert [line.split()[1] for line in progress(done) if line.startswith("succeeded")] == run


def test_only_what_nothing_is_named_gives_2_and_says_so(folder: Path, write: Write) -> None:
    write("a")
    done = headless(folder, "--only", "x*", "--only", "\x1b[31m")
    assert done.returncode == 2
    (line,) = progress(done)
    words = "none of the 1 files found has a name or invocation_id like 'x*' or '␛[31m'"
    assert line.endswith(words)


def test_repeats_of_one_invocation_follow_one_another(folder: Path, write: Write) -> None:
    write("a", "mkdir lock-a && sleep 0.1 && rmdir lock-a")
    write("b", "mkdir lock-b && sleep 0.1 && rmdir lock-b")
    done = headless(folder, "--repeat", "3", "--jobs", "6")
    assert done.returncode == 0
    assert summary(done) == "6 succeeded"
    ends = [line.split(maxsplit=1)[1] for line in progress(done) if line.startswith("succeeded")]
    assert [end for end in ends if end.startswith("a")] == [f"a ({n} of 3)" for n in (1, 2, 3)]


def test_one_that_succeeds_now_and_then_is_called_flaky(folder: Path, write: Write) -> None:
    write("good")
    write("bad", "exit 1")
    write("now and then", ONCE_IN_TWO)
    done = headless(folder, "--repeat", "4")
    assert done.returncode == 1
    flaky = [line for line in progress(done) if "flaky" in line]
    assert flaky == ["er-tui     flaky: now and then (2 of 4 succeeded)"]


def test_the_first_failure_cancels_the_rest_where_that_was_asked_for(
    folder: Path, write: Write, tagged: Tagged
) -> None:
    write("a", "while [ ! -e ready ]; do sleep 0.02; done; exit 3")
    write("b", "touch ready; exec sleep 600")
    write("c", "exec sleep 600")
    done = headless(folder, "--fail-fast", "--jobs", "2", "--json", "--repeat", "2")
    assert done.returncode == 1
    why = "a (1 of 2) is failed (--fail-fast)"
    lines = progress(done)
    assert f"er-tui     cancelling every run: {why}" in lines
    for name in ("b", "c"):
        at = next(i for i, line in enumerate(lines) if line.startswith(f"cancelled  {name} "))
        assert lines[at + 1].strip().startswith(f"cancelled because {why}")
    assert summary(done) == "1 failed, 2 cancelled, 3 not started"
    reasons = [json.loads(line)["error_summary"] for line in done.stdout.splitlines()]
    assert sum(why in reason for reason in reasons) == 2
    assert tagged.alive() == []


def test_an_invalid_file_is_a_failure_that_ends_the_rest(folder: Path, write: Write) -> None:
    (folder / "a.json").write_text("{")
    write("b")
    done = headless(folder, "--fail-fast")
    assert done.returncode == 1
    assert summary(done) == "1 invalid, 1 not started"


def test_what_appears_is_run_once_until_a_signal_comes(folder: Path, write: Write) -> None:
    write("old", "echo old")
    process = subprocess.Popen(
        [*ER_TUI, "--headless", "--run-new", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stderr is not None
    said = b""

    def until_said(words: str) -> None:
        nonlocal said
        assert process.stderr is not None
        while words.encode() not in said:
            piece = process.stderr.read(1 << 16)
            assert piece, said.decode()
            said += piece

    try:
        until_said("succeeded  old")
        write("new", "echo new")
        until_said("succeeded  new")
        write("new", "echo newer")
        wait_until(
            lambda: len(list((folder / ".executor_runtime" / "new").glob("*/result.json"))) > 1
        )
        (folder / "old.json").rename(folder / "renamed.json")
        until_said("not run: renamed, which was run before")
        (folder / "bad.json").write_text("{")
        until_said("invalid    ")
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=10)[1]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert process.returncode == 1  # all was done: the exit code tells of the runs
    assert said.decode().count("succeeded  new") == 2
    assert "3 succeeded, 1 invalid in" in said.decode()
    assert "ended by SIGTERM" in said.decode()
    assert "cancelling" not in said.decode()


def test_a_restart_runs_nothing_again_that_its_directories_tell_of(
    folder: Path, write: Write
) -> None:
    path = write("a", "echo once")
    assert headless(folder).returncode == 0
    write("b", "touch b-ran")
    process = subprocess.Popen(
        [*ER_TUI, "--headless", "--run-new", str(folder)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        results = folder / ".executor_runtime" / "b"
        wait_until(lambda: list(results.glob("*/result.json")))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (0, 128 + signal.SIGINT)
    assert b"not run: a, which was run before" in said
    assert len(list((folder / ".executor_runtime" / path.stem).iterdir())) == 1


def test_a_run_that_a_signal_cuts_short_gives_its_number_though_new_ones_are_run(
    folder: Path, write: Write, tagged: Tagged
) -> None:
    write("a", "touch ready; exec sleep 600")
    process = subprocess.Popen(
        [*ER_TUI, "--headless", "--run-new", str(folder)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_until((folder / "ready").exists)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 128 + signal.SIGTERM
    assert b"cancelled  a" in said
    assert tagged.alive() == []

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nothing captured is lost: not to a child's tricks, not to a full disk, not to the volume."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.journal.reading import EventTail
from er_tui.runtime import ExecutorRuntime
from er_tui.runtime.runners import SubprocessRunner
from er_tui.rxp import RuntimeResult
from tests.runtime.invoking import (
    host_output,
    invocation,
    is_live,
    journal,
    names,
    pid_in,
    python,
    recorded,
    run,
    run_directory,
    shell,
    stderr,
    stdout,
)


def marks(told: list[events.Event]) -> list[events.Mark]:
    return [mark for event in told if isinstance(event, events.OutputSeen) for mark in event.marks]


def test_a_child_that_reopens_its_stderr_truncates_nothing(tmp_path: Path) -> None:
    script = "echo one >&2; echo two > /dev/stderr; echo three >&2; echo four > /dev/stdout"
    result = run(shell(tmp_path, script))
    assert stderr(result) == b"one\ntwo\nthree\n"
    assert stdout(result) == b"four\n"


def test_ten_megabytes_arrive_whole_on_both_streams(tmp_path: Path) -> None:
    code = (
        "import hashlib, random, sys, threading\n"
        "def write(stream, seed):\n"
        "    data = random.Random(seed).randbytes(10 << 20)\n"
        "    stream.buffer.write(data)\n"
        "    stream.flush()\n"
        "threads = [threading.Thread(target=write, args=pair)\n"
        "           for pair in ((sys.stdout, 1), (sys.stderr, 2))]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()"
    )
    result = run(python(tmp_path, code))
    assert result.status == "succeeded"
    for got, seed in ((stdout(result), 1), (stderr(result), 2)):
        wanted = random.Random(seed).randbytes(10 << 20)
        assert hashlib.sha256(got).digest() == hashlib.sha256(wanted).digest()
    sizes = {stream: size for stream, size, _ in marks(journal(result))}
    assert sizes == {"stdout": 10 << 20, "stderr": 10 << 20}


def test_marks_tell_the_order_of_the_streams_and_the_sizes_of_the_files(tmp_path: Path) -> None:
    """The child waits until each word is in its file before it says the next."""
    script = (
        "cd .executor_runtime/job/*; for n in 1 2 3; do "
        "echo out; while [ $(wc -c < stdout.txt) -lt $((n * 4)) ]; do :; done; "
        "echo err >&2; while [ $(wc -c < stderr.txt) -lt $((n * 4)) ]; do :; done; done"
    )
    result = run(shell(tmp_path, script))
    told = marks(journal(result))
    assert [mark[:2] for mark in told] == [
        (stream, n * 4) for n in (1, 2, 3) for stream in ("stdout", "stderr")
    ]
    assert [at for _, _, at in told] == sorted(at for _, _, at in told)


def test_a_stream_that_is_silent_or_closed_early_costs_nothing(tmp_path: Path) -> None:
    result = run(shell(tmp_path, "exec 1>&- 2>&-; sleep 0.3; exit 0"))
    assert result.status == "succeeded"
    assert marks(journal(result)) == []
    assert float(result.metadata["wall_seconds"]) >= 0.3


def test_bytes_that_are_no_text_are_captured_as_they_are(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10
    (tmp_path / "data").write_bytes(data)
    assert stdout(run(invocation(tmp_path, "cat", "data"))) == data


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_ends_the_run_with_the_reason_and_keeps_what_was_captured(
    tmp_path: Path, tiny_disk: Path
) -> None:
    pid = tmp_path / "pid"
    result = run(
        shell(
            tmp_path,
            f"echo $$ > {pid}; exec yes abcdefg",
            artifact_directory=str(tiny_disk),
        )
    )
    assert result.status == "failed"
    assert result.error_summary == (
        f"capture failed: {result.stdout_path}: No space left on device"
    )
    captured = stdout(result)
    assert len(captured) > 100_000
    assert captured == (b"abcdefg\n" * (len(captured) // 8 + 1))[: len(captured)]
    assert result.metadata["stdout_bytes"] == str(len(captured))
    assert result.metadata["record_error"] == "No space left on device"
    assert not is_live(pid_in(pid))


def test_a_file_size_limit_ends_the_run_with_the_reason_and_the_record_intact(
    tmp_path: Path,
) -> None:
    """In a process of its own: the limit holds for all that a process writes."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "script = 'yes abcdefg & echo $! > pid; exec yes abcdefg >&2'\n"
        "print(run(shell(Path(sys.argv[1]), script)).model_dump_json())"
    )
    result = RuntimeResult.model_validate_json(host_output(code, tmp_path))
    assert result.status == "failed"
    assert result.error_summary is not None
    assert result.error_summary.startswith("capture failed: ")
    assert result.error_summary.endswith("File too large")
    assert recorded(result) == result.model_dump()
    told = journal(result)
    assert names(told)[-1] == "finished"
    assert len([event for event in told if isinstance(event, events.Noted)]) in (1, 2)
    sizes = {stream: size for stream, size, _ in marks(told)}
    for stream, data in (("stdout", stdout(result)), ("stderr", stderr(result))):
        assert sizes.get(stream, 0) == len(data) <= 100_000
        assert data == (b"abcdefg\n" * 12_501)[: len(data)]
    assert max(sizes.values()) == 100_000
    assert not is_live(int((tmp_path / "pid").read_text()))


def test_a_capture_that_fails_with_the_last_output_still_ends_the_group(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.runtime.invoking import run, shell\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "script = 'exec 3>pid; sleep 60 >/dev/null 2>&1 & echo $! >&3; seq 8000'\n"
        "print(run(shell(Path(sys.argv[1]), script)).model_dump_json())"
    )
    for _ in range(5):  # the output may be read before the exit is seen, or after
        assert "capture failed" in host_output(code, tmp_path)
        assert not is_live(int((tmp_path / "pid").read_text()))


def test_past_the_cap_the_run_is_ended_and_what_was_kept_is_intact(tmp_path: Path) -> None:
    script = "yes abcdefg & exec yes error >&2"
    metadata = {"subprocess.max_capture_bytes": "100000"}
    result = run(shell(tmp_path, script, metadata=metadata))
    assert result.status == "failed"
    assert len(stdout(result)) + len(stderr(result)) == 100_000
    assert stdout(result) == (b"abcdefg\n" * 12_501)[: len(stdout(result))]
    assert stderr(result) == (b"error\n" * 16_667)[: len(stderr(result))]
    lost = int(result.metadata["discarded_bytes"])
    assert lost > 0
    assert result.error_summary == (
        f"the output passed the 100000 bytes of it that are kept; {lost} bytes of it were not"
    )


def test_exactly_as_much_as_is_kept_is_no_failure(tmp_path: Path) -> None:
    metadata = {"subprocess.max_capture_bytes": "1000"}
    result = run(shell(tmp_path, "yes abcdefg | head -c 1000", metadata=metadata))
    assert (result.status, len(stdout(result))) == ("succeeded", 1000)
    assert "discarded_bytes" not in result.metadata


def test_a_child_past_the_cap_can_still_end_in_its_own_way(tmp_path: Path) -> None:
    """What it writes on the way out is not kept, but it is not stuck in writing it either."""
    script = "trap 'seq 50000; echo $? > left; exit 0' TERM; seq 1000; while :; do sleep 0.01; done"
    metadata = {"subprocess.max_capture_bytes": "1000", "subprocess.grace_seconds": "50"}
    result = run(shell(tmp_path, script, metadata=metadata))
    assert (result.status, (tmp_path / "left").read_text()) == ("failed", "0\n")


def test_the_runners_cap_holds_where_the_invocation_names_none(tmp_path: Path) -> None:
    runtime = ExecutorRuntime(runner=SubprocessRunner(max_capture_bytes=100))
    assert runtime.run(shell(tmp_path, "yes")).status == "failed"
    metadata = {"subprocess.max_capture_bytes": "1000"}
    assert runtime.run(shell(tmp_path, "seq 100", metadata=metadata)).status == "succeeded"


@pytest.mark.parametrize("text", ["", "0", "-1", "1k", "1.5", "٣", "1" * 30])
def test_a_cap_that_is_no_number_of_bytes_is_rejected(tmp_path: Path, text: str) -> None:
    result = run(shell(tmp_path, "true", metadata={"subprocess.max_capture_bytes": text}))
    assert result.status == "rejected"
    assert result.error_summary == (
        f"metadata subprocess.max_capture_bytes must be a number of bytes above 0, not {text!r}"
    )


def test_a_child_that_removes_its_captures_is_told_on(tmp_path: Path) -> None:
    result = run(shell(tmp_path, "rm .executor_runtime/job/*/stderr.txt; echo out"))
    assert (result.status, result.metadata["captures_lost"]) == ("succeeded", "stderr")
    assert stdout(result) == b"out\n"


def test_the_journal_can_be_followed_while_the_run_is_live(tmp_path: Path) -> None:
    """A child looks at its own journal: what happened before is there, on the disk."""
    script = (
        "cd .executor_runtime/job/*; echo hello; "
        "while ! grep -q '\"output\"' events.jsonl; do :; done; cp events.jsonl ../seen"
    )
    result = run(shell(tmp_path, script))
    seen = run_directory(result).parent / "seen"
    os.rename(seen, tmp_path / "events.jsonl")
    assert names(EventTail(tmp_path).read()) == ["started", "spawned", "output"]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What servers answered is in the run directory, byte by byte, and the result says where."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from er_tui.journal.run_directory import RunDirectory
from er_tui.runtime import RunControl
from er_tui.runtime.http import bodies
from er_tui.rxp import RuntimeResult
from tests.conftest import wait_until
from tests.http_backend import behaviours
from tests.http_backend.hostile import Hostile
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.runtime.http.asking import (
    ACCEPTED,
    COMPLETED,
    RUNNING,
    artifact,
    ask,
    backend,
    ended,
    live,
    request,
    workflow,
)
from tests.runtime.invoking import host_output, recorded, run_directory

AWKWARD = bytes(range(256)) + b"\r\n\x1b]52;c;\x07" * 40_000


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/json; charset=utf-8", "response.json"),
        ("application/problem+json", "response.json"),
        ("text/html", "response.html"),
        ("text/plain", "response.txt"),
        ("image/png", "response.bin"),
        ("", "response.bin"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}", AWKWARD])
def test_a_response_is_kept_as_it_came(tmp_path: Path, body: bytes, kind: str, name: str) -> None:
    with Scripted([Step(200, body, {"Content-Type": kind} if kind else {})]) as server:
        result = ask(request(tmp_path, server.url))
    assert artifact(result, "response") == body
    (found,) = result.artifacts
    assert Path(found.path).name == name
    assert found.metadata == {"content_type": kind, "http_status": "200"}
    assert recorded(result)["artifacts"][0]["path"] == found.path
    mode = os.stat(found.path).st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_workflow_keeps_its_kickoff_and_each_distinct_poll_once(tmp_path: Path) -> None:
    polls = [RUNNING, RUNNING, RUNNING, reply({"run": {"status": "other"}}), RUNNING, COMPLETED]
    with Scripted(backend(polls)) as server:
        result = ask(workflow(tmp_path, server.url))
    assert artifact(result, "kickoff") == ACCEPTED.body
    assert artifact(result, "poll-last") == COMPLETED.body
    assert {a.artifact_id for a in result.artifacts} == {"kickoff", "poll-last"}
    folder = run_directory(result) / "polls"
    stored = [path.read_bytes() for path in sorted(folder.iterdir())]
    assert stored == [RUNNING.body, polls[3].body, RUNNING.body, COMPLETED.body]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = [attempt.body for attempt in ended(result)]
    first = "polls/0001.json"
    assert names[:4] == ["kickoff.json", first, first, first]
    assert "poll_bodies_not_kept" not in result.metadata


def counting(received: Received) -> Step:
    """A backend whose polls all differ; the twentieth is the last."""
    if received.method == "POST":
        return ACCEPTED
    counting_polls.append(1)
    count = len(counting_polls)
    document = {"run": {"status": "completed" if count == 20 else "running", "n": count}}
    return reply(document, 200, **({"Content_Type": "text/plain"} if count % 7 == 0 else {}))


counting_polls: list[int] = []


@pytest.mark.parametrize(("constant", "cap"), [("_MOST_POLLS", 5), ("_MOST_POLL_BYTES", 240)])
def test_past_a_cap_poll_bodies_are_counted_and_the_last_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, constant: str, cap: int
) -> None:
    monkeypatch.setattr(bodies, constant, cap)
    counting_polls.clear()
    with Scripted(counting) as server:
        result = ask(workflow(tmp_path, server.url, poll_interval_seconds="0"))
    assert result.status == "succeeded"
    kept = len(list((run_directory(result) / "polls").iterdir()))
    assert 4 <= kept <= 6
    assert result.metadata["poll_bodies_not_kept"] == str(20 - kept)
    assert b'"n": 20' in artifact(result, "poll-last")
    assert [a.body for a in ended(result)][kept + 1 :] == [None] * (20 - kept)
    assert [p.name for p in run_directory(result).glob("poll-last*")] == ["poll-last.json"]


def test_what_came_of_a_body_that_was_cut_is_kept(tmp_path: Path) -> None:
    with Hostile(behaviours.closes_in_body) as server:
        result = ask(request(tmp_path, server.url))
    assert artifact(result, "response") == b'{"status": "runn'
    with Hostile(behaviours.hangs_in_body) as server, live(request(tmp_path, server.url)) as run:
        folder = tmp_path / ".executor_runtime/job"
        assert server.asked.wait(5)
        result = run.cancelled()
        assert folder.is_dir()
    assert result.status == "cancelled"


FULL = "No space left on device"


def assert_not_stored(result: RuntimeResult, words: str) -> None:
    assert result.status == "failed"
    assert result.error_summary == words
    assert result.artifacts == []
    (attempt,) = ended(result)
    assert (attempt.note, attempt.body) == (words, None)


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_full_disk_is_a_failure_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    genuine = RunDirectory.create_file

    def full(directory: RunDirectory, name: str) -> int:
        if name == "body.part":
            return os.open("/dev/full", os.O_RDWR | os.O_CLOEXEC)
        return genuine(directory, name)

    monkeypatch.setattr(RunDirectory, "create_file", full)
    with Scripted([Step(200, b"x" * size)]) as server:
        result = ask(request(tmp_path, server.url))
        assert_not_stored(result, f"response cannot be stored: {FULL}")
        result = ask(workflow(tmp_path, server.url))
        assert_not_stored(result, f"kickoff response cannot be stored: {FULL}")
        assert len(server.requests) == 2


LIMITED = """
import resource, signal, sys
from pathlib import Path
from tests.runtime.http.asking import ask, request
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
print(ask(request(Path(sys.argv[1]), sys.argv[2])).error_summary)
"""


def test_a_disk_that_takes_no_more_is_a_failure_that_says_so(tmp_path: Path) -> None:
    with Scripted([Step(200, b"x" * 1_000_000)]) as server:
        printed = host_output(LIMITED, tmp_path, server.url)
    assert printed == f"response cannot be stored: {os.strerror(errno.EFBIG)}\n"


def test_a_run_directory_that_vanished_is_a_failure_and_no_exception(tmp_path: Path) -> None:
    control = RunControl()

    def vanish(received: Received) -> Step:
        if received.method == "POST" and received.path == "/runs":
            return ACCEPTED
        wait_until(lambda: control.record is not None)
        assert control.record is not None
        assert control.record.directory is not None
        shutil.rmtree(control.record.directory.path)
        return RUNNING

    with Scripted(vanish) as server:
        result = ask(workflow(tmp_path, server.url, poll_error_budget="3"), control)
        assert len(server.requests) == 2
    words = "poll response cannot be stored: No such file or directory"
    assert (result.status, result.error_summary) == ("failed", words)
    assert recorded(result)["status"] == "failed"

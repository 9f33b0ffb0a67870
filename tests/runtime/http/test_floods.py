# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server can send as much as it likes: the disk takes what was allowed, the memory little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.http_backend import behaviours
from tests.http_backend.hostile import Behaviour, Hostile
from tests.http_backend.scripted import Scripted, Step
from tests.runtime.http.asking import ACCEPTED, artifact, ask, backend, ended, request, workflow
from tests.runtime.invoking import host_output, run_directory

MEASURED = """
import json, sys
from pathlib import Path
from tests.http_backend.scripted import Scripted, reply
from tests.runtime.http.asking import ask, request

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024

folder, url = Path(sys.argv[1]), sys.argv[2]
with Scripted([reply({})]) as warm:
    ask(request(folder, warm.url))
Path("/proc/self/clear_refs").write_text("5")
before = resident()
result = ask(request(folder, url, timeout=30))
print(json.dumps({"grown": peak() - before, "result": result.model_dump()}))
"""
MIB = 1 << 20


@pytest.mark.parametrize("behaviour", [behaviours.huge_body, behaviours.gzip_bomb])
def test_streaming_takes_little_memory(tmp_path: Path, behaviour: Behaviour) -> None:
    with Hostile(behaviour) as server:
        measured = json.loads(host_output(MEASURED, tmp_path, server.url))
        assert server.sent < 200 * MIB
    assert measured["grown"] < 20 * MIB
    result = measured["result"]
    (body,) = result["artifacts"]
    stored = Path(body["path"]).stat().st_size
    if behaviour is behaviours.huge_body:
        assert (result["status"], stored) == ("failed", 64 * MIB)
        words = f"http error: response is larger than http.max_body_bytes ({64 * MIB} bytes)"
        assert result["error_summary"] == words
    else:
        assert result["status"] == "succeeded"
        assert stored < MIB


@pytest.mark.parametrize("cap", [1, 1000, 300_000, 5 * MIB])
def test_a_body_past_the_cap_fails_and_what_is_below_it_is_kept(tmp_path: Path, cap: int) -> None:
    with Hostile(behaviours.huge_body) as server:
        result = ask(request(tmp_path, server.url, max_body_bytes=str(cap)))
    assert (result.status, result.exit_code) == ("failed", 200)
    words = f"http error: response is larger than http.max_body_bytes ({cap} bytes)"
    assert result.error_summary == words
    assert artifact(result, "response") == b"x" * cap
    (attempt,) = ended(result)
    assert (attempt.code, attempt.size) == (200, cap)
    assert words.removeprefix("http error: ") in (attempt.note or "")
    assert not list(run_directory(result).glob("*.part"))


def test_a_body_of_just_the_cap_is_whole(tmp_path: Path) -> None:
    body = bytes(range(256)) * 2000
    with Scripted([Step(200, body)]) as server:
        result = ask(request(tmp_path, server.url, max_body_bytes=str(len(body))))
    assert result.status == "succeeded"
    assert artifact(result, "response") == body


@pytest.mark.parametrize("budget", ["0", "5"])
def test_a_poll_past_the_cap_fails_whatever_the_budget(tmp_path: Path, budget: str) -> None:
    keys = {"max_body_bytes": "100", "poll_error_budget": budget}
    with Scripted(backend([Step(200, b"x" * 101)], ACCEPTED)) as server:
        result = ask(workflow(tmp_path, server.url, **keys))
        assert len(server.requests) == 2
    words = "poll http error: response is larger than http.max_body_bytes (100 bytes)"
    assert (result.status, result.error_summary) == ("failed", words)
    assert artifact(result, "poll-last") == b"x" * 100


@pytest.mark.parametrize("behaviour", [behaviours.endless_header, behaviours.endless_headers])
def test_endless_headers_are_a_failure(tmp_path: Path, behaviour: Behaviour) -> None:
    with Hostile(behaviour) as server:
        result = ask(request(tmp_path, server.url))
        assert server.sent < 20 * MIB
    assert result.status == "failed"
    assert (result.error_summary or "").startswith("http error: ")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a backend says while it works is captured live; polls never depend on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from er_tui.journal.events import AttemptEnded, OutputSeen
from er_tui.journal.run_directory import RunDirectory
from er_tui.rxp import RuntimeInvocation, RuntimeResult
from tests.conftest import wait_until
from tests.http_backend import behaviours
from tests.http_backend.hostile import Hostile, Peer
from tests.http_backend.scripted import Received, Scripted, Step
from tests.runtime.http.asking import (
    ACCEPTED,
    COMPLETED,
    RUNNING,
    ask,
    ended,
    live,
    notes,
    started,
    workflow,
)
from tests.runtime.invoking import journal, run_directory, stdout

KIND = {"Content-Type": "text/event-stream; charset=latin-1"}


def stream(*chunks: bytes | threading.Event, cut: bool = False) -> Step:
    return Step(200, headers=KIND, chunks=chunks, cut=cut)


class Talking:
    """A backend that streams events in turn, and is done when told so."""

    def __init__(self, *streams: Step | Callable[[Received], Step]) -> None:
        self._streams = list(streams)
        self.done = threading.Event()
        self.server = Scripted(self._script)

    def _script(self, received: Received) -> Step:
        if received.path == "/runs":
            return ACCEPTED
        if received.path == "/runs/r1":
            return COMPLETED if self.done.is_set() else RUNNING
        step = self._streams.pop(0) if len(self._streams) > 1 else self._streams[0]
        return step(received) if callable(step) else step

    @property
    def listened(self) -> list[Received]:
        return [r for r in self.server.requests if r.path == "/events/r1"]

    @property
    def polls(self) -> int:
        return len([r for r in self.server.requests if r.path == "/runs/r1"])

    def invocation(self, folder: Path, **keys: str) -> RuntimeInvocation:
        events = f"{self.server.url}/events/{{run_id}}"
        return workflow(folder, self.server.url, events_url_template=events, **keys)


def capture(folder: Path) -> bytes:
    found = list(folder.glob(".executor_runtime/job/*/stdout.txt"))
    return found[0].read_bytes() if found else b""


def said(folder: Path) -> str:
    """The journal of the run so far."""
    (journal_file,) = folder.glob(".executor_runtime/job/*/events.jsonl")
    return journal_file.read_text()


def listening(result: RuntimeResult) -> list[AttemptEnded]:
    return [attempt for attempt in ended(result) if attempt.phase == "events"]


def listen(
    folder: Path, talking: Talking, enough: Callable[[], object], **keys: str
) -> RuntimeResult:
    """Run until ``enough``, then have the backend say in a poll that it is done."""
    with talking.server:
        with live(talking.invocation(folder, **keys)) as run:
            talking.server.wait_for(2)
            wait_until(enough)
            talking.done.set()
            result = run.result()
        assert [t.name for t in threading.enumerate() if t.name == "events"] == []
    assert (result.status, result.exit_code) == ("succeeded", 0)
    return result


def test_events_are_captured_as_they_arrive(tmp_path: Path) -> None:
    gate, end = threading.Event(), threading.Event()
    talking = Talking(
        stream(
            b": welcome\n\ndata: one\n\n",
            gate,
            b"event: log\r\ndata: two\r\ndata:  three\r\n\r\n",
            "data: caf\u00e9\u2028still\rid: 7\r\rda".encode(),
            b"ta: split\n",
            b"\nevent: empty\n\ndata: never ended",
            end,
        )
    )
    with talking.server, live(talking.invocation(tmp_path)) as run:
        wait_until(lambda: capture(tmp_path) == b"one\n")
        gate.set()
        whole = "one\n[log] two\n three\ncaf\u00e9\u2028still\nsplit\n".encode()
        wait_until(lambda: capture(tmp_path) == whole)
        assert not run.result_is_there
        talking.done.set()
        result = run.result()
    assert stdout(result) == whole
    assert (run_directory(result) / "stdout.txt").stat().st_mode & 0o777 == 0o600
    marks = [m for e in journal(result) if isinstance(e, OutputSeen) for m in e.marks]
    assert [name for name, _size, _at in marks] == ["stdout"] * len(marks)
    sizes = [size for _name, size, _at in marks]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (4, len(whole))
    (attempt,) = listening(result)
    assert (attempt.code, attempt.note) == (200, "ended with the run")
    (begun,) = [s for s in started(result) if s.phase == "events"]
    assert (begun.method, begun.headers["accept"]) == ("GET", "text/event-stream")


def test_a_terminal_status_in_an_event_ends_the_run_without_another_poll(tmp_path: Path) -> None:
    end = threading.Event()
    said = [{"run": {"status": "running"}}, {"progress": 5}, {"run": {"status": "failed"}}]
    chunks = [f"data: {json.dumps(document)}\n\n".encode() for document in said]
    gate = threading.Event()
    talking = Talking(stream(chunks[0], gate, *chunks[1:], end))
    with talking.server:
        with live(talking.invocation(tmp_path, poll_interval_seconds="3600")) as run:
            wait_until(lambda: talking.polls == 1 and capture(tmp_path))
            gate.set()
            result = run.result()
        assert talking.polls == 1
    assert (result.status, result.exit_code) == ("failed", 1)
    assert result.error_summary == "backend reported terminal status: failed"
    assert listening(result)[0].status == "failed"
    assert stdout(result).count(b"\n") == 3


def test_it_reconnects_where_it_left_off(tmp_path: Path) -> None:
    end = threading.Event()
    talking = Talking(
        stream("retry: 100\nid: n\u00ba 1\ndata: one\n\n".encode()),
        stream(b"data: two\n\n", cut=True),
        Step(503),
        stream(b"retry: 99999999999999999999\nid: 4\ndata: three\n\n", end),
    )
    result = listen(tmp_path, talking, lambda: capture(tmp_path).endswith(b"three\n"))
    assert stdout(result) == b"one\ntwo\nthree\n"
    ids = [r.headers["Last-Event-ID"] for r in talking.listened]
    assert ids[0] is None
    assert [name.encode("latin-1").decode() for name in ids[1:]] == ["n\u00ba 1"] * 3
    attempts = listening(result)
    assert [attempt.code for attempt in attempts] == [200, 200, 503, 200]
    assert attempts[0].note == "the stream ended"
    assert (attempts[1].note or "").startswith("event stream failed: ")
    assert attempts[2].note == "event stream failed: HTTP 503; polling carries on"
    assert len({attempt.number for attempt in ended(result)}) == len(ended(result))


GONE_WRONG = [
    (Step(404), "HTTP 404"),
    (Step(204), "HTTP 204"),
    (Step(302, headers={"Location": "/elsewhere"}), "HTTP 302"),
    (Step(200, b"<html>", {"Content-Type": "text/html"}), "Content-Type"),
    (Step(200, b"data: x\n\n", {**KIND, "Content-Encoding": "gzip"}), "compressed (gzip)"),
]


@pytest.mark.parametrize(("step", "words"), GONE_WRONG)
def test_a_stream_that_is_none_is_given_up_and_polling_carries_on(
    tmp_path: Path, step: Step, words: str
) -> None:
    talking = Talking(step)
    result = listen(tmp_path, talking, lambda: "given up" in said(tmp_path) and talking.polls)
    (attempt,) = listening(result)
    assert (attempt.note or "").startswith("event stream failed: ")
    assert (attempt.note or "").endswith("; polling carries on")
    assert words in (attempt.note or "")
    (note,) = notes(journal(result))
    assert note.startswith("event stream given up: ")
    assert words in note
    assert len(talking.listened) == 1
    assert stdout(result) == b""


def test_an_endless_event_fills_no_memory(tmp_path: Path) -> None:
    retry = b"retry: 60000\ndata: first\n\n"
    talking = Talking(stream(retry, *[b"data: " + b"x" * (1 << 16) + b"\n"] * 40))
    result = listen(tmp_path, talking, lambda: "event stream failed" in said(tmp_path))
    (attempt,) = listening(result)
    assert "one event is larger than 1048576 bytes" in (attempt.note or "")
    assert stdout(result) == b"first\n"


def test_many_small_events_are_no_large_one(tmp_path: Path) -> None:
    end = threading.Event()
    line = b"data: " + b"x" * (1 << 16) + b"\n"
    talking = Talking(stream(*[line, b"\n"] * 40, end))
    whole = (b"x" * (1 << 16) + b"\n") * 40
    result = listen(tmp_path, talking, lambda: len(capture(tmp_path)) == len(whole))
    assert stdout(result) == whole


def test_what_does_not_fit_below_the_cap_is_told(tmp_path: Path) -> None:
    overflown = threading.Event()

    def script(received: Received) -> Step:
        if received.headers["Last-Event-ID"] == "9":
            overflown.set()
        return stream(*[b"data: " + b"x" * 99 + b"\n\n"] * 20, b"id: 9\nretry: 100\n\n")

    talking = Talking(script)
    result = listen(
        tmp_path,
        talking,
        lambda: len(capture(tmp_path)) == 1000 and overflown.is_set(),
        max_body_bytes="1050",
    )
    assert result.metadata["events_not_kept"] == "past http.max_body_bytes"


def test_a_stream_that_is_closed_again_and_again_is_given_up(tmp_path: Path) -> None:
    talking = Talking(stream(b"retry: 100\ndata: one\n\n"), stream(b": nothing\n\n"))
    result = listen(tmp_path, talking, lambda: "given up" in said(tmp_path))
    assert len(talking.listened) == 5
    assert [attempt.note for attempt in listening(result)][:4] == ["the stream ended"] * 4
    wanted = "event stream given up: 5 connections in a row brought nothing; polling carries on"
    assert notes(journal(result)) == [wanted]


@pytest.mark.parametrize("behaviour", [behaviours.hangs_at_headers, behaviours.drips_headers])
def test_a_stream_that_hangs_ends_with_the_run(tmp_path: Path, behaviour: object) -> None:
    assert callable(behaviour)
    talking = Talking(Step(404))
    with Hostile(behaviour) as hostile, talking.server:
        keys = {"events_url_template": f"{hostile.url}/events"}
        with live(workflow(tmp_path, talking.server.url, **keys)) as run:
            wait_until(hostile.asked.is_set)
            talking.done.set()
            result = run.result(2)
        assert hostile.gone.wait(5)
    assert listening(result)[0].note == "ended with the run"


def test_a_flood_of_events_ends_with_the_run(tmp_path: Path) -> None:
    def flood(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            peer.send(b"data: x\n\n" * 1000)

    talking = Talking(Step(404))
    with Hostile(flood) as hostile, talking.server:
        keys = {"events_url_template": hostile.url, "max_body_bytes": "100000"}
        with live(workflow(tmp_path, talking.server.url, **keys)) as run:
            wait_until(lambda: len(capture(tmp_path)) == 100_000)
            result = run.cancelled()
    assert result.status == "cancelled"
    assert len(stdout(result)) == 100_000


def test_without_a_run_id_there_is_no_stream_to_one(tmp_path: Path) -> None:
    with Scripted(lambda r: ACCEPTED if r.path == "/runs" else COMPLETED) as server:
        keys = {"poll_url_template": f"{server.url}/state", "poll_run_id_path": None}
        keys["events_url_template"] = f"{server.url}/events/{{run_id}}"
        result = ask(workflow(tmp_path, server.url, **keys))
        assert [r.path for r in server.requests] == ["/runs", "/state"]
    assert result.status == "succeeded"
    assert notes(journal(result)) == ["no event stream: the backend has not named the run"]


def test_a_stream_that_cannot_be_captured_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = RunDirectory.create_file

    def full(directory: RunDirectory, name: str) -> int:
        if name == "stdout.txt":
            raise OSError(28, "No space left on device")
        return genuine(directory, name)

    monkeypatch.setattr(RunDirectory, "create_file", full)
    talking = Talking(stream(b"data: x\n\n"))
    result = listen(tmp_path, talking, lambda: talking.polls > 2)
    words = "no event stream: it cannot be captured: No space left on device"
    assert notes(journal(result)) == [words]
    assert (result.stdout_path, talking.listened) == (None, [])

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run that is ended before its time tells its backend, and waits for nobody."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from er_tui.journal.events import AttemptEnded, Event
from er_tui.runtime import RunControl
from er_tui.runtime.http import telling
from er_tui.runtime.runners import AsyncHttpRunner
from tests.conftest import wait_until
from tests.http_backend import behaviours
from tests.http_backend.hostile import Hostile
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.runtime.http.asking import (
    ACCEPTED,
    RUNNING,
    ask,
    at_the_deadline,
    backend,
    ended,
    live,
    notes,
    request,
    workflow,
)
from tests.runtime.invoking import host, journal, names, run_directory

KEYS = {"headers": '{"X-Api-Key": "${KEY}"}', "environment": {"KEY": "s3cr3t"}}
TOLD = Step(204)


def calls(server: Scripted) -> list[Received]:
    return [r for r in server.requests if "cancel" in r.path]


def told(events: list[Event]) -> list[AttemptEnded]:
    return [e for e in events if isinstance(e, AttemptEnded) and e.phase == "cancel"]


def test_a_cancel_is_told_with_the_run_id_and_the_headers(tmp_path: Path) -> None:
    with Scripted(backend([RUNNING], cancel=TOLD)) as server:
        url = f"{server.url}/runs/{{run_id}}/cancel"
        with live(workflow(tmp_path, server.url, cancel_url_template=url, **KEYS)) as run:
            server.wait_for(2)
            result = run.cancelled()
        assert (result.status, result.metadata["backend_run_id"]) == ("cancelled", "r1")
        wait_until(lambda: told(journal(result)))
        (call,) = calls(server)
    assert (call.method, call.path, call.body) == ("POST", "/runs/r1/cancel", b"")
    assert call.headers["X-Api-Key"] == "s3cr3t"
    (attempt,) = told(journal(result))
    assert (attempt.code, attempt.note) == (204, None)
    assert attempt.number == max(e.number for e in ended(result))


@pytest.mark.parametrize("method", ["DELETE", "put"])
def test_a_timeout_is_told_with_the_method_that_is_wanted(tmp_path: Path, method: str) -> None:
    def script(received: Received) -> Step:
        return ACCEPTED if received.path == "/runs" else RUNNING

    with Scripted(script) as server:
        keys = {"cancel_url_template": f"{server.url}/cancel", "cancel_method": method}
        with at_the_deadline(1):
            result = ask(workflow(tmp_path, server.url, timeout=1, **keys))
        assert result.status == "timed_out"
        wait_until(lambda: told(journal(result)))
        assert [call.method for call in calls(server)] == [method.upper()]


def test_a_plain_request_can_be_told_too(tmp_path: Path) -> None:
    def script(received: Received) -> Step:
        return TOLD if received.path == "/cancel" else Step(hold=threading.Event())

    with Scripted(script) as server:
        with live(request(tmp_path, server.url, cancel_url_template=f"{server.url}/cancel")) as run:
            server.wait_for(1)
            assert run.cancelled().status == "cancelled"
        server.wait_for(2)
        assert len(calls(server)) == 1


def test_an_unnamed_run_cannot_be_told_and_the_journal_says_so(tmp_path: Path) -> None:
    with Scripted([Step(hold=threading.Event())]) as server:
        url = f"{server.url}/runs/{{run_id}}/cancel"
        with live(workflow(tmp_path, server.url, cancel_url_template=url)) as run:
            server.wait_for(1)
            result = run.cancelled()
        assert len(server.requests) == 1
    words = "the backend was not told of the end: it had not named the run yet"
    assert notes(journal(result)) == [words]


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_run_that_ended_by_itself_has_nothing_to_tell(tmp_path: Path, outcome: str) -> None:
    polls = [reply({"run": {"status": "completed" if outcome == "succeeded" else "failed"}})]
    with Scripted(backend(polls, cancel=TOLD)) as server:
        url = f"{server.url}/runs/{{run_id}}/cancel"
        assert ask(workflow(tmp_path, server.url, cancel_url_template=url)).status == outcome
        assert calls(server) == []


def test_a_backend_that_does_not_answer_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "_SECONDS", 0.5)
    seen: list[Event] = []
    with (
        Hostile(behaviours.hangs_at_headers) as deaf,
        Scripted(backend([RUNNING])) as server,
    ):
        invoked = workflow(tmp_path, server.url, cancel_url_template=f"{deaf.url}/{{run_id}}")
        with live(invoked, RunControl(on_event=seen.append)) as run:
            server.wait_for(2)
            result = run.cancelled()
        assert "finished" in names(journal(result))
        assert told(journal(result)) == []
        assert (run_directory(result) / "result.json").exists()
        wait_until(lambda: told(seen), 2.0)
    (attempt,) = told(journal(result))
    assert (attempt.code, attempt.note) == (None, "the backend did not answer within 0 s")
    assert names(journal(result))[-1] == "attempt_ended"
    assert names(seen) == names(journal(result))


def test_a_backend_that_cannot_be_reached_is_noted(tmp_path: Path) -> None:
    for url, words in (
        ("http://127.0.0.1:9/x", "the backend could not be told: cannot connect to 127.0.0.1"),
        ("http://nobody.invalid/x", "the backend could not be told: cannot resolve"),
    ):
        with Scripted(backend([RUNNING])) as server:
            with live(workflow(tmp_path, server.url, cancel_url_template=url)) as run:
                server.wait_for(2)
                result = run.cancelled()
            wait_until(lambda result=result: told(journal(result)))  # type: ignore[misc]
        assert (told(journal(result))[0].note or "").startswith(words)


def test_a_proxy_that_makes_no_sense_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://[")
    with Scripted(backend([RUNNING])) as server:
        keys = {
            "cancel_url_template": "http://a.invalid",
            "events_url_template": "http://a.invalid",
        }
        with live(workflow(tmp_path, server.url, **keys)) as run:
            server.wait_for(2)
            result = run.cancelled()
        wait_until(lambda: told(journal(result)))
    ends = [attempt for attempt in ended(result) if attempt.phase in ("events", "cancel")]
    assert {attempt.phase for attempt in ends} == {"events", "cancel"}
    assert all(attempt.note for attempt in ends)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_client_that_hangs_in_the_call_is_left_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    monkeypatch.setattr(telling, "_SECONDS", 0.2)
    control = RunControl()

    def answer(asked: httpx.Request) -> httpx.Response:
        if asked.url.path == "/cancel":
            release.wait()
        elif asked.method == "POST":
            return httpx.Response(202, json={"run": {"id": "r1"}})
        control.cancel()
        return httpx.Response(200, json={"run": {"status": "running"}})

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        invoked = workflow(tmp_path, "http://h", cancel_url_template="http://h/cancel")
        result = AsyncHttpRunner(client=client).run(invoked, control=control)
        wait_until(lambda: told(journal(result)))
        release.set()
    (attempt,) = told(journal(result))
    assert (attempt.note or "").startswith("the backend did not answer within")


SCRIPT = """
import json, sys
from pathlib import Path
from er_tui.runtime import RunControl
from tests.runtime.http.asking import ask, workflow
folder, url = Path(sys.argv[1]), sys.argv[2]
{before}
def observe(event):
    if {cancels} and getattr(event, "phase", "") == "poll":
        control.cancel()
control = RunControl(on_event=observe)
invoked = workflow(folder, url, cancel_url_template=url + "/runs/{{run_id}}/cancel")
result = ask(invoked, control)
print(json.dumps(result.model_dump()), flush=True)
"""
HANDLER = "import signal; signal.signal(signal.SIGTERM, lambda *_: print('handled', flush=True))"


def slow_cancel() -> tuple[threading.Event, Step]:
    hold = threading.Event()
    return hold, Step(204, hold=hold)


def test_a_program_that_exits_right_after_the_run_still_tells(tmp_path: Path) -> None:
    hold, step = slow_cancel()
    with (
        Scripted(backend([RUNNING], cancel=step)) as server,
        host(SCRIPT.format(before="", cancels=True), tmp_path, server.url) as program,
    ):
        assert program.stdout is not None
        result = json.loads(program.stdout.readline())
        wait_until(lambda: calls(server))
        assert program.poll() is None
        hold.set()
        assert program.wait(5) == 0
    assert result["status"] == "cancelled"
    (run,) = (tmp_path / ".executor_runtime/job").iterdir()
    last = json.loads((run / "events.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["phase"], last["code"]) == ("attempt_ended", "cancel", 204)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_tells_the_backend_and_ends_the_program(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Scripted(backend([RUNNING], cancel=TOLD)) as server:
        with host(SCRIPT.format(before="", cancels=False), tmp_path, server.url) as program:
            server.wait_for(3)
            program.send_signal(number)
            program.communicate(timeout=10)
        assert program.returncode == -number
        assert [call.path for call in calls(server)] == ["/runs/r1/cancel"]
    (run,) = (tmp_path / ".executor_runtime/job").iterdir()
    result = json.loads((run / "result.json").read_text())
    assert result["status"] == "cancelled"
    words = "SIGTERM received" if number is signal.SIGTERM else "interrupted by KeyboardInterrupt"
    assert result["error_summary"] == words


def test_a_backend_that_does_not_answer_does_not_keep_a_killed_program_for_long(
    tmp_path: Path,
) -> None:
    _hold, step = slow_cancel()
    with (
        Scripted(backend([RUNNING], cancel=step)) as server,
        host(SCRIPT.format(before="", cancels=False), tmp_path, server.url) as program,
    ):
        server.wait_for(3)
        program.terminate()
        wait_until(lambda: calls(server))
        assert program.wait(4) == -signal.SIGTERM
    assert list((tmp_path / ".executor_runtime/job").glob("*/result.json"))


def test_a_handler_of_the_programs_own_is_called_and_the_program_goes_on(tmp_path: Path) -> None:
    with Scripted(backend([RUNNING], cancel=TOLD)) as server:
        with host(SCRIPT.format(before=HANDLER, cancels=False), tmp_path, server.url) as program:
            server.wait_for(3)
            program.terminate()
            printed, _complaint = program.communicate(timeout=10)
        assert program.returncode == 0
        assert len(calls(server)) == 1
    handled, result = printed.splitlines()
    assert handled == "handled"
    assert json.loads(result)["error_summary"] == "SIGTERM received"

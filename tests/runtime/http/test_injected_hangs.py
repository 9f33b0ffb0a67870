# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client of somebody else's that hangs is left to itself, however far it came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from er_tui.runtime import RunControl
from er_tui.runtime.runners import AsyncHttpRunner
from tests.conftest import wait_until
from tests.runtime.http.asking import CANCEL_SECONDS, at_the_deadline, ended, request, workflow
from tests.runtime.http.mocking import HOST, KICKOFF, RUNNING, Answering, Backend, ask


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets everything go that waits for it, at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def hanging(release: threading.Event, entered: threading.Event, after: int = 0) -> Answering:
    first = Backend(KICKOFF, RUNNING)

    def answer(asked: httpx.Request) -> httpx.Response:
        if len(first.asked) < after:
            return first(asked)
        entered.set()
        release.wait()
        return httpx.Response(200, json={})

    return answer


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_hanging_client_is_left_alone_on_cancel(
    tmp_path: Path, release: threading.Event, after: int
) -> None:
    entered, control = threading.Event(), RunControl()

    def cancel() -> None:
        entered.wait()
        cancelled.append(time.monotonic())
        control.cancel("enough")

    cancelled: list[float] = []
    canceller = threading.Thread(target=cancel)
    canceller.start()
    invoked = request(tmp_path, HOST) if after == 0 else workflow(tmp_path, HOST)
    result = ask(invoked, hanging(release, entered, after), control=control)
    assert time.monotonic() - cancelled[0] < CANCEL_SECONDS
    canceller.join()
    assert (result.status, result.error_summary) == ("cancelled", "enough")
    assert ended(result)[-1].note == "cut short"
    release.set()


def test_a_hanging_client_is_left_alone_at_the_deadline(
    tmp_path: Path, release: threading.Event
) -> None:
    invoked = request(tmp_path, HOST, timeout=1)
    with at_the_deadline(1):
        result = ask(invoked, hanging(release, threading.Event()))
    assert result.status == "timed_out"
    assert result.error_summary == "exceeded timeout of 1 seconds (at request)"
    release.set()


class Endless(httpx.SyncByteStream):
    def __init__(self) -> None:
        self.given = 0
        self.over = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        while not self.over.is_set():
            self.given += 1
            yield b"."

    def close(self) -> None:
        self.over.set()


def test_an_endless_body_from_a_client_ends_with_the_run(tmp_path: Path) -> None:
    body, control = Endless(), RunControl()

    def cancel() -> None:
        wait_until(lambda: body.given > 100)
        control.cancel()

    threading.Thread(target=cancel).start()
    result = ask(
        request(tmp_path, HOST), lambda _asked: httpx.Response(200, stream=body), control=control
    )
    assert result.status == "cancelled"
    assert body.over.wait(CANCEL_SECONDS)


def test_the_backend_is_told_through_the_same_client(
    tmp_path: Path, release: threading.Event
) -> None:
    told: list[httpx.Request] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        if asked.url.path == "/cancel/r1":
            told.append(asked)
            return httpx.Response(200)
        if asked.method == "POST":
            return httpx.Response(202, json=KICKOFF[1])
        control.cancel()
        return httpx.Response(200, json=RUNNING[1])

    control = RunControl()
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        invoked = workflow(tmp_path, HOST, cancel_url_template=f"{HOST}/cancel/{{run_id}}")
        assert AsyncHttpRunner(client=client).run(invoked, control=control).status == "cancelled"
        wait_until(lambda: told)
    release.set()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every attempt of an HTTP run is on the screen as it happens, and can be looked into."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from er_tui.journal.lines import encode
from tests.http_backend.scripted import Received, Scripted, Step, reply
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.test_timeline import (
    LONGEST_STEP_SECONDS,
    POLLS,
    frozen_heap,
    longest_pause,
    polls,
)

__all__ = ["frozen_heap"]

SECRET = "s3cret-token-0123456789"


class Backend:
    """Accepts, says ``running`` until it is let go, then ``completed``."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.polls = 0

    def __call__(self, request: Received) -> Step:
        if request.method == "POST":
            return reply({"data": {"run_id": "r-1"}}, status=202)
        self.polls += 1
        state = "completed" if self.done.is_set() else "running"
        return reply({"status": state, "progress": self.polls})


@pytest.fixture
def backend() -> Iterator[tuple[Backend, Scripted]]:
    script = Backend()
    with Scripted(script) as server:
        yield script, server


def write_run(write: Write, url: str, interval: str = "0.05", **metadata: str) -> None:
    write(
        "job",
        runtime_kind="http_async",
        timeout_seconds=60,
        environment={"API_TOKEN": SECRET},
        metadata={
            "http.url": f"{url}/jobs",
            "http.body": '{"quality": "it\'s good"}',
            "http.headers": '{"Authorization": "Bearer ${API_TOKEN}"}',
            "http.poll_url_template": f"{url}/jobs/{{run_id}}",
            "http.poll_run_id_path": "data.run_id",
            "http.poll_status_path": "status",
            "http.poll_terminal_states": "completed,failed",
            "http.poll_interval_seconds": interval,
            **metadata,
        },
    )


async def shown_attempts(screen: Dashboard, count: int) -> None:
    await screen.until(lambda: screen.shown.count(" poll ") >= count, f"{count} polls are shown")


async def test_attempts_appear_as_they_are_made(
    folder: Path, write: Write, backend: tuple[Backend, Scripted]
) -> None:
    script, server = backend
    write_run(write, server.url)
    async with dashboard(folder) as screen:
        await screen.pane("Attempts")
        await screen.see("Not run yet.")
        await screen.press("r")
        await screen.see("kickoff POST", "202", "poll    GET", "200 running")
        await shown_attempts(screen, 4)
        await screen.until(lambda: "running, poll" in screen.listed, "the list tells the poll")
        script.done.set()
        await screen.see("200 completed", "✓ succeeded")


async def test_the_next_poll_is_counted_down_to(
    folder: Path, write: Write, backend: tuple[Backend, Scripted]
) -> None:
    _, server = backend
    write_run(write, server.url, interval="30")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.pane("Attempts")
        await screen.see("poll 2 in 29.")
        await screen.until(lambda: "running, poll 1, next in 2" in screen.listed, "it is listed")
        await screen.press("c")
        await screen.see("⊘ cancelled")


async def test_a_selected_attempt_shows_headers_body_and_what_changed(
    folder: Path, write: Write, backend: tuple[Backend, Scripted]
) -> None:
    script, server = backend
    write_run(write, server.url)
    async with dashboard(folder, size=(130, 60)) as screen:
        await screen.press("r")
        await screen.pane("Attempts")
        await shown_attempts(screen, 2)
        script.done.set()
        await screen.see("✓ succeeded")
        await screen.press("tab", "G")
        await screen.see("request headers", "Authorization", "response headers", "content-type")
        await screen.see(
            '"status": "completed"', "changed since attempt", '+  "status": "completed"'
        )
        await screen.press("g")
        await screen.see(f"POST {server.url}/jobs", '"run_id": "r-1"')
        assert SECRET not in screen.text


async def test_an_attempt_is_copied_as_curl_without_its_secret(
    folder: Path, write: Write, backend: tuple[Backend, Scripted]
) -> None:
    script, server = backend
    script.done.set()
    write_run(write, server.url)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        assert "copy as curl" not in screen.footer
        await screen.pane("Attempts")
        await screen.press("tab", "g", "y")
        await screen.see("The attempt was copied as a curl command.")
        copied = screen.app.clipboard
    assert copied.startswith("curl -sS -X POST")
    assert """'Authorization: Bearer '"${API_TOKEN}" """ in copied
    assert copied.endswith(f"{server.url}/jobs")
    assert SECRET not in copied


async def test_a_failed_poll_says_why_in_its_row(folder: Path, write: Write) -> None:
    steps = [reply({"data": {"run_id": "r-1"}}, status=202), Step(503, b"upstream down")]
    with Scripted(steps) as server:
        write_run(write, server.url)
        async with dashboard(folder) as screen:
            await screen.press("r")
            await screen.see("✗ failed", "failed · poll expected HTTP 200")
            await screen.pane("Attempts")
            await screen.see("503", "poll expected HTTP 200, got 503: upstream down")


async def test_a_run_without_requests_says_so(folder: Path, write: Write) -> None:
    write("local", "echo x")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        await screen.pane("Attempts")
        await screen.see("This run sent no requests.")


@pytest.mark.usefixtures("frozen_heap")
async def test_a_long_journal_is_read_without_holding_up_the_screen(
    folder: Path, write: Write
) -> None:
    write("local", "echo x")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        journal = Path(f"{screen.run('local').directory}/events.jsonl")
        with journal.open("a") as file:
            file.writelines(f"{encode(event)}\n" for event in polls(3 * POLLS))
        shown = asyncio.Event()
        watcher = asyncio.create_task(longest_pause(shown))
        await screen.pane("Attempts")
        await screen.see(f"{3 * POLLS} attempts")
        shown.set()
        assert await watcher < LONGEST_STEP_SECONDS
        await screen.press("tab", "g")
        await screen.see("   1 poll")


async def test_a_hostile_body_and_status_are_shown_inert(folder: Path, write: Write) -> None:
    hostile = "[@click=app.quit]\x1b]52;c;AAAA\x07[/] \u202e"
    steps = [
        reply({"data": {"run_id": "r-1"}}, status=202),
        reply({"status": hostile, "more": hostile}),
        reply({"status": "completed"}),
    ]
    with Scripted(steps) as server:
        write_run(write, server.url)
        async with dashboard(folder, size=(130, 60)) as screen:
            await screen.press("r")
            await screen.see("✓ succeeded")
            await screen.pane("Attempts")
            await screen.press("tab", "k")
            await screen.see("[@click=app.quit]")
            assert not any(c in screen.text for c in "\x1b\x07\u202e")
            assert screen.app.is_running

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Server-Sent Events beside the polls: what a backend says while it works.

They are captured as output and may carry the status. Nothing depends on them: when the stream fails
the polls carry on, and the attempt says so.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import httpx_sse

from er_tui.journal.events import AttemptEnded, AttemptStarted, Noted
from er_tui.runtime.http import document
from er_tui.runtime.http.attempt import LONGEST_STATUS, with_own_headers
from er_tui.runtime.http.document import Unreadable
from er_tui.runtime.http.gate import Gate, Interrupted
from er_tui.runtime.http.live_output import LiveOutput
from er_tui.runtime.http.network import GatedNetwork
from er_tui.runtime.http.transport import make_client
from er_tui.runtime.recording import RunRecord
from er_tui.rxp.metadata.http import PollSettings, RequestSettings

_LARGEST_EVENT_BYTES = 1 << 20
_RECONNECT_SECONDS = 3.0
_LONGEST_RECONNECT_MS = 60_000
_MOST_FAILURES = 5
"""Connections in a row that brought no event."""


class _Ended(Exception):
    """This stream is of no use; the message says why."""


@dataclass(slots=True)
class _Progress:
    last_id: str = ""
    reconnect: float = _RECONNECT_SECONDS
    failures: int = 0
    size: int = 0
    code: int | None = None
    status: str | None = None


class EventStream:
    """Listens on a thread of its own from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        record: RunRecord,
        request: RequestSettings,
        poll: PollSettings,
        number: Callable[[], int],
        push: Callable[[str], None],
    ) -> None:
        self._record = record
        self._request = request
        self._poll = poll
        self._number = number
        self._push = push
        self._progress = _Progress()
        self._stopped = False
        self._waker = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._gate = Gate(self._waker, self._check, lambda: None)
        self._thread: threading.Thread | None = None
        self.output: LiveOutput | None = None

    def start(self, url: str) -> None:
        self.output = LiveOutput(self._record, self._request.max_body_bytes)
        self._thread = threading.Thread(
            target=self._run, args=(url, self.output), name="events", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End it; it stops at once wherever it is, and its capture is closed."""
        self._stopped = True
        os.eventfd_write(self._waker, 1)
        if self._thread is not None:
            self._thread.join()
        os.close(self._waker)

    def _check(self) -> None:
        if self._stopped:
            raise Interrupted

    def _run(self, url: str, output: LiveOutput) -> None:
        network = GatedNetwork(self._gate)
        try:
            with make_client(network, self._request.verify) as client:
                while True:
                    self._listen(client, network, url, output)
                    self._gate.wait({}, self._progress.reconnect)
        except Interrupted:
            pass  # the run is over
        except _Ended as reason:
            words = f"event stream given up: {reason}; polling carries on"
            self._record.emit(Noted(at=time.time(), text=self._record.masking.scrub(words)))
        finally:
            output.close()

    def _listen(
        self, client: httpx.Client, network: GatedNetwork, url: str, output: LiveOutput
    ) -> None:
        """One connection, from its request to its end; _Ended if there shall be no more."""
        progress = self._progress
        progress.size, progress.code, progress.status = 0, None, None
        network.timings.reset()
        headers = self._headers()
        masking = self._record.masking
        started = AttemptStarted(
            at=time.time(),
            number=self._number(),
            phase="events",
            method="GET",
            url=masking.url(url),
            headers=masking.headers(headers),
        )
        self._record.emit(started)
        note = "the stream ended"
        try:
            sent = {name.encode(): value.encode() for name, value in headers.items()}
            with client.stream("GET", url, headers=sent) as response:
                progress.code = response.status_code
                self._take(response, output)
        except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
            note = f"event stream failed: {str(error) or type(error).__name__}; polling carries on"
        except Interrupted:
            note = "ended with the run"
            raise
        except _Ended as reason:
            note = f"event stream failed: {reason}; polling carries on"
            raise
        finally:
            output.rest()
            self._record.emit(self._ended(started.number, network, masking.url(note)))
        progress.failures += 1
        if progress.failures >= _MOST_FAILURES:
            raise _Ended(f"{progress.failures} connections in a row brought nothing")

    def _headers(self) -> dict[str, str]:
        own = {"accept": "text/event-stream", "cache-control": "no-store"}
        if self._progress.last_id:
            own["last-event-id"] = self._progress.last_id
        rest = with_own_headers(self._request.headers)
        return {k: v for k, v in rest.items() if k.lower() not in own} | own

    def _take(self, response: httpx.Response, output: LiveOutput) -> None:
        progress = self._progress
        if response.status_code >= 500 or response.status_code == 429:
            raise httpx.HTTPError(f"HTTP {response.status_code}")
        if response.status_code != 200:
            raise _Ended(f"HTTP {response.status_code}")
        if (coding := response.headers.get("content-encoding", "identity")) != "identity":
            raise _Ended(f"it is compressed ({coding}), which was not asked for")
        response.encoding = "utf-8"  # the only one that events have, whatever the server says
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Bounded(response.stream, progress)
        for event in self._events(response):
            progress.failures = 0
            progress.last_id = event.id or progress.last_id
            if event.retry is not None:
                progress.reconnect = min(max(event.retry, 100), _LONGEST_RECONNECT_MS) / 1000
            if event.data:
                label = "" if event.event == "message" else f"[{event.event}] "
                output.write(label + event.data)
                self._look_for_status(event.data)

    def _events(self, response: httpx.Response) -> Iterator[httpx_sse.ServerSentEvent]:
        try:
            yield from httpx_sse.EventSource(response).iter_sse()
        except httpx_sse.SSEError as error:
            raise _Ended(str(error)) from None  # it will not be another type the next time

    def _look_for_status(self, data: str) -> None:
        body = data.encode(errors="replace")
        try:
            status = document.status_in(
                document.parse(body, len(body)), self._poll.status_path, body
            )
        except Unreadable:
            return  # most events are about something else
        self._progress.status = self._record.masking.scrub(status)[:LONGEST_STATUS]
        if status in self._poll.terminal:
            self._push(status)

    def _ended(self, number: int, network: GatedNetwork, note: str) -> AttemptEnded:
        return AttemptEnded(
            at=time.time(),
            number=number,
            phase="events",
            code=self._progress.code,
            status=self._progress.status,
            size=self._progress.size,
            connect_seconds=network.timings.connect,
            tls_seconds=network.timings.tls,
            wait_seconds=None,
            body_seconds=None,
            headers={},
            body=None,
            note=note,
            next_seconds=None,
        )


class _Bounded(httpx.SyncByteStream):
    """A stream that ends with an error when one event of it would fill the memory."""

    def __init__(self, stream: httpx.SyncByteStream, progress: _Progress) -> None:
        self._stream = stream
        self._progress = progress

    def __iter__(self) -> Iterator[bytes]:
        pending, before = 0, b""
        for chunk in self._stream:
            self._progress.size += len(chunk)
            seen = before + chunk  # the blank line after an event may come in two pieces
            end = max(seen.rfind(blank) for blank in (b"\n\n", b"\r\n\r\n", b"\r\r"))
            pending = pending + len(chunk) if end < 0 else len(seen) - end
            before = seen[-3:]
            if pending > _LARGEST_EVENT_BYTES:
                raise httpx.StreamError(f"one event is larger than {_LARGEST_EVENT_BYTES} bytes")
            yield chunk

    def close(self) -> None:
        self._stream.close()

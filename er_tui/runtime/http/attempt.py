# SPDX-License-Identifier: AGPL-3.0-or-later
"""One request and its whole response: sent, redirected or not, stored, timed."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from er_tui.journal.events import AttemptEnded, AttemptStarted
from er_tui.runtime.http.bodies import Bodies, Body, BodyNotStored, BodyTooLarge
from er_tui.runtime.http.gate import Gate, abandonable
from er_tui.runtime.http.network import Timings
from er_tui.runtime.http.policy import Answer, Came, Failure, Phase, Send
from er_tui.runtime.http.redirects import RedirectRefused, follow
from er_tui.runtime.recording import RunRecord
from er_tui.rxp.metadata.http import RequestSettings

LONGEST_STATUS = 200
"""In characters, as it is journaled: a stranger may say anything."""

_BODY_NAMES: dict[Phase, str] = {"request": "response", "kickoff": "kickoff"}


class Attempt:
    """A request of the run, from its start to what came of it."""

    def __init__(self, step: Send, started: AttemptStarted) -> None:
        self.step = step
        self.phase = step.phase
        self.started = started
        self.told = False
        self.came: Came = None
        self.code: int | None = None
        self.size = 0
        self.body: str | None = None
        """Where the body stays, relative to the run directory."""
        self.stored: str | None = None
        """Where it is now: a later poll may take its place."""
        self.headers: Mapping[str, str] = {}
        self.shown_headers: dict[str, str] = {}
        self.notes: list[str] = []
        self.connect: float | None = None
        self.tls: float | None = None
        self.wait: float | None = None
        self.transfer: float | None = None

    def ended(
        self, status: str | None, note: str | None, next_seconds: float | None
    ) -> AttemptEnded:
        notes = [*self.notes, *([note] if note else [])]
        return AttemptEnded(
            at=time.time(),
            number=self.started.number,
            phase=self.phase,
            code=self.code,
            status=status,
            size=self.size,
            connect_seconds=self.connect,
            tls_seconds=self.tls,
            wait_seconds=self.wait,
            body_seconds=self.transfer,
            headers=self.shown_headers,
            body=self.body,
            note="; ".join(notes) or None,
            next_seconds=next_seconds,
        )


class Sender:
    """Sends the requests of one run over its client.

    ``timings`` are those of our own network, which stops by itself; without them the client is
    somebody else's, and a request under way is left to a thread of its own when the run ends.
    """

    def __init__(
        self,
        record: RunRecord,
        settings: RequestSettings,
        client: httpx.Client,
        bodies: Bodies,
        gate: Gate,
        timings: Timings | None,
    ) -> None:
        self._record = record
        self._settings = settings
        self._client = client
        self._bodies = bodies
        self._gate = gate
        self._timings = timings
        self._numbers = itertools.count(1)
        self._headers = with_own_headers(settings.headers)
        self._shown_headers = record.masking.headers(self._headers)
        self._poll: httpx.Request | None = None

    def number(self) -> int:
        """The number of the next attempt; callable from any thread."""
        return next(self._numbers)

    def begin(self, step: Send) -> Attempt:
        started = AttemptStarted(
            at=time.time(),
            number=self.number(),
            phase=step.phase,
            method=step.method,
            url=self._record.masking.url(step.url),
            headers=self._shown_headers,
        )
        return Attempt(step, started)

    def carry_out(self, attempt: Attempt) -> None:
        """Send it and take in the response; afterwards ``came`` is set. Raises Interrupted."""
        if self._timings is None:
            abandonable(self._gate, lambda: self._once(attempt), None)
            return
        self._once(attempt)
        if self._met_a_stale_connection(attempt):
            attempt.notes.append("sent again: the kept connection had been closed")
            self._once(attempt)

    def _met_a_stale_connection(self, attempt: Attempt) -> bool:
        """A server may close a kept connection just as a poll is sent on it; that says nothing."""
        return (
            attempt.phase == "poll"
            and isinstance(attempt.came, Failure)
            and attempt.came.kind == "network"
            and attempt.code is None
            and self._timings is not None
            and self._timings.connect is None
        )

    def _once(self, attempt: Attempt) -> None:
        if self._timings is not None:
            self._timings.reset()
        try:
            attempt.came = self._exchange(attempt, self._request(attempt.step))
        except httpx.TimeoutException as error:
            attempt.came = Failure("timeout", self._words(error), attempt.code)
        except RedirectRefused as error:
            attempt.came = Failure("redirect", str(error), attempt.code)
        except BodyNotStored as error:
            self._gate.check()
            attempt.came = Failure("storage", str(error), attempt.code)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            attempt.came = Failure("network", self._words(error), attempt.code)
        finally:
            if self._timings is not None:
                attempt.connect, attempt.tls = self._timings.connect, self._timings.tls

    def _request(self, step: Send) -> httpx.Request:
        if step.phase != "poll":
            return self._client.build_request(step.method, step.url, **self._content(step))
        # Polls are all alike: making a request costs a quarter of sending it. A cookie that the
        # server sets goes into each one anew.
        if self._poll is None or self._client.cookies:
            self._poll = self._client.build_request("GET", step.url, headers=self._headers)
        return self._poll

    def _content(self, step: Send) -> dict[str, Any]:
        payload = self._settings.payload
        if not step.with_body or payload is None:
            return {"headers": self._headers}
        named = {name.lower() for name in self._headers}
        kind = {} if "content-type" in named else {"content-type": payload.content_type}
        return {"headers": self._headers | kind, "content": payload.content}

    def _exchange(self, attempt: Attempt, request: httpx.Request) -> Came:
        masking = self._record.masking
        while True:
            start = time.monotonic()
            response = self._client.send(request, stream=True, follow_redirects=False)
            try:
                attempt.code = response.status_code
                spent = time.monotonic() - start
                for part in (self._timings.connect, self._timings.tls) if self._timings else ():
                    spent -= part or 0.0
                attempt.wait = max(0.0, spent)
                attempt.headers = {k.lower(): v for k, v in response.headers.items()}
                attempt.shown_headers = masking.answered_headers(attempt.headers)
                target = follow(request, response, self._settings, masking.url)
                if target is None:
                    return self._take_body(attempt, response)
                pointed = masking.url(str(target.url))
                attempt.notes.append(f"redirected by {response.status_code} to {pointed}")
                request = target
            finally:
                response.close()

    def _take_body(self, attempt: Attempt, response: httpx.Response) -> Came:
        start = time.monotonic()
        body = self._bodies.new()
        try:
            try:
                for chunk in _raw(response):
                    self._gate.check()
                    body.write(chunk)
            finally:
                attempt.size = body.size
                attempt.transfer = time.monotonic() - start
                # What came of a body that was cut off is kept too.
                if not isinstance(sys.exception(), BodyNotStored):
                    self._keep(attempt, body)
        except BodyTooLarge as error:
            return Failure("too_large", f"response is {error}", attempt.code)
        finally:
            body.close()
        return Answer(response.status_code, attempt.headers, body.head, body.size)

    def _keep(self, attempt: Attempt, body: Body) -> None:
        digest = body.end()
        if attempt.phase == "poll":
            attempt.body, attempt.stored = self._bodies.keep_poll(body, digest, attempt.headers)
        elif attempt.phase in _BODY_NAMES:
            attempt.body = attempt.stored = body.keep(_BODY_NAMES[attempt.phase], attempt.headers)

    def _words(self, error: BaseException) -> str:
        return self._record.masking.url(str(error)) or type(error).__name__


_OWN_HEADERS = {
    "user-agent": "er-tui",
    "accept": "*/*",
    # A compressed body can unfold to a thousand times its size.
    "accept-encoding": "identity",
}


def with_own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an invocation, and ours where it does not name its own."""
    named = {name.lower() for name in headers}
    return {k: v for k, v in _OWN_HEADERS.items() if k not in named} | dict(headers)


def _raw(response: httpx.Response) -> Iterable[bytes]:
    """The body as it comes; of a response that a test made, as it is."""
    if response.is_stream_consumed:
        return (response.content,)
    return response.iter_raw()

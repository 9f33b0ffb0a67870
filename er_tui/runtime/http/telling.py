# SPDX-License-Identifier: AGPL-3.0-or-later
"""A cancel, told to the backend beside the end of the run, in five seconds at most."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import httpx

from er_tui.journal.events import AttemptEnded, AttemptStarted, Noted
from er_tui.runtime.http.gate import DeadlinePassed, Gate, Interrupted
from er_tui.runtime.http.network import GatedNetwork
from er_tui.runtime.http.settings import RUN_ID, RequestSettings
from er_tui.runtime.http.transport import make_client
from er_tui.runtime.recording import RunRecord

_SECONDS = 5.0
_under_way: set[threading.Thread] = set()


def tell_backend(
    record: RunRecord,
    settings: RequestSettings,
    run_id: str | None,
    number: int,
    client: httpx.Client | None,
) -> None:
    """Send the cancel request of the invocation, if it has one, and return at once.

    Its attempt is journaled when it is over, after the end of the run as a rule. The thread is no
    daemon: a program that exits right after the run still tells.
    """
    url = settings.cancel_url
    if url is None:
        return
    if RUN_ID in url and run_id is None:
        words = "the backend was not told of the end: it had not named the run yet"
        record.emit(Noted(at=time.time(), text=words))
        return
    url = url.replace(RUN_ID, run_id or "")
    thread = threading.Thread(
        target=_tell, args=(record, settings, url, number, client), name="cancel-call"
    )
    _under_way.add(thread)
    thread.start()


def wait_until_told(seconds: float) -> None:
    """Give the calls under way that long; for whoever leaves without Python's own clean-up."""
    until = time.monotonic() + seconds
    for thread in list(_under_way):
        thread.join(max(0.0, until - time.monotonic()))


def _tell(
    record: RunRecord,
    settings: RequestSettings,
    url: str,
    number: int,
    client: httpx.Client | None,
) -> None:
    until = time.monotonic() + _SECONDS

    def check() -> None:
        if time.monotonic() >= until:
            raise DeadlinePassed

    waker = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    network = GatedNetwork(Gate(waker, check, until))
    masking = record.masking
    record.emit(
        AttemptStarted(
            at=time.time(),
            number=number,
            phase="cancel",
            method=settings.cancel_method,
            url=masking.url(url),
            headers=masking.headers(settings.headers),
        )
    )
    code: int | None = None
    note: str | None = None
    start = time.monotonic()
    try:
        code = _send(settings, url, client, lambda: make_client(network, settings.verify))
    except Interrupted:
        note = f"the backend did not answer within {_SECONDS:.0f} s"
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        note = masking.scrub(f"the backend could not be told: {error}")
    finally:
        os.close(waker)
    record.emit(
        AttemptEnded(
            at=time.time(),
            number=number,
            phase="cancel",
            code=code,
            status=None,
            size=0,
            connect_seconds=network.timings.connect,
            tls_seconds=network.timings.tls,
            wait_seconds=time.monotonic() - start if code is not None else None,
            body_seconds=None,
            headers={},
            body=None,
            note=note,
            next_seconds=None,
        )
    )
    _under_way.discard(threading.current_thread())


def _send(
    settings: RequestSettings,
    url: str,
    client: httpx.Client | None,
    make: Callable[[], httpx.Client],
) -> int:
    """The code of the answer; its body is of no interest. Redirects are not followed."""
    own = make() if client is None else None
    try:
        with (own or client or make()).stream(
            settings.cancel_method,
            url,
            headers=dict(settings.headers),
            follow_redirects=False,
            timeout=_SECONDS,
        ) as response:
            return response.status_code
    finally:
        if own is not None:
            own.close()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A cancel, told to the backend beside the end of the run, in five seconds at most."""

from __future__ import annotations

import os
import threading
import time
from functools import partial

import httpx

from er_tui.journal.events import AttemptEnded, AttemptStarted, Noted
from er_tui.runtime.http.attempt import with_own_headers
from er_tui.runtime.http.gate import DeadlinePassed, Gate, Interrupted, abandonable
from er_tui.runtime.http.network import GatedNetwork, Timings
from er_tui.runtime.http.transport import make_client
from er_tui.runtime.recording import RunRecord
from er_tui.rxp.metadata.http import RUN_ID, RequestSettings

_SECONDS = 5.0


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
    record.farewell = thread
    thread.start()


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
    gate = Gate(waker, check, lambda: until)
    network = GatedNetwork(gate)
    masking = record.masking
    record.emit(
        AttemptStarted(
            at=time.time(),
            number=number,
            phase="cancel",
            method=settings.cancel_method,
            url=masking.url(url),
            headers=masking.headers(with_own_headers(settings.headers)),
        )
    )
    code: int | None = None
    note: str | None = None
    start = time.monotonic()
    try:
        code = _send(settings, url, client, gate, network)
    except Interrupted:
        note = f"the backend did not answer within {_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 - the client may be a stranger's
        note = masking.url(f"the backend could not be told: {str(error) or type(error).__name__}")
    finally:
        os.close(waker)
    spent = time.monotonic() - start if code is not None else None
    record.emit(_ended(number, code, note, spent, network.timings))


def _ended(
    number: int, code: int | None, note: str | None, spent: float | None, timings: Timings
) -> AttemptEnded:
    return AttemptEnded(
        at=time.time(),
        number=number,
        phase="cancel",
        code=code,
        status=None,
        size=0,
        connect_seconds=timings.connect,
        tls_seconds=timings.tls,
        wait_seconds=spent,
        body_seconds=None,
        headers={},
        body=None,
        note=note,
        next_seconds=None,
    )


def _send(
    settings: RequestSettings,
    url: str,
    client: httpx.Client | None,
    gate: Gate,
    network: GatedNetwork,
) -> int:
    """The code of the answer. Raises Interrupted, and whatever the client raises."""
    if client is not None:  # nothing but leaving it to itself ends somebody else's
        return abandonable(gate, partial(_send_over, client, settings, url), None)
    with make_client(network, settings.verify) as own:
        return _send_over(own, settings, url)


def _send_over(client: httpx.Client, settings: RequestSettings, url: str) -> int:
    """The code of the answer; its body is of no interest. Redirects are not followed."""
    with client.stream(
        settings.cancel_method,
        url,
        headers=with_own_headers(settings.headers),
        follow_redirects=False,
        timeout=_SECONDS,
    ) as response:
        return response.status_code

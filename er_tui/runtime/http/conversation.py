# SPDX-License-Identifier: AGPL-3.0-or-later
"""The driver: takes the steps of a policy, and records each attempt."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

from er_tui.runtime.http.attempt import LONGEST_STATUS, Attempt, Sender
from er_tui.runtime.http.gate import Gate
from er_tui.runtime.http.policy import (
    Came,
    Known,
    Phase,
    Policy,
    Pushed,
    Send,
    Verdict,
    Wait,
)
from er_tui.runtime.recording import RunRecord

Sleep = Callable[[float], Any]


class Conversation:
    """Drives one policy. Interrupted comes out of :meth:`run` when the run is cut short."""

    def __init__(
        self,
        record: RunRecord,
        sender: Sender,
        gate: Gate,
        sleep: Sleep | None,
        on_known: Callable[[str | None], None] = lambda _run_id: None,
    ) -> None:
        self._record = record
        self._sender = sender
        self._gate = gate
        self._sleep = sleep
        self._on_known = on_known
        self._nudge = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._pushed: str | None = None
        self.phase: Phase = "request"
        """Of the last request."""
        self.polls = 0
        self.kept: dict[str, Attempt] = {}
        """The last attempt of each phase that has a body."""

    def push(self, status: str) -> None:
        """Tell a status that came by another way; callable from any thread."""
        self._pushed = status
        os.eventfd_write(self._nudge, 1)

    def close(self) -> None:
        os.close(self._nudge)

    def run(self, policy: Policy) -> Verdict:
        """Take every step of ``policy``; its verdict. Raises Interrupted."""
        came: Came = None
        attempt: Attempt | None = None
        while True:
            try:
                step = policy.send(came)
            except StopIteration as stop:
                verdict: Verdict = stop.value
                self._told(attempt, status=verdict.seen, note=verdict.error_summary)
                return verdict
            if isinstance(step, Known):
                self._told(attempt)
                self._on_known(step.run_id)
                came = None
            elif isinstance(step, Wait):
                seconds = self._within_deadline(step.seconds)
                self._told(attempt, status=step.status, note=step.note, next_seconds=seconds)
                came, attempt = self._wait(seconds), None
            else:
                self._told(attempt)
                attempt = self._send(step)
                came = attempt.came

    def _send(self, step: Send) -> Attempt:
        self._gate.check()
        self.phase = step.phase
        if step.phase == "poll":
            self.polls += 1
        attempt = self._sender.begin(step)
        self._record.emit(attempt.started)
        try:
            self._sender.carry_out(attempt)
        except BaseException:
            self._told(attempt, note="cut short")
            raise
        if attempt.stored is not None:
            self.kept[attempt.phase] = attempt
        return attempt

    def _told(
        self,
        attempt: Attempt | None,
        status: str | None = None,
        note: str | None = None,
        next_seconds: float | None = None,
    ) -> None:
        """Journal the end of an attempt with what the policy made of it."""
        if attempt is not None and not attempt.told:
            attempt.told = True
            scrub = self._record.masking.scrub
            note = None if note is None else scrub(note)
            status = None if status is None else scrub(status)[:LONGEST_STATUS]
            self._record.emit(attempt.ended(status, note, next_seconds))

    def _within_deadline(self, seconds: float) -> float:
        left = self._record.control.remaining()
        return seconds if left is None else min(seconds, left)

    def _wait(self, seconds: float) -> Pushed | None:
        self._gate.check()
        if self._sleep is not None:
            self._sleep(seconds)
        elif self._pushed is None:
            self._gate.wait({self._nudge: select.POLLIN}, seconds)
        self._gate.check()
        status, self._pushed = self._pushed, None
        return None if status is None else Pushed(status)

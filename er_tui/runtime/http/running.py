# SPDX-License-Identifier: AGPL-3.0-or-later
"""An HTTP run from its settings to its result, whatever policy it follows."""

from __future__ import annotations

import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx

from er_tui.journal.events import CancelRequested, Noted
from er_tui.journal.events import DeadlinePassed as DeadlinePassedEvent
from er_tui.journal.run_directory import words_of
from er_tui.runtime.http.attempt import Sender
from er_tui.runtime.http.bodies import Bodies
from er_tui.runtime.http.conversation import Conversation, Sleep
from er_tui.runtime.http.event_stream import EventStream
from er_tui.runtime.http.gate import Cancelled, DeadlinePassed, Gate, Interrupted
from er_tui.runtime.http.network import GatedNetwork
from er_tui.runtime.http.policy import Policy, Surroundings
from er_tui.runtime.http.telling import tell_backend
from er_tui.runtime.http.transport import make_client
from er_tui.runtime.recording import RunRecord
from er_tui.runtime.signals import sigterm_cancels
from er_tui.rxp import ArtifactDescriptor, RuntimeResult, RuntimeStatus
from er_tui.rxp.metadata.http import RUN_ID, PollSettings, RequestSettings
from er_tui.rxp.metadata.rejection import Rejection

_ARTIFACTS = {"request": "response", "kickoff": "kickoff", "poll": "poll-last"}


class HttpRun:
    """One run. ``client`` and ``sleep`` are somebody else's, or None for ours."""

    def __init__(
        self,
        record: RunRecord,
        request: RequestSettings,
        poll: PollSettings | None,
        client: httpx.Client | None,
        sleep: Sleep | None,
    ) -> None:
        assert record.directory is not None
        self._record = record
        self._request = request
        self._poll = poll
        self._client = client
        self._sleep = sleep
        self._backend_run_id: str | None = None
        self._events: EventStream | None = None
        self._bodies = Bodies(record.directory, request.max_body_bytes)
        for secret in request.secrets:
            record.masking.learn(secret)
        for key, url in _urls(request, poll):
            self._check(key, url)

    def _check(self, key: str, url: str) -> None:
        """Raises Rejection for a URL that no request could be made of."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise Rejection(f"metadata 'http.{key}' must be a usable URL: {error}") from None
        if parsed.userinfo:
            # As a server sees it, and may repeat it.
            pair = f"{parsed.username}:{parsed.password}".encode()
            self._record.masking.learn(b64encode(pair).decode())

    def run(self, policy: Policy) -> RuntimeResult:
        """Block until the verdict, the deadline or a cancel; the result."""
        control = self._record.control
        with sigterm_cancels(control, self._record), control.woken() as waker:
            gate = Gate.of_run(control, waker)
            network = GatedNetwork(gate)
            client = self._client or make_client(network, self._request.verify)
            try:
                return self._converse(policy, gate, client, network)
            finally:
                if self._client is None:
                    client.close()

    def _converse(
        self, policy: Policy, gate: Gate, client: httpx.Client, network: GatedNetwork
    ) -> RuntimeResult:
        timings = network.timings if self._client is None else None
        sender = Sender(self._record, self._request, client, self._bodies, gate, timings)
        conversation = Conversation(
            self._record, sender, gate, self._sleep, self._known(sender.number)
        )
        self._push = conversation.push
        try:
            verdict = conversation.run(policy)
            status: RuntimeStatus = verdict.status
            exit_code, summary = verdict.exit_code, verdict.error_summary
        except Interrupted as interrupt:
            exit_code = None
            status, summary = self._interrupted(interrupt, conversation)
            self._tell(sender)
        except (KeyboardInterrupt, SystemExit):
            self._tell(sender)
            raise
        finally:
            if self._events is not None:
                self._events.stop()
            conversation.close()
        return self._result(status, exit_code, summary, conversation)

    def _tell(self, sender: Sender) -> None:
        tell_backend(
            self._record, self._request, self._backend_run_id, sender.number(), self._client
        )

    def _known(self, number: Callable[[], int]) -> Callable[[str | None], None]:
        """What is to be done once the backend has taken the run on."""

        def known(run_id: str | None) -> None:
            self._backend_run_id = run_id
            poll = self._poll
            if poll is None or poll.events_url is None:
                return
            if RUN_ID in poll.events_url and run_id is None:
                words = "no event stream: the backend has not named the run"
                self._record.emit(Noted(at=time.time(), text=words))
                return
            url = poll.events_url.replace(RUN_ID, run_id or "")
            try:
                self._events = EventStream(self._record, self._request, poll, number, self._push)
                self._events.start(url)
            except OSError as error:
                words = f"no event stream: it cannot be captured: {words_of(error)}"
                self._record.emit(Noted(at=time.time(), text=words))

        return known

    def _interrupted(
        self, interrupt: Interrupted, conversation: Conversation
    ) -> tuple[RuntimeStatus, str]:
        phase = conversation.phase
        where = f"poll {conversation.polls}" if phase == "poll" else phase
        now = time.time()
        if isinstance(interrupt, DeadlinePassed):
            timeout = self._record.invocation.timeout_seconds
            assert timeout is not None
            self._record.emit(
                DeadlinePassedEvent(at=now, timeout_seconds=timeout, grace_seconds=0.0)
            )
            return "timed_out", f"exceeded timeout of {timeout} seconds (at {where})"
        assert isinstance(interrupt, Cancelled)
        reason = self._record.control.cancellations[0].reason
        self._record.emit(CancelRequested(at=now, reason=reason, grace_seconds=0.0))
        return "cancelled", reason

    def _result(
        self,
        status: RuntimeStatus,
        exit_code: int | None,
        summary: str | None,
        conversation: Conversation,
    ) -> RuntimeResult:
        output = self._events.output if self._events is not None else None
        facts: dict[str, str] = {}
        if self._backend_run_id is not None:
            facts["backend_run_id"] = self._record.masking.scrub(self._backend_run_id)
        if conversation.polls:
            facts["polls"] = str(conversation.polls)
        if self._bodies.polls_dropped:
            facts["poll_bodies_not_kept"] = str(self._bodies.polls_dropped)
        if output is not None and output.full:
            facts["events_not_kept"] = "past http.max_body_bytes"
        return self._record.result(
            status,
            exit_code=exit_code,
            error_summary=summary,
            stdout_path=output.path if output is not None else None,
            artifacts=self._artifacts(conversation),
            metadata=facts,
        )

    def _artifacts(self, conversation: Conversation) -> list[ArtifactDescriptor]:
        assert self._record.directory is not None
        return [
            ArtifactDescriptor(
                artifact_id=_ARTIFACTS[phase],
                path=f"{self._record.directory.path}/{attempt.stored}",
                kind="http_response",
                description=f"body of attempt {attempt.started.number}, HTTP {attempt.code}",
                metadata={
                    "content_type": attempt.headers.get("content-type", ""),
                    "http_status": str(attempt.code),
                },
            )
            for phase, attempt in conversation.kept.items()
            if phase in _ARTIFACTS
        ]


def _urls(request: RequestSettings, poll: PollSettings | None) -> Iterator[tuple[str, str]]:
    """Every URL of the settings, with its key and some run id in it."""
    yield "url", request.url
    templates = {"cancel_url_template": request.cancel_url}
    if poll is not None:
        templates |= {"poll_url_template": poll.url, "events_url_template": poll.events_url}
    for key, template in templates.items():
        if template is not None:
            yield key, template.replace(RUN_ID, "x")


def surroundings() -> Surroundings:
    """The real ones."""
    return Surroundings(random=random.random, now=lambda: datetime.now(UTC))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""One poll loop a run: exit, output, cancel and deadline are waited for together.

The leader is not reaped before its group is dealt with, so the group's number stays ours while it
is signalled. A run is over when the leader is dead and, after a cancel or timeout, no live member
of its group is left; the end of a pipe says nothing about that and is never waited for.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from er_tui.journal.events import (
    CancelRequested,
    DeadlinePassed,
    Member,
    MembersSwept,
    Noted,
    ProcessExited,
    ProcessSpawned,
    SignalSent,
)
from er_tui.journal.identity import identify
from er_tui.runtime.control import pause_ms
from er_tui.runtime.process.capture import Capture, CaptureError, Stream
from er_tui.runtime.process.exits import Exit, reap
from er_tui.runtime.process.group import (
    group_exists,
    live_members,
    signal_group,
    signal_members,
)
from er_tui.runtime.process.settings import ProcessSettings
from er_tui.runtime.recording import RunRecord

Cause: TypeAlias = Literal["exited", "cancelled", "timed_out", "capture_failed"]

_SHOWN_COMMAND = 200
_RESCAN_SECONDS = 0.02
_SWEEP_GRACE_SECONDS = 0.05
_UNKILLABLE_SECONDS = 5.0
"""After SIGKILL; what is alive then hangs in the kernel or is another user's by now."""


class Ending(NamedTuple):
    """Why and how a process run ended."""

    cause: Cause
    reason: str
    exit: Exit
    killed: bool
    """Whether SIGKILL was needed."""
    swept: tuple[Member, ...]
    survivors: tuple[Member, ...]


class Supervisor:
    """Watches one child from its spawn to its end. Used once, by one thread."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        record: RunRecord,
        capture: Capture,
        settings: ProcessSettings,
        overlay: Mapping[str, str],
    ) -> None:
        self._child = child
        self._overlay = overlay
        self._pgid = child.pid
        self._record = record
        self._control = record.control
        self._capture = capture
        self._settings = settings
        self._cause: Cause = "exited"
        self._reason = ""
        self._exited = False
        self._kill_at: float | None = None
        self._killed_at: float | None = None
        self._rescan_at = 0.0
        self._swept: tuple[Member, ...] = ()
        self._survivors: tuple[Member, ...] = ()

    def run(self) -> Ending:
        """Block until the run is over. An exception on the way ends the group at once."""
        try:
            # Recorded while the child runs already: nobody has to wait for it.
            self._record.write_environment(self._overlay)
            now = time.time()
            self._record.emit(ProcessSpawned(at=now, process=identify(self._child.pid)))
            try:
                pidfd = os.pidfd_open(self._child.pid)
            except ProcessLookupError:
                return self._end()  # gone, and not through us: its status is lost
            try:
                with self._control.woken() as waker:
                    self._loop(pidfd, waker)
            finally:
                os.close(pidfd)
            return self._end()
        except BaseException:
            if self._child.returncode is None:  # else it is reaped, and the number a stranger's
                self._abort()
            raise

    def _abort(self) -> None:
        """End the group at once and keep what it wrote."""
        signal_group(self._pgid, signal.SIGKILL)  # before all else: the rest may fail too
        sent = SignalSent(at=time.time(), signal="SIGKILL", pgid=self._pgid)
        self._record.emit(sent)
        try:
            os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            pass  # its status went elsewhere
        self._end()

    def _loop(self, pidfd: int, waker: int) -> None:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.register(waker, select.POLLIN)
        streams = {stream.pipe: stream for stream in self._capture.streams}
        for pipe in streams:
            poll.register(pipe, select.POLLIN)
        while True:
            # Before the first wait too: a cancel may have come before there was a waker.
            if not self._exited or self._cause != "exited":
                self._steer()
            self._flush_if_due()
            if self._over():
                return
            for descriptor, _ in poll.poll(self._pause_ms()):
                if descriptor == pidfd:
                    self._exited = True
                    poll.unregister(pidfd)
                elif descriptor == waker:
                    os.eventfd_read(waker)
                elif not self._pump(streams[descriptor]):
                    poll.unregister(descriptor)

    def _pump(self, stream: Stream) -> bool:
        """Whether the stream is worth watching on."""
        try:
            self._capture.pump(stream)
        except CaptureError as error:
            self._record.emit(Noted(at=time.time(), text=f"capture failed: {error}"))
            reason = f"capture failed: {error}"
            self._begin_end("capture_failed", reason, self._settings.grace_seconds)
            return False
        return stream.open

    def _steer(self) -> None:
        """Act on cancels and on the clock."""
        requests = self._control.cancellations
        if self._cause == "exited":
            if requests:
                first = requests[0]
                grace = self._settings.grace_seconds
                if first.grace_seconds is not None:
                    grace = min(grace, first.grace_seconds)
                now = time.time()
                self._record.emit(CancelRequested(at=now, reason=first.reason, grace_seconds=grace))
                self._begin_end("cancelled", first.reason, grace)
            elif self._control.remaining() == 0.0:
                self._time_out()
        if self._cause != "exited" and self._killed_at is None:
            # A later request can only shorten the grace: a second press means at once.
            at_once = len(requests) > (1 if self._cause == "cancelled" else 0)
            if at_once or (self._kill_at is not None and time.monotonic() >= self._kill_at):
                self._kill()

    def _time_out(self) -> None:
        timeout = self._record.invocation.timeout_seconds
        assert timeout is not None
        grace = self._settings.grace_seconds
        self._record.emit(
            DeadlinePassed(at=time.time(), timeout_seconds=timeout, grace_seconds=grace)
        )
        self._begin_end("timed_out", f"process exceeded timeout of {timeout} seconds", grace)

    def _begin_end(self, cause: Cause, reason: str, grace: float) -> None:
        if self._cause != "exited":
            return
        self._cause, self._reason = cause, reason
        self._kill_at = time.monotonic() + grace
        self._signal(signal.SIGTERM)
        signal_group(self._pgid, signal.SIGCONT)  # a stopped process cannot act on SIGTERM

    def _kill(self) -> None:
        self._killed_at = time.monotonic()
        self._signal(signal.SIGKILL, self._members())

    def _signal(self, number: signal.Signals, members: tuple[Member, ...] = ()) -> None:
        signal_group(self._pgid, number)
        self._record.emit(
            SignalSent(at=time.time(), signal=number.name, pgid=self._pgid, members=members)
        )

    def _over(self) -> bool:
        hopeless = self._hopeless()
        if not self._exited and not hopeless:
            return False
        if self._cause == "exited":
            return True
        if time.monotonic() < self._rescan_at:
            return False
        self._rescan_at = time.monotonic() + _RESCAN_SECONDS
        members = self._members()
        if not members:
            return True
        if hopeless:
            self._survivors = members
            return True
        if self._killed_at is not None:
            signal_group(self._pgid, signal.SIGKILL)  # one forked while it was being killed
        return False

    def _hopeless(self) -> bool:
        killed_at = self._killed_at
        return killed_at is not None and time.monotonic() - killed_at >= _UNKILLABLE_SECONDS

    def _pause_ms(self) -> float | None:
        moments = [self._capture.flush_due()]
        if self._cause == "exited":
            moments.append(self._control.deadline)
        else:
            if self._killed_at is None:
                moments.append(self._kill_at)
            else:
                moments.append(self._killed_at + _UNKILLABLE_SECONDS)
            if self._exited:
                moments.append(self._rescan_at)
        due = [moment for moment in moments if moment is not None]
        return pause_ms(min(due) - time.monotonic()) if due else None

    def _flush_if_due(self) -> None:
        due = self._capture.flush_due()
        if due is not None and time.monotonic() >= due:
            self._capture.flush()

    def _end(self) -> Ending:
        """The leader is dead: take the last output, its status, and what it left behind."""
        self._take_rest()
        if self._kill_at is not None:
            # Who forks and exits over and over may slip through every look at /proc. The leader's
            # zombie still pins the number, so this reaches the group or nobody.
            signal_group(self._pgid, signal.SIGKILL)
        ended = self._take_status()
        # After a cancel or timeout the group is empty; else it may hold what the leader left.
        if self._kill_at is None and not self._settings.linger and group_exists(self._pgid):
            self._sweep()
            self._take_rest()
        self._capture.flush()
        return Ending(
            self._cause,
            self._reason,
            ended,
            self._killed_at is not None,
            self._swept,
            self._survivors,
        )

    def _take_status(self) -> Exit:
        if any(member.pid == self._pgid for member in self._survivors):
            return Exit(None, None)  # the leader lives: to wait for it would be for ever
        ended = reap(self._child)
        self._record.emit(ProcessExited(at=time.time(), exit_code=ended.code, signal=ended.signal))
        return ended

    def _take_rest(self) -> None:
        try:
            self._capture.drain()
        except CaptureError as error:
            self._record.emit(Noted(at=time.time(), text=f"capture failed: {error}"))
            if self._cause == "exited":
                self._cause, self._reason = "capture_failed", f"capture failed: {error}"

    def _sweep(self) -> None:
        """End what the leader left behind in its group: SIGTERM, a moment, SIGKILL."""
        members = self._members()
        if not members or any(member.pid == self._pgid for member in members):
            return  # nobody, or the reaped leader's number is a stranger's by now
        self._swept = members
        signal_members(list(members), self._pgid, signal.SIGTERM)
        signal_members(list(members), self._pgid, signal.SIGCONT)
        kill_at = time.monotonic() + _SWEEP_GRACE_SECONDS
        give_up_at = kill_at + _UNKILLABLE_SECONDS
        poll = select.poll()
        while (left := self._members()) and time.monotonic() < give_up_at:
            if time.monotonic() >= kill_at:
                signal_members(list(left), self._pgid, signal.SIGKILL)
            poll.poll(_RESCAN_SECONDS * 1000 / 4)
        self._survivors = left
        self._record.emit(MembersSwept(at=time.time(), members=members))

    def _members(self) -> tuple[Member, ...]:
        # Scrubbed whole: a secret that is cut is not found.
        scrub = self._record.masking.scrub
        return tuple(
            Member(m.pid, scrub(m.command)[:_SHOWN_COMMAND]) for m in live_members(self._pgid)
        )

# SPDX-License-Identifier: AGPL-3.0-or-later
"""One poll loop a run: exit, output, orders, cancel and deadline are waited for together.

The leader is not reaped before its group is dealt with, so the group's number stays ours while it
is signalled. A run is over when the leader is dead and, after a cancel or timeout, nothing of it is
alive; the end of a pipe says nothing about that and is never waited for.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping

from er_tui.journal.events import (
    CancelRequested,
    DeadlinePassed,
    InputSent,
    Noted,
    ProcessExited,
    ProcessIdentity,
    ProcessSpawned,
    SignalSent,
)
from er_tui.runtime.control import Order, Resize, SendSignal, TypeKeys, pause_ms
from er_tui.runtime.process.capture import Capture, CaptureError, Stream
from er_tui.runtime.process.channels import Terminal
from er_tui.runtime.process.ending import End
from er_tui.runtime.process.exits import Exit, reap, signal_name
from er_tui.runtime.process.family import Family
from er_tui.runtime.process.group import Group
from er_tui.runtime.process.tag import tag_of
from er_tui.runtime.recording import RunRecord
from er_tui.rxp.metadata.process import ProcessSettings


class Supervisor:
    """Watches one child from its spawn to its end. Used once, by one thread."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        identity: ProcessIdentity,
        record: RunRecord,
        capture: Capture,
        settings: ProcessSettings,
    ) -> None:
        self._child = child
        self._identity = identity
        self._record = record
        self._control = record.control
        self._capture = capture
        self._settings = settings
        channel = capture.streams[0].channel
        self._terminal = channel if isinstance(channel, Terminal) else None
        self._group = Group(child.pid)
        family = Family(
            child.pid,
            identity.start_time,
            tag_of(self._control.run_id),
            frozenset().union(*(stream.channel.names for stream in capture.streams)),
            self._control.relatives,
        )
        self.end = End(self._group, family, record)
        self._exited = False
        self._poll = select.poll()

    def run(self, overlay: Mapping[str, str], begin: Callable[[], None]) -> Exit:
        """Block until the run is over; how the leader ended, the rest is in :attr:`end`.

        An exception on the way ends the run at once; ``begin`` is called where it does so already.
        """
        self._control.leader = self._child.pid
        try:
            begin()
            # Recorded while the child runs already: nobody has to wait for it.
            self._record.write_environment(overlay)
            terminal = self._terminal is not None
            self._record.emit(
                ProcessSpawned(at=time.time(), process=self._identity, terminal=terminal)
            )
            if self._group.exits is not None:
                with self._control.woken() as waker:
                    self._loop(self._group.exits, waker)
            return self._finish()
        except BaseException:
            if self._child.returncode is None:  # else it is reaped, and all was done
                self._abort()
            raise
        finally:
            self._group.close()

    def _abort(self) -> None:
        """End the run at once and keep what it wrote."""
        self.end.abort()
        try:
            os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            pass  # its status went elsewhere
        self._finish()

    def _loop(self, exits: int, waker: int) -> None:
        poll = self._poll
        poll.register(exits, select.POLLIN)
        poll.register(waker, select.POLLIN)
        streams = {stream.channel.end: stream for stream in self._capture.streams}
        for descriptor in streams:
            poll.register(descriptor, select.POLLIN)
        while True:
            # Before the first wait too: a cancel may have come before there was a waker.
            self._steer()
            self._flush_if_due()
            if self._over():
                return
            for descriptor, _ in poll.poll(self._pause_ms()):
                if descriptor == exits:
                    self._exited = True
                    poll.unregister(exits)
                elif descriptor == waker:
                    os.eventfd_read(waker)
                elif not self._pump(streams[descriptor]):
                    poll.unregister(descriptor)

    def _pump(self, stream: Stream) -> bool:
        """Whether the stream is worth watching on."""
        if self._terminal is not None and self._terminal.wants_to_write:
            self._terminal.write()
            self._await_input()
        try:
            self._capture.pump(stream)
        except CaptureError as error:
            self._record.emit(Noted(at=time.time(), text=str(error)))
            self.end.begin("capture_failed", str(error), self._settings.grace_seconds)
        return stream.open

    def _steer(self) -> None:
        """Act on orders, on cancels and on the clock."""
        for order in self._control.take_orders():
            self._obey(order)
        requests = self._control.cancellations
        # A later request can only shorten the grace: a second press means at once.
        most = 1 if self.end.cause == "cancelled" else 0
        if self.end.begun:
            if len(requests) > most:
                self.end.kill()
        elif self._exited:
            return  # it ended by itself; what was asked for came too late
        elif requests:
            self._cancel()
            if len(requests) > 1:
                self.end.kill()
        elif self._control.remaining() == 0.0:
            self._time_out()

    def _obey(self, order: Order) -> None:
        match order:
            case SendSignal(number) if not self._exited:
                self._group.signal(number)
                self._record.emit(
                    SignalSent(
                        at=time.time(),
                        signal=signal_name(number),
                        pgid=self._group.pgid,
                        by_operator=True,
                    )
                )
            case TypeKeys(data) if self._terminal is not None:
                if self._terminal.type(data):
                    self._record.emit(InputSent(at=time.time(), size=len(data)))
                    self._terminal.write()
                    self._await_input()
                else:
                    text = f"{len(data)} bytes of input were not taken: the child reads none"
                    self._record.emit(Noted(at=time.time(), text=text))
            case Resize(columns, rows) if self._terminal is not None:
                self._terminal.resize(columns, rows)

    def _await_input(self) -> None:
        """Watch for room in the terminal while something waits to be typed."""
        assert self._terminal is not None
        stream = self._capture.streams[0]
        if stream.open:
            wanted = select.POLLOUT if self._terminal.wants_to_write else 0
            self._poll.register(stream.channel.end, select.POLLIN | wanted)

    def _cancel(self) -> None:
        first = self._control.cancellations[0]
        grace = self._settings.grace_seconds
        if first.grace_seconds is not None:
            grace = min(grace, first.grace_seconds)
        self._record.emit(CancelRequested(at=time.time(), reason=first.reason, grace_seconds=grace))
        self.end.begin("cancelled", first.reason, grace)

    def _time_out(self) -> None:
        assert self._control.deadline is not None
        allowed = self._record.allowed_seconds(self._control.deadline)
        grace = self._settings.grace_seconds
        self._record.emit(
            DeadlinePassed(at=time.time(), timeout_seconds=round(allowed), grace_seconds=grace)
        )
        self.end.begin("timed_out", f"process exceeded timeout of {allowed:g} seconds", grace)

    def _over(self) -> bool:
        return self.end.step(self._exited) if self.end.begun else self._exited

    def _pause_ms(self) -> float | None:
        moments = [self._capture.flush_due()]
        if self.end.begun:
            moments.append(self.end.next_moment(self._exited))
        else:
            moments.append(self._control.deadline)
        due = [moment for moment in moments if moment is not None]
        return pause_ms(min(due) - time.monotonic()) if due else None

    def _flush_if_due(self) -> None:
        due = self._capture.flush_due()
        if due is not None and time.monotonic() >= due:
            self._capture.flush()

    def _finish(self) -> Exit:
        """The leader is dead: take the last output, its status, and what it left behind."""
        self._take_rest()
        if self.end.begun:
            self.end.finish_group()
        ended = self._take_status()
        self.end.tell_completed()
        # After a cancel or timeout the group is empty; else it may hold what the leader left.
        sweeps = not self.end.begun and not self._settings.linger
        if sweeps and self._group.may_have_members():
            self.end.sweep()
            self._take_rest()
        self._capture.flush()
        return ended

    def _take_status(self) -> Exit:
        self._control.leader = None
        if self.end.leader_survives:
            return Exit(None, None)  # to wait for it would be for ever
        self._group.reaped = True
        ended = reap(self._child)
        self._record.emit(ProcessExited(at=time.time(), exit_code=ended.code, signal=ended.signal))
        return ended

    def _take_rest(self) -> None:
        failure = self._capture.drain()
        if failure is not None:
            self.end.not_all_kept(failure)

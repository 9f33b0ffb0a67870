# SPDX-License-Identifier: AGPL-3.0-or-later
"""The end of a run: SIGTERM, the grace, SIGKILL, until nothing of it is alive; and the sweep."""

from __future__ import annotations

import select
import signal
import time
from typing import Literal, TypeAlias

from er_tui.journal.events import EndingCompleted, Member, MembersSwept, SignalSent
from er_tui.runtime.process.family import Family, named
from er_tui.runtime.process.group import Group
from er_tui.runtime.process.table import Process, signal_process
from er_tui.runtime.recording import RunRecord

Cause: TypeAlias = Literal["exited", "cancelled", "timed_out", "capture_failed"]

_SHOWN_COMMAND = 200
_RESCAN_SECONDS = 0.02
_CLEAN_LOOKS = 2
"""In a row, until nothing is taken to be alive: a look misses who forks or execs just then."""
_SECOND_LOOK_SECONDS = 0.005
_SWEEP_GRACE_SECONDS = 0.05
_SWEEP_LOOK_MS = 5
_UNKILLABLE_SECONDS = 5.0
"""After SIGKILL; what is alive then hangs in the kernel or is another user's by now."""


class End:
    """How a run is being ended, and by what; ``exited`` as long as nobody ends it."""

    def __init__(self, group: Group, family: Family, record: RunRecord) -> None:
        self._group = group
        self._family = family
        self._record = record
        self.cause: Cause = "exited"
        self.reason = ""
        self.killed = False
        """Whether SIGKILL was needed."""
        self.swept: tuple[Member, ...] = ()
        self.escaped: tuple[Member, ...] = ()
        """Who had left the group and was ended like it."""
        self.survivors: tuple[Member, ...] = ()
        self.leader_survives = False
        self.seconds: float | None = None
        """How long it took until nothing was alive; None until then."""
        self._begun_at: float | None = None
        self._kill_at = 0.0
        self._rescan_at = 0.0
        self._clean_looks = 0
        self._told: set[Process] = set()

    @property
    def begun(self) -> bool:
        """Whether signals were sent to end it."""
        return self._begun_at is not None

    def not_all_kept(self, reason: str) -> None:
        """The run ended by itself, but its last output was lost."""
        if not self.begun:
            self.cause, self.reason = "capture_failed", reason

    def begin(self, cause: Cause, reason: str, grace: float) -> None:
        """SIGTERM to all of the run; SIGKILL follows after ``grace`` seconds. Once only."""
        if self.begun:
            return
        self.cause, self.reason = cause, reason
        self._begun_at = time.monotonic()
        self._kill_at = self._begun_at + grace
        # Before the leader dies: its orphans leave the tree.
        self._look()
        self._group.signal(signal.SIGTERM)
        self._group.signal(signal.SIGCONT)  # a stopped process cannot act on SIGTERM
        self._reach_escaped(signal.SIGTERM, tell_anyway=True)

    def kill(self) -> None:
        """SIGKILL to all of the run, now; once only."""
        if self.killed:
            return
        self._kill_at, self.killed = time.monotonic(), True
        self._look()
        members, escaped = named(self._family.group), named(self._family.escaped)
        self._strike()
        self._told.update(self._family.escaped)
        self._tell(signal.SIGKILL, members, escaped)

    def step(self, leader_exited: bool) -> bool:
        """Do what is due; True when it is over."""
        now = time.monotonic()
        if not self.killed and now >= self._kill_at:
            self.kill()
        hopeless = self.killed and now >= self._kill_at + _UNKILLABLE_SECONDS
        if (not leader_exited and not hopeless) or now < self._rescan_at:
            return False
        self._rescan_at = now + _RESCAN_SECONDS
        if self._look() and not self._family.alive:
            self._clean_looks += 1
            self._rescan_at = now + _SECOND_LOOK_SECONDS
        else:
            self._clean_looks = 0
        if self._clean_looks >= _CLEAN_LOOKS or hopeless:
            self._complete()
            return True
        self._reach_escaped(signal.SIGKILL if self.killed else signal.SIGTERM)
        if self.killed:
            self._strike()  # one forked while it was being killed
        return False

    def next_moment(self, leader_exited: bool) -> float:
        """When :meth:`step` has something to do (monotonic clock)."""
        due = self._kill_at + (_UNKILLABLE_SECONDS if self.killed else 0.0)
        return min(due, self._rescan_at) if leader_exited else due

    def abort(self) -> None:
        """SIGKILL to all of the run, whatever went before: the caller is being interrupted."""
        self._group.signal(signal.SIGKILL)  # before all else: the rest may be interrupted too
        self._look()
        self._strike()
        self._tell(signal.SIGKILL, (), named(self._family.escaped))

    def finish_group(self) -> None:
        """The last signal of a cancel or timeout, while the leader is not reaped.

        Who forks and exits over and over may slip through every look at the processes; this
        reaches the group whoever is in it.
        """
        self._group.signal(signal.SIGKILL)

    def tell_completed(self) -> None:
        """Journal how long it took and who is left, if the run was ended by us."""
        if self.seconds is not None:
            self._record.emit(
                EndingCompleted(at=time.time(), seconds=self.seconds, survivors=self.survivors)
            )

    def sweep(self) -> None:
        """End what the leader left behind in its group: SIGTERM, a moment, SIGKILL."""
        self._look()
        self.swept = self._scrubbed(named(self._family.group))
        if self.swept:
            self._group.signal(signal.SIGTERM)
            self._group.signal(signal.SIGCONT)
        self._kill_rest(_SWEEP_GRACE_SECONDS if self.swept else 0.0)
        if self.swept:
            self._record.emit(MembersSwept(at=time.time(), members=self.swept))

    def _kill_rest(self, grace: float) -> None:
        """SIGKILL to the group after ``grace`` seconds or once it looks empty; until it is."""
        kill_at = time.monotonic() + grace
        killed = False
        while self._group.may_have_members():
            now = time.monotonic()
            if now >= kill_at + _UNKILLABLE_SECONDS:
                self.survivors = self._scrubbed(named(self._family.group))
                return
            if now >= kill_at:
                # Once is not enough to know by: who is killed is alive until the kernel ran it.
                self._group.signal(signal.SIGKILL)
                killed = True
            select.poll().poll(_SWEEP_LOOK_MS)
            if self._look() and not self._family.group:
                if killed:
                    return  # only dead ones are left, for somebody else to reap
                kill_at = now  # some fork faster than we look

    def _look(self) -> bool:
        """See who is alive; False where there is no descriptor left to look with, just now."""
        try:
            self._family.look()
        except OSError:
            return False
        return True

    def _strike(self) -> None:
        self._group.signal(signal.SIGKILL)
        for process in self._family.escaped:
            signal_process(process, signal.SIGKILL)

    def _reach_escaped(self, number: signal.Signals, tell_anyway: bool = False) -> None:
        """Signal those out of the group that had no signal of ours yet."""
        new = [process for process in self._family.escaped if process not in self._told]
        self._told.update(new)
        members = named(new)
        for process in new:
            signal_process(process, number)
            signal_process(process, signal.SIGCONT)
        if new or tell_anyway:
            self._tell(number, (), members)

    def _tell(
        self, number: signal.Signals, members: tuple[Member, ...], escaped: tuple[Member, ...]
    ) -> None:
        members, escaped = self._scrubbed(members), self._scrubbed(escaped)
        known = {member.pid for member in self.escaped}
        self.escaped += tuple(member for member in escaped if member.pid not in known)
        self._record.emit(
            SignalSent(
                at=time.time(),
                signal=number.name,
                pgid=self._group.pgid,
                members=members,
                escaped=escaped,
            )
        )

    def _complete(self) -> None:
        left = [*self._family.group, *self._family.escaped]
        self.leader_survives = any(process.pid == self._group.pgid for process in left)
        self.survivors = self._scrubbed(named(left))
        assert self._begun_at is not None
        self.seconds = time.monotonic() - self._begun_at

    def _scrubbed(self, members: tuple[Member, ...]) -> tuple[Member, ...]:
        # Whole, and then cut: a secret that is cut is not found.
        scrub = self._record.masking.scrub
        return tuple(Member(m.pid, scrub(m.command)[:_SHOWN_COMMAND]) for m in members)

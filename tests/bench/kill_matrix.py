# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is alive after a stop, a kill and a hang-up: er-tui beside other supervisors, as a table."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from er_tui.runtime.process.table import read_process
from tests.bench import family
from tests.bench.harness import Figure, bench
from tests.bench.marked import Marked, marked
from tests.bench.supervisors import Running, Supervisor, supervisors

_START_SECONDS = 20.0
_END_SECONDS = 15.0
_FORCE_SECONDS = 5.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Trial:
    """One family under one supervisor, at the moment when something is done to it."""

    supervisor: Supervisor
    running: Running
    mark: Marked
    family: dict[int, str]
    """As it was then: pid and role."""
    leader: int
    go: Path


@dataclass(frozen=True, slots=True)
class Row:
    """A shape, and what is done to it."""

    title: str
    shape: str
    act: Callable[[Trial], None]
    ends: bool = True
    """Whether the supervisor is expected to end too."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of a trial."""

    left: tuple[str, ...]
    """Roles of the family, and helpers of a supervisor that has ended itself."""
    seconds: float
    """Until nobody of the family was left; meaningless if somebody is."""
    remarks: tuple[str, ...]
    spoilt: bool
    """Whether a terminal was left unusable."""

    def __str__(self) -> str:
        if self.left:
            outcome = f"**{len(self.left)} left** ({', '.join(self.left)})"
        else:
            outcome = f"none left, {self.seconds:.2f} s"
        return "; ".join((outcome, *self.remarks))


Matrix: TypeAlias = dict[str, list[Cell]]
"""By supervisor, a cell a row."""


def _stop(trial: Trial) -> None:
    trial.supervisor.stop(trial.running)


def _let_leader_exit(trial: Trial) -> None:
    trial.go.touch()


def _kill_supervisor(trial: Trial) -> None:
    trial.running.signal(signal.SIGKILL)


def _kill_parent(trial: Trial) -> None:
    leader = read_process(trial.leader)
    assert leader is not None
    os.kill(leader.parent, signal.SIGKILL)


def _hang_up(trial: Trial) -> None:
    trial.running.signal(signal.SIGHUP)


ROWS = (
    Row("stop; the leader ignores SIGTERM", "deaf-leader", _stop),
    Row("stop; a child ignores SIGTERM", "deaf-child", _stop),
    Row("stop; a grandchild did `setsid`", "setsid", _stop),
    Row("the leader exits first", "leaving-leader", _let_leader_exit, ends=False),
    Row("`kill -9` of the supervisor", "pair", _kill_supervisor),
    Row("`kill -9` of it; a grandchild did `setsid`", "setsid", _kill_supervisor),
    Row("`kill -9` of the leader's parent", "pair", _kill_parent, ends=False),
    Row("SIGHUP to the supervisor", "pair", _hang_up),
)


@bench("kill-matrix")
def kill_matrix() -> Iterator[Figure]:
    """Every shape under every supervisor that is here."""
    found, missing = supervisors()
    matrix: Matrix = {}
    for supervisor in found:
        matrix[supervisor.name] = [_cell(supervisor, row) for row in ROWS]
    print(_markdown(found, missing, matrix), flush=True)
    left = {name: sum(len(cell.left) for cell in cells) for name, cells in matrix.items()}
    spoilt = {s.name: sum(c.spoilt for c in matrix[s.name]) for s in found if s.screen}
    ways = f"in {len(ROWS)} ways to end"
    yield _figure("kill-matrix", f"processes left by er-tui {ways}, in both forms", found, left)
    yield _figure("kill-matrix-terminal", f"terminals left unusable {ways}", found, spoilt)


def _figure(name: str, what: str, found: list[Supervisor], counts: dict[str, int]) -> Figure:
    """Of er-tui's own columns, beside the others'."""
    ours = {supervisor.name for supervisor in found if supervisor.ours}
    others = ", ".join(f"{other} {count}" for other, count in counts.items() if other not in ours)
    own = sum(count for supervisor, count in counts.items() if supervisor in ours)
    return Figure(name, what, own, "", 0, f"others: {others or 'none is installed'}")


def _cell(supervisor: Supervisor, row: Row) -> Cell:
    with tempfile.TemporaryDirectory(prefix="er-tui-bench-") as place, marked() as mark:
        folder = Path(place)
        go = folder / "go"
        child = family.command(mark.mark, row.shape, go)
        running = supervisor.start(folder, child, mark.environment_in(place))
        try:
            before = _wait_for_family(mark, row.shape, running)
            leader = next(pid for pid, role in before.items() if role == "leader")
            begun = time.monotonic()
            trial = Trial(supervisor, running, mark, before, leader, go)
            row.act(trial)
            return _outcome(row, trial, begun)
        finally:
            running.close()


def _wait_for_family(mark: Marked, shape: str, running: Running) -> dict[int, str]:
    wanted = {member.role for member in family.SHAPES[shape]}
    until = time.monotonic() + _START_SECONDS
    while set((members := mark.members()).values()) != wanted:
        if running.ended or time.monotonic() > until:
            raise RuntimeError(f"of {wanted} only {members} came; {running.said}")
        time.sleep(_LOOK_SECONDS)
    return members


def _outcome(row: Row, trial: Trial, begun: float) -> Cell:
    """Look until all is as it should be, or for as long as anybody would wait."""
    running = trial.running
    members, seconds = trial.family, 0.0
    while not _calm(row, trial, members) and time.monotonic() < begun + _END_SECONDS:
        time.sleep(_LOOK_SECONDS)
        members = trial.mark.members()
        if not members and not seconds:
            seconds = time.monotonic() - begun
    helpers = _helpers(trial)
    remarks = []
    if members and not members.keys() & trial.family.keys():
        remarks.append("started anew")
    if row.ends and not running.ended:
        remarks.append("still running itself")
        if row.act is _stop and trial.supervisor.force:
            remarks.append(_forced(trial))
    faults = running.faults() if running.ended else []
    if faults:
        remarks.append(f"left to the terminal: {', '.join(faults)}")
    left = [*members.values(), *(["a helper of its own"] * len(helpers))]
    return Cell(tuple(left), seconds, tuple(remarks), bool(faults))


def _calm(row: Row, trial: Trial, members: dict[int, str]) -> bool:
    """Whether there is nothing more to wait for."""
    if members or (row.ends and not trial.running.ended):
        return False
    return not _helpers(trial) and (not trial.running.ended or not trial.running.faults())


def _helpers(trial: Trial) -> set[int]:
    """What the supervisor started beside the family, once it has ended itself."""
    terminal = trial.running.terminal
    keeper = {terminal.keeper} if terminal else set()
    return trial.mark.others() - keeper if trial.running.ended else set()


def _forced(trial: Trial) -> str:
    """What came of the supervisor's second way to stop."""
    assert trial.supervisor.force is not None
    trial.supervisor.force(trial.running)
    until = time.monotonic() + _FORCE_SECONDS
    while (left := trial.mark.members()) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    outcome = f"{len(left)} left ({', '.join(left.values())})" if left else "none left"
    return f"after a forced quit {outcome}"


def _markdown(found: list[Supervisor], missing: list[str], matrix: Matrix) -> str:
    heads = [f"{supervisor.name} {supervisor.version}" for supervisor in found]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for number, row in enumerate(ROWS):
        cells = [str(matrix[supervisor.name][number]) for supervisor in found]
        lines.append(f"| {row.title} | {' | '.join(cells)} |")
    notes = [f"- {s.name}: {s.setting}" for s in found]
    notes += [f"- {name}: not installed" for name in missing]
    notes.append(
        f"- Each cell is one trial, looked at for {_END_SECONDS:g} s, every "
        f"{_LOOK_SECONDS * 1000:.0f} ms; a zombie is not alive. Where "
        "a supervisor has its runs in terminals of their own, its death hangs them up: that is "
        "what ends the willing ones then."
    )
    return "\n".join([*lines, "", *notes, ""])

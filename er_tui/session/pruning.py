# SPDX-License-Identifier: AGPL-3.0-or-later
"""Old runs, removed: only what is known to be over, and nothing that is not a run directory.

Everything is done relative to folders that are held open and were opened without following links:
whatever is swapped for a link meanwhile, nothing outside is reached.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from er_tui.journal.events import ProcessSpawned, RunStarted
from er_tui.journal.identity import presence
from er_tui.journal.reading import EventTail, glance
from er_tui.journal.run_directory import EVENTS_FILE, RESULT_FILE, time_of_run_id, words_of
from er_tui.session.finding import Kept, newest_first, runs_in
from er_tui.session.folders import entries_of, held_folder, refuse_depth, weigh
from er_tui.session.past import read_result


class Stays(Exception):
    """A run is not removed; the text says why, as a sentence without its dot."""


@dataclass(frozen=True, slots=True)
class Over:
    """A run that is known to be over."""

    run: Kept
    ended_at: float
    """Unix seconds; of a run without a result, when it was last heard of."""
    size: int
    """Bytes, of all files in its directory."""
    foreign: int
    """How many of these er-tui did not write: artifacts, say."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which runs are old: those that both say, where both are given."""

    keep: int | None = None
    """So many of each invocation stay, the newest, live ones among them."""
    ended_before: float | None = None
    """Unix seconds."""


def old_runs(runs: Iterable[Kept], rule: Rule) -> list[Kept]:
    """Those of ``runs`` that are old as far as their ids and their number tell, newest first.

    An invocation is a folder of runs here: two projects may have invocations of the same id.
    """
    wanted = newest_first(runs)
    if rule.keep is not None:
        stay: set[Kept] = set()
        for base, invocation_id in {(run.base, run.invocation_id) for run in wanted}:
            stay.update(newest_first(runs_in(base, invocation_id))[: rule.keep])
        wanted = [run for run in wanted if run not in stay]
    if rule.ended_before is not None:
        # None ended before it was started.
        wanted = [r for r in wanted if (time_of_run_id(r.run_id) or 0.0) < rule.ended_before]
    return wanted


def examine(run: Kept) -> Over:
    """What is known of a run that is over. Raises Stays for any other, and for what is no run."""
    with _opened(run) as (_base, _folder, directory):
        return _examined(run, directory)


def remove(run: Kept, rule: Rule) -> Over:
    """Remove the directory of a run that is over and, by its end, old; what was removed.

    It is looked at anew. The journal goes last: what is left of an interrupted removal is a run
    directory still. The folder of the invocation goes too if that was the last. Raises Stays.
    """
    with _opened(run) as (base, folder, directory):
        over = _examined(run, directory)
        if rule.ended_before is not None and over.ended_at >= rule.ended_before:
            raise Stays("it ended later")
        try:
            _empty(directory, os.fstat(directory).st_dev, last=(RESULT_FILE, EVENTS_FILE))
            _remove_folder(run.run_id, folder, directory)
        except OSError as error:
            raise Stays(f"not all of it can be removed: {words_of(error)}") from None
        try:
            # Only one that was emptied here: an empty one may be about to get its first run.
            _remove_folder(run.invocation_id, base, folder)
        except OSError:
            pass  # it holds other runs, or something else
    return over


@contextmanager
def _opened(run: Kept) -> Iterator[tuple[int, int, int]]:
    """The base, the folder of the invocation and the run directory, held open."""
    with ExitStack() as stack:
        try:
            base = stack.enter_context(held_folder(run.base))
            folder = stack.enter_context(held_folder(run.invocation_id, base))
            directory = stack.enter_context(held_folder(run.run_id, folder))
        except OSError as error:
            raise Stays(f"it is no folder that can be opened: {words_of(error)}") from None
        yield base, folder, directory


def _examined(run: Kept, directory: int) -> Over:
    here = f"/proc/self/fd/{directory}"
    events = glance(EventTail(here))
    started = events[0] if events else None
    if not isinstance(started, RunStarted) or started.run_id != run.run_id:
        raise Stays("its journal does not begin with its start")
    # It is written last: whoever has one writes no more.
    if read_result(here) is None:
        _refuse_live(started, [e for e in events if isinstance(e, ProcessSpawned)])
    try:
        size, foreign = weigh(directory)
    except OSError as error:
        raise Stays(f"it cannot be looked through: {words_of(error)}") from None
    return Over(run, max(event.at for event in events), size, foreign)


def _refuse_live(started: RunStarted, spawned: list[ProcessSpawned]) -> None:
    who = started.supervisor
    where = presence(who)
    if where == "here":
        raise Stays(f"it is live: process {who.pid} runs it")
    if where == "elsewhere":
        raise Stays(f"it may be live: its process is on {who.host}, where it cannot be seen")
    for leader in spawned:
        if presence(leader.process) == "here":
            raise Stays(f"what it started lives still: process {leader.process.pid}")


def _empty(folder: int, device: int, within: str = "", last: tuple[str, ...] = ()) -> None:
    refuse_depth(within)
    for name, status in sorted(entries_of(folder), key=lambda entry: entry[0] in last):
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(name, dir_fd=folder)
        elif status.st_dev != device:
            raise OSError(0, f"another file system is mounted at {within}{name}")
        else:
            with held_folder(name, folder) as inner:
                _empty(inner, device, f"{within}{name}/")
            os.rmdir(name, dir_fd=folder)


def _remove_folder(name: str, parent: int, folder: int) -> None:
    """Remove the folder that is held open. Raises OSError if it is not empty, or not there."""
    there = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not os.path.samestat(there, os.fstat(folder)):
        raise OSError(0, f"something else has taken the place of {name}")
    os.rmdir(name, dir_fd=parent)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which runs there are of which invocation, from the names of directories alone."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from er_tui.journal.run_directory import EVENTS_FILE, RESULT_FILE, is_run_id, time_of_run_id
from er_tui.session.past import read_run

if TYPE_CHECKING:
    from er_tui.rxp import RuntimeInvocation

_UNSEEN = -1
_NOBODY = ""
"""In place of a key: a run that was told, but to somebody who has forgotten it."""
_MAKING_NS = 10_000_000_000
"""A run directory of this age that has no journal may be about to get one."""
_SETTLED_NS = 100_000_000
"""A folder changed less than this before it was listed may change once more within the tick of the
clock that stamps it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Runs that appeared or went below the folder of an invocation."""

    key: str | None
    """As it is watched; None where nobody watches it."""
    folder: str
    """``<base>/<invocation_id>``."""
    runs: tuple[str, ...]
    """Ids, oldest first."""
    made: tuple[float, ...] = ()
    """When each was, in Unix seconds: its id tells, else its directory does."""
    unfinished: tuple[str, ...] = ()
    """Those of them that have no result (yet)."""
    gone: tuple[str, ...] = ()
    invocation: RuntimeInvocation | None = None
    """Where nobody watches it: what the newest run recorded, if that can be read."""


@dataclass(slots=True)
class _Folder:
    """What is known of ``<base>/<invocation_id>``."""

    path: str
    keys: list[str] = field(default_factory=list)
    changed: int | None = _UNSEEN
    """When it changed last, as far as it was looked at; nanoseconds. None: it is not there."""
    runs: dict[str, str | None] = field(default_factory=dict)
    """By id, the key that it was told for."""
    copies: set[str] = field(default_factory=set)
    """Ids of runs that are told as those of another folder."""
    surveyed: bool = False
    """Whether its runs are told, whoever watches it."""
    reassigned: bool = False
    """Whether somebody came or went since its runs were told."""


@dataclass(slots=True)
class _Base:
    surveyed: bool = False
    changed: int | None = _UNSEEN
    folders: dict[str, _Folder] = field(default_factory=dict)
    """By invocation id, those that are watched or were found."""
    present: list[str] = field(default_factory=list)
    """Those of them that are there."""


class KeptRuns:
    """The run directories below some bases. For one thread.

    A look costs a ``stat`` of each base that is there and of each folder of runs in it, and what
    has changed is listed. Links are not followed. Of a run directory that was copied, with its id,
    one is told at a time: of an invocation that is watched before others, the one in the place that
    its journal names before others.
    """

    def __init__(self) -> None:
        self._bases: dict[str, _Base] = {}
        self._watched: dict[str, list[tuple[str, str]]] = {}
        self._folder_of: dict[str, _Folder] = {}
        self._copies_of: dict[str, list[_Folder]] = {}

    def watch(self, key: str, invocation_id: str, bases: Iterable[str]) -> None:
        """Look for the runs of an invocation; what was watched under this key is forgotten."""
        self.forget(key)
        self._watched[key] = [(base, invocation_id) for base in bases]
        for path in bases:
            base = self._bases.setdefault(path, _Base())
            folder = base.folders.setdefault(invocation_id, _Folder(f"{path}/{invocation_id}"))
            folder.keys.append(key)
            folder.changed = base.changed = _UNSEEN
            # What was told to nobody, or of several to the only one then, may be of this one.
            folder.reassigned = True
            folder.copies.clear()

    def forget(self, key: str) -> None:
        for path, invocation_id in self._watched.pop(key, ()):
            base = self._bases[path]
            folder = base.folders[invocation_id]
            folder.keys.remove(key)
            if not (folder.keys or base.surveyed or folder.surveyed):
                self._drop(base, invocation_id)
                continue
            folder.changed = base.changed = _UNSEEN
            folder.reassigned = True
            folder.runs = {r: _NOBODY if told == key else told for r, told in folder.runs.items()}

    def _drop(self, base: _Base, invocation_id: str) -> None:
        """Nobody asks for the runs of this folder."""
        folder = base.folders.pop(invocation_id)
        base.present = [name for name in base.present if name != invocation_id]
        for run_id in folder.runs:
            self._let_go(run_id)

    def survey(self, path: str, invocation_id: str | None = None) -> None:
        """Look for the runs of any invocation below ``path``, or of this one."""
        base = self._bases.setdefault(path, _Base())
        base.changed = _UNSEEN
        if invocation_id is None:
            base.surveyed = True
        else:
            new = _Folder(f"{path}/{invocation_id}")
            base.folders.setdefault(invocation_id, new).surveyed = True

    def directory(self, run_id: str) -> str | None:
        """Where a run is that was found."""
        folder = self._folder_of.get(run_id)
        return None if folder is None else f"{folder.path}/{run_id}"

    def look(self) -> list[Found]:
        """What came or went since the last look."""
        found: list[Found] = []
        for path, base in self._bases.items():
            self._look_for_folders(path, base)
            for name in base.present:
                found += self._look_into(base.folders[name])
        return found

    def _look_for_folders(self, path: str, base: _Base) -> None:
        # An artifact_directory may be a link of the user's; what er-tui made below it is none.
        changed = _changed(path, os.stat)
        if changed == base.changed:
            return
        base.changed = changed if _is_settled(changed) else _UNSEEN
        names = _names(path) if changed is not None else []
        if base.surveyed:
            for name in names:
                base.folders.setdefault(name, _Folder(f"{path}/{name}"))
        present = base.folders.keys() & set(names)
        # Those that went are looked at once more, so that their runs are told as gone.
        base.present = sorted(present | {n for n in base.present if base.folders[n].runs})

    def _look_into(self, folder: _Folder) -> list[Found]:
        path = folder.path
        changed = _changed(path)
        if changed == folder.changed:
            return []
        folder.changed = changed if _is_settled(changed) else _UNSEEN
        names = {name for name in _names(path) if is_run_id(name)} if changed is not None else set()
        gone = folder.runs.keys() - names
        folder.copies &= names
        fresh = names - folder.copies - folder.runs.keys()
        made = {name: at for name in fresh if (at := _made(f"{path}/{name}")) is not None}
        if any(_is_being_made(f"{path}/{name}") for name in fresh - made.keys()):
            folder.changed = _UNSEEN
        come = {name: at for name, at in made.items() if self._takes(folder, name)}
        if folder.reassigned:
            folder.reassigned = False
            come |= {name: _made(f"{path}/{name}") or 0.0 for name in folder.runs.keys() - gone}
        found = self._told(folder, come)
        return found + [self._gone(folder, run_id) for run_id in sorted(gone)]

    def _told(self, folder: _Folder, come: dict[str, float]) -> list[Found]:
        """These runs to whom they belong, but for those that were told so before."""
        told: dict[str | None, list[tuple[float, str]]] = {}
        for run_id, made_at in come.items():
            key = self._key_of(f"{folder.path}/{run_id}", folder.keys)
            if folder.runs.get(run_id, _NOBODY) != key:
                folder.runs[run_id] = key
                told.setdefault(key, []).append((made_at, run_id))
        found = []
        for key, runs in told.items():
            made, ids = zip(*sorted(runs), strict=True)
            unfinished = tuple(r for r in ids if not _has_result(f"{folder.path}/{r}"))
            found.append(Found(key, folder.path, ids, made, unfinished))
        return found

    def _takes(self, folder: _Folder, run_id: str) -> bool:
        """Whether a run is told as one of this folder from now on; else it is a copy."""
        holder = self._folder_of.get(run_id)
        if holder is not None and holder is not folder:
            is_there = _made(f"{holder.path}/{run_id}") is not None
            if is_there and not _comes_before(folder, holder, run_id):
                self._note_copy(folder, run_id)
                return False
            # It was moved, or has a better place here: not gone, whatever is seen there next.
            holder.runs.pop(run_id, None)
            if is_there:
                self._note_copy(holder, run_id)
        self._folder_of[run_id] = folder
        return True

    def _note_copy(self, folder: _Folder, run_id: str) -> None:
        folder.copies.add(run_id)
        self._copies_of.setdefault(run_id, []).append(folder)

    def _gone(self, folder: _Folder, run_id: str) -> Found:
        self._let_go(run_id)
        key = folder.runs.pop(run_id) or None
        return Found(key, folder.path, (), gone=(run_id,))

    def _let_go(self, run_id: str) -> None:
        """Where there is a copy, that is told from now on."""
        del self._folder_of[run_id]
        for other in self._copies_of.pop(run_id, ()):
            other.copies.discard(run_id)
            other.changed = _UNSEEN

    def _key_of(self, directory: str, keys: list[str]) -> str | None:
        """Of several files with the same invocation id, the one that a run was started from."""
        if len(keys) <= 1:
            return keys[0] if keys else None
        started = read_run(directory, glancing=True).started
        source = started.source.path if started is not None and started.source else None
        return source if source in keys else keys[0]


def _comes_before(folder: _Folder, holder: _Folder, run_id: str) -> bool:
    """Of two directories of one run, whether the first is the better one."""
    if bool(folder.keys) != bool(holder.keys):
        return bool(folder.keys)
    return _is_in_place(folder, run_id) and not _is_in_place(holder, run_id)


def _is_in_place(folder: _Folder, run_id: str) -> bool:
    directory = f"{folder.path}/{run_id}"
    started = read_run(directory, glancing=True).started
    return started is not None and started.directory == directory


def _changed(path: str, look: Callable[[str], os.stat_result] = os.lstat) -> int | None:
    """When a folder changed last; None if there is none."""
    try:
        status = look(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns if stat.S_ISDIR(status.st_mode) else None


def _is_settled(changed: int | None) -> bool:
    return changed is None or time.time_ns() - changed > _SETTLED_NS


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _has_result(directory: str) -> bool:
    return os.path.lexists(f"{directory}/{RESULT_FILE}")


def _is_being_made(directory: str) -> bool:
    changed = _changed(directory)
    return changed is not None and time.time_ns() - changed < _MAKING_NS


def _made(directory: str) -> float | None:
    """When a run was made, in Unix seconds; None for what is no run directory."""
    changed = _changed(directory)
    if changed is None or not os.path.lexists(f"{directory}/{EVENTS_FILE}"):
        return None
    told = time_of_run_id(os.path.basename(directory))
    return changed / 1e9 if told is None else told

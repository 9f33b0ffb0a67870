# SPDX-License-Identifier: AGPL-3.0-or-later
"""All invocations run without a screen: progress lines, results as JSON lines, an exit code."""

from __future__ import annotations

import json
import math
import os
import queue
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from er_tui.session.client import EngineClient
from er_tui.session.library import Entry, Library
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
_CLOSE_SECONDS = 20.0
_PATIENCE_SECONDS = 0.2
"""With whoever reads what is reported, once a second signal came."""


class _Unread(Exception):
    """Nobody reads what is being written, and the user will not wait for it."""


class Headless:
    """Runs everything a library holds, once, and reports. ``limits`` are for its EngineClient.

    Progress goes to ``progress``, a line a fact; with ``results`` each RuntimeResult goes there as
    one JSON line when its run ends. The first SIGINT, SIGTERM or SIGHUP cancels every run and the
    report goes on; a second kills without grace. A signal that was ignored before (``nohup``) stays
    so. Results that cannot be written are told once: every run is cancelled, and the exit
    code is 1.
    """

    def __init__(
        self,
        library: Library,
        jobs: int,
        waiting_jobs: int,
        progress: TextIO,
        results: TextIO | None,
        limits: Mapping[str, Any],
    ) -> None:
        self._session = Session(library)
        self._jobs, self._waiting_jobs = jobs, waiting_jobs
        self._limits = limits
        self._progress = progress
        self._results = results
        # Not a threading.Event: a signal handler that sets one while its own thread waits for it
        # can find it locked, for ever. A SimpleQueue is re-entrant.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._signal: int | None = None
        self._cancels_wanted = 0
        self._cancels_told = 0
        self._cancelled: set[str] = set()
        self._writing_since: float | None = None
        self._unusable = 0
        self._results_lost = False

    def run(self) -> int:
        """Block until all is done; the exit code."""
        with _signals(self._interrupted):
            client = EngineClient(self._jobs, self._rouse, self._waiting_jobs, **self._limits)
            self._session.engine = client
            try:
                if not self._start(self._session.library.scan()):
                    self._say(f"er-tui     {self._nothing_found()}")
                    return EXIT_USAGE
                while self._session.live_runs():
                    self._wait()
                    self._tell_of_cancels()
                    self._report()
            finally:
                if not client.close(_CLOSE_SECONDS):
                    self._say(f"er-tui     {client.still_there}")
        return self._exit_code()

    def _rouse(self) -> None:
        self._wake.put(None)

    def _wait(self) -> None:
        """Until something happened; what happened meanwhile too is dealt with in one go."""
        self._wake.get()
        while not self._wake.empty():
            self._wake.get()

    def _nothing_found(self) -> str:
        library = self._session.library
        places = ", ".join(safe_line(str(root)) for root in library.roots)
        others = f" ({len(library.others)} other JSON files)" if library.others else ""
        return f"no invocations found in {places}{others}"

    def _start(self, entries: Iterable[Entry]) -> int:
        """Queue what can be run and report what cannot; how many entries there were."""
        count = 0
        for entry in entries:
            count += 1
            if self._cancels_wanted:
                break
            self._session.add(entry)
            if self._session.start(entry.key) is None:
                self._unusable += 1
                error = self._session.entries[entry.key].error
                self._say(f"invalid    {safe_line(str(error), limit=1000)}")
        if self._cancels_wanted:
            self._cancel_all(but=self._cancelled)  # one may have been started meanwhile
        return count

    def _report(self) -> None:
        before = dict(self._session.runs)
        changes = self._session.drain()
        for notice in changes.notices:
            self._say(f"er-tui     {safe_line(notice)}")
        runs = self._session.runs
        # In the order in which it happened: an end may have made room for a start.
        facts = [
            (run.started_at, False, run_id)
            for run_id, run in runs.items()
            if run.started_at is not None and before[run_id].started_at is None
        ]
        facts += [(runs[r].finished_at or time.time(), True, r) for r in changes.finished]
        for _at, ended, run_id in sorted(facts):
            if ended:
                self._finished(runs[run_id])
            else:
                self._say(f"{'started':<10} {self._name(runs[run_id])}")

    def _finished(self, run: RunState) -> None:
        duration = run.seconds(time.time())
        seconds = "" if duration is None else f"  {duration:.1f}s"
        self._say(f"{run.badge or run.status:<10} {self._name(run)}{seconds}")
        for line in safe_block(run.error_summary or "").splitlines():
            self._say(f"           {line}")
        if self._results is not None and run.result is not None:
            self._hand_over(run.result, self._results)

    def _hand_over(self, result: Mapping[str, Any], results: TextIO) -> None:
        try:
            self._write(results, json.dumps(result))
        except OSError as error:
            # Nobody has the rest of them either: what runs, runs for nothing.
            self._say(f"er-tui     results cannot be written: {error.strerror}")
            self._results, self._results_lost = None, True
            if not self._cancels_wanted:
                self._cancels_wanted = 1
                self._cancel_all()
            self._rouse()

    def _name(self, run: RunState) -> str:
        return safe_line(self._session.entries[self._session.key_of(run.run_id)].name)

    def _say(self, line: str) -> None:
        self._write(self._progress, line)

    def _write(self, file: TextIO, line: str) -> None:
        """Blocks while nobody reads; a second signal then ends that, and the file is given up."""
        self._writing_since = time.monotonic()
        try:
            file.write(line + "\n")
            file.flush()
        except _Unread:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, file.fileno())
            os.close(nowhere)
        finally:
            self._writing_since = None

    def _interrupted(self, number: int) -> None:
        """In the signal handler: the loop may be waiting for whoever reads what it says."""
        self._signal = self._signal or number
        self._cancels_wanted += 1
        self._cancel_all()
        self._rouse()
        since = self._writing_since or math.inf
        if self._cancels_wanted > 1 and time.monotonic() - since > _PATIENCE_SECONDS:
            raise _Unread

    def _cancel_all(self, but: Collection[str] = ()) -> None:
        for run in self._session.live_runs():
            if run.run_id not in but:
                self._session.cancel(run.run_id)
                self._cancelled.add(run.run_id)

    def _tell_of_cancels(self) -> None:
        while self._cancels_told < self._cancels_wanted:
            self._cancels_told += 1
            words = "cancelling every run" if self._cancels_told == 1 else "killing every run"
            self._say(f"er-tui     {words}")

    def _exit_code(self) -> int:
        if self._signal is not None:
            return 128 + self._signal
        succeeded = all(run.status == "succeeded" for run in self._session.runs.values())
        good = succeeded and not self._unusable and not self._results_lost
        return EXIT_OK if good else EXIT_FAILED


@contextmanager
def _signals(handler: Callable[[int], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    seen: list[int] = []

    def handle(number: int, _frame: object) -> None:
        seen.append(number)
        handler(number)

    previous = {
        n: signal.signal(n, handle) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, old in previous.items():
            # Whoever was interrupted is on the way out: one more must not change the exit code.
            signal.signal(number, signal.SIG_IGN if seen else old)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""All invocations run without a screen: progress lines, results as JSON lines, an exit code."""

from __future__ import annotations

import json
import queue
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from er_tui.session.client import EngineClient
from er_tui.session.library import Entry, Library
from er_tui.session.session import Session
from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
_CLOSE_SECONDS = 20.0


class Headless:
    """Runs everything a library holds, once, and reports.

    Progress goes to ``progress``, a line a fact; with ``results`` each RuntimeResult goes there as
    one JSON line when its run ends. The first SIGINT, SIGTERM or SIGHUP cancels every run and the
    report goes on; a second kills without grace. A signal that was ignored before (``nohup``) stays
    so.
    """

    def __init__(
        self,
        library: Library,
        jobs: int,
        waiting_jobs: int,
        progress: TextIO,
        results: TextIO | None,
    ) -> None:
        self._session = Session(library)
        self._jobs, self._waiting_jobs = jobs, waiting_jobs
        self._progress = progress
        self._results = results
        # Not a threading.Event: a signal handler that sets one while its own thread waits for it
        # can find it locked, for ever. A SimpleQueue is re-entrant.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._signal: int | None = None
        self._cancels_wanted = 0
        self._cancels_sent = 0
        self._unusable = 0

    def run(self) -> int:
        """Block until all is done; the exit code."""
        with _signals(self._interrupted):
            client = EngineClient(self._jobs, self._rouse, self._waiting_jobs)
            self._session.engine = client
            try:
                if not self._start(self._session.library.scan()):
                    self._say(f"er-tui     {self._nothing_found()}")
                    return EXIT_USAGE
                while self._session.live_runs():
                    self._wait()
                    self._pass_on_cancels()
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
            self._session.add(entry)
            if self._session.start(entry.key) is None:
                self._unusable += 1
                error = self._session.entries[entry.key].error
                self._say(f"invalid    {safe_line(str(error), limit=1000)}")
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
            self._results.write(json.dumps(run.result) + "\n")
            self._results.flush()

    def _name(self, run: RunState) -> str:
        return safe_line(self._session.entries[self._session.key_of(run.run_id)].name)

    def _say(self, line: str) -> None:
        self._progress.write(line + "\n")
        self._progress.flush()

    def _interrupted(self, number: int) -> None:
        """In the signal handler: note it, and let the loop act."""
        self._signal = self._signal or number
        self._cancels_wanted += 1
        self._rouse()

    def _pass_on_cancels(self) -> None:
        while self._cancels_sent < self._cancels_wanted:
            self._cancels_sent += 1
            words = "cancelling every run" if self._cancels_sent == 1 else "killing every run"
            self._say(f"er-tui     {words}")
            for run in self._session.live_runs():
                self._session.cancel(run.run_id)

    def _exit_code(self) -> int:
        if self._signal is not None:
            return 128 + self._signal
        succeeded = all(run.status == "succeeded" for run in self._session.runs.values())
        return EXIT_OK if succeeded and not self._unusable else EXIT_FAILED


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

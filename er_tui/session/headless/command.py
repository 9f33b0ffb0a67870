# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs everything a library holds and reports: the loop, and what ends it early."""

from __future__ import annotations

import queue
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from er_tui.session.client import EngineClient
from er_tui.session.headless.cases import Case, summary
from er_tui.session.headless.ending import Ending
from er_tui.session.headless.finding import Finding
from er_tui.session.headless.reporting import OWN, Reporter, Standing
from er_tui.session.headless.results import Results
from er_tui.session.headless.signals import ending_signals
from er_tui.session.headless.writing import Writing
from er_tui.session.library import Entry, Library
from er_tui.session.session import Session
from er_tui.text.safe import safe_block, safe_line

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
_CLOSE_SECONDS = 20.0
_AT_A_TIME = 50
"""Files that are read before what happened meanwhile is looked at."""
_DISK_SECONDS = 0.1
"""Between two looks at what changed on the disk, where new files are to be run."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run, and for how long."""

    only: tuple[str, ...] = ()
    """Patterns, as a shell's, of the listed names or invocation ids to run; none: all."""
    repeat: int = 1
    """How often each is run, one time after the other."""
    fail_fast: bool = False
    """Whether the first that does not succeed cancels the rest."""
    run_new: bool = False
    """Whether to go on, and run what appears, until a signal ends it."""
    junit: Path | None = None
    """Where to write a JUnit report at the end."""


class Headless:
    """Runs what a library holds and reports. ``limits`` are for its EngineClient.

    Progress goes to ``reporter``; with ``results`` each RuntimeResult goes there as one JSON line
    when its run ends. The first SIGINT, SIGTERM or SIGHUP cancels every run and the report goes on;
    a second kills without grace. A signal that was ignored before (``nohup``) stays so. Results
    that cannot be written are told once: every run is cancelled, and the exit code is 1.
    """

    def __init__(
        self,
        library: Library,
        lanes: tuple[int, int],
        wanted: Wanted,
        reporter: Reporter,
        writing: Writing,
        results: TextIO | None,
        limits: Mapping[str, Any],
    ) -> None:
        self._session = Session(library)
        self._lanes, self._limits = lanes, limits
        self._wanted = wanted
        self._reporter, self._writing = reporter, writing
        self._results = Results(writing, results)
        self._finding = Finding(self._session, wanted.only, wanted.run_new)
        # Not a threading.Event: a signal handler that sets one while its own thread waits for it
        # can find it locked, for ever. A SimpleQueue is re-entrant.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ending = Ending(self._session)
        self._cut_short = False
        """Whether a signal found anything that was not done."""
        self._finds = True
        self._cases: list[Case] = []
        self._live: dict[str, list[Case]] = {}
        """Those that are queued or run, by the key of their entry."""
        self._running: dict[str, Case] = {}
        self._next: dict[str, deque[Case]] = {}
        """What waits for the end of a run: the other repeats of its invocation."""
        self._waiting = 0
        """How many those are."""
        self._ended: Counter[str] = Counter()
        self._begun_at = time.time()
        self._begun = time.monotonic()

    def run(self) -> int:
        """Block until all is done; the exit code."""
        with ending_signals(self._interrupted):
            client = EngineClient(
                self._lanes[0],
                self._rouse,
                self._lanes[1],
                paths=self._session.library.roots,
                **self._limits,
            )
            self._session.engine = client
            try:
                nothing = self._work()
                self._reporter.end()
            finally:
                self._finding.stop()
                ended = client.close(_CLOSE_SECONDS)
            if not ended:
                self._say(client.still_there)
            if nothing is not None:
                self._say(nothing)
                return EXIT_USAGE
            return self._conclude(ended)

    def _work(self) -> str | None:
        """Until everything is done; why there was nothing to do, if so."""
        while True:
            if self._finds:
                self._finds = self._start_some()
            if not self._finds and not self._ending.signals:
                nothing = self._finding.nothing_found()
                if nothing is not None:
                    return nothing
            goes_on = self._wanted.run_new and not self._ending.wanted
            if goes_on and not self._finds:
                self._start_what_appeared()
            self._take_in()
            if not self._finds and not goes_on and not self._session.steered_count:
                return None
            self._wait(0 if self._finds else _DISK_SECONDS if goes_on else self._reporter.interval)

    def _rouse(self) -> None:
        self._wake.put(None)

    def _wait(self, seconds: float | None) -> None:
        """Until something happened, or for so long; all that happened is dealt with in one go."""
        try:
            self._wake.get(seconds != 0, seconds)
            while True:
                self._wake.get_nowait()
        except queue.Empty:
            return

    def _start_some(self) -> bool:
        """Start some of what is there; False once that was all."""
        for _ in range(_AT_A_TIME):
            entry = None if self._ending.signals else self._finding.next()
            if entry is None:
                return False
            self._take_on(entry)
        return True

    def _start_what_appeared(self) -> None:
        for entry in self._finding.appeared():
            self._take_on(entry)
        for notice in self._finding.take_notices():
            self._say(notice)

    def _take_on(self, entry: Entry) -> None:
        """Start the first of its cases; the others follow one after the other."""
        repeat = self._wanted.repeat if entry.error is None else 1
        cases = [Case(entry, number, repeat, error=entry.error) for number in range(1, repeat + 1)]
        self._cases += cases
        self._start(deque(cases))

    def _start(self, cases: deque[Case]) -> None:
        """Start the first; the others wait for its end."""
        case = cases.popleft()
        key = case.entry.key
        if case.error is None and not self._ending.wanted and key in self._session.entries:
            self._ending.hold()
            case.run = self._session.start(key)
            self._ending.let_go()
            case.entry = self._session.entries[key]
            self._finding.started(case.entry)
        if case.run is not None:
            self._live.setdefault(key, []).append(case)
            self._next[case.run.run_id] = cases
            self._waiting += len(cases)
        elif case.error is not None or not self._ending.wanted:
            self._cannot_start(case)

    def _cannot_start(self, case: Case) -> None:
        case.error = case.entry.error
        if case.error is None:
            self._say(f"not run: {case.name}, whose file was deleted")
        else:
            self._reporter.say(case.standing, safe_line(str(case.error), limit=1000))
        self._ended[case.standing] += 1
        self._look_at_end(case)

    def _take_in(self) -> None:
        """What happened since, in the order in which it did: an end may have made room."""
        changes = self._session.drain()
        for notice in changes.notices:
            self._say(safe_line(notice))
        facts = []
        for case in [case for key in changes.keys for case in self._live.get(key, ())]:
            assert case.run is not None
            before, run = case.run, self._session.runs[case.run.run_id]
            case.run = run
            if run.started_at is not None and before.started_at is None:
                facts.append((run.started_at, False, case))
            if not run.live:
                facts.append((run.finished_at or time.time(), True, case))
        for _at, ended, case in sorted(facts, key=lambda fact: fact[:2]):
            if ended:
                self._finished(case)
            else:
                self._began(case)
        idle = self._ending.signals > 0 and not self._cut_short
        for words in self._ending.take_words(idle=idle):
            self._say(words)
        self._show()

    def _began(self, case: Case) -> None:
        assert case.run is not None
        self._running[case.run.run_id] = case
        self._reporter.say("started", case.name)

    def _finished(self, case: Case) -> None:
        run = case.run
        assert run is not None
        self._running.pop(run.run_id, None)
        self._live[case.entry.key].remove(case)
        self._ended[case.standing] += 1
        duration = run.seconds(time.time())
        seconds = "" if duration is None else f"  {duration:.1f}s"
        reason = safe_block(run.error_summary or "")
        self._reporter.say(case.standing, f"{case.name}{seconds}" + (reason and f"\n{reason}"))
        if run.result is not None and (problem := self._results.hand_over(run.result)):
            self._say(f"results cannot be written: {problem}")
            self._ending.begin("")
        self._look_at_end(case)
        cases = self._next.pop(run.run_id)
        self._waiting -= len(cases)
        if cases:
            self._start(cases)

    def _look_at_end(self, case: Case) -> None:
        if self._wanted.fail_fast and not case.succeeded:
            self._ending.begin(f"{case.name} is {case.standing} (--fail-fast)")

    def _interrupted(self, number: int) -> None:
        if not self._ending.signals:
            self._cut_short = self._finds or bool(self._session.steered_count or self._waiting)
        self._ending.interrupted(number)
        self._rouse()
        if self._ending.signals > 1:
            self._writing.hurry()

    def _show(self) -> None:
        running = [(case.name, case.run) for case in self._running.values() if case.run is not None]
        queued = self._session.steered_count - len(running) + self._waiting
        passed = time.monotonic() - self._begun
        self._reporter.show(Standing(running, max(queued, 0), self._ended, passed))

    def _say(self, line: str) -> None:
        self._reporter.say(OWN, line)

    def _conclude(self, ended: bool) -> int:
        """Tell what came of it all; the exit code."""
        for entry in self._finding.last_faults():
            self._cases.append(Case(entry, error=entry.error))
            self._reporter.say("invalid", safe_line(str(entry.error), limit=1000))
        for case in self._cases:
            case.why_not = self._ending.cause
        seconds = time.monotonic() - self._begun
        good = ended and not self._results.lost and all(case.succeeded for case in self._cases)
        if self._wanted.junit is not None:
            from er_tui.session.junit import write_junit  # needed where it is asked for only

            problem = write_junit(self._wanted.junit, self._cases, self._begun_at, seconds)
            if problem:
                good = False
                self._say(f"the report cannot be written: {problem}")
        for line in summary(self._cases, seconds):
            self._say(line)
        number = self._ending.signal
        if number is not None and (self._cut_short or not self._wanted.run_new):
            return 128 + number
        return EXIT_OK if good else EXIT_FAILED

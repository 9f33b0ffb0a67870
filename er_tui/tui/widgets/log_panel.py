# SPDX-License-Identifier: AGPL-3.0-or-later
"""A log with all that can be done to it: searching, filtering, copying, saving."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from er_tui.session.log import Filter, Reader
from er_tui.session.log_pieces import plain_rows, plain_span, raw_log, raw_rows
from er_tui.tui.log_jobs import Copying, Job, SavingLog
from er_tui.tui.widgets.log_cursor import Standing
from er_tui.tui.widgets.log_search_line import LogSearchLine
from er_tui.tui.widgets.log_words import found_words, selected_words
from er_tui.tui.widgets.output_view import OutputView

_CONTEXTS = (0, 1, 3, 10)
_FOR_READERS = frozenset({"find", "go_to_line", "whole_line", "select", "copy"})
"""What is asked for where the keys are."""
_JOB_SECONDS = 0.005


class LogPanel(Vertical):
    """Carries out the commands on logs; says what is shown by :class:`OutputView`'s messages."""

    DEFAULT_CSS = "LogPanel { height: 1fr; }"

    class Changed(Message):
        """A command has changed what is shown, or what can be done."""

    def __init__(self, *, view_id: str) -> None:
        super().__init__()
        self.view = OutputView(id=view_id)
        self.line = LogSearchLine()
        self.save_as = "log.txt"
        """The name that is proposed for what is saved."""
        self._before: Standing | None = None
        """Where the user was before searching."""
        self._steps: deque[int] = deque()
        """To which matches to go on from the one that is waited for."""
        self._job: Job | None = None
        self._actions: dict[str, Callable[[], None]] = {
            "find": self._open_search,
            "next_match": lambda: self._go_on(1),
            "previous_match": lambda: self._go_on(-1),
            "only_matches": lambda: self._toggle_filter(inverse=False),
            "without_matches": lambda: self._toggle_filter(inverse=True),
            "more_context": lambda: self._widen(1),
            "less_context": lambda: self._widen(-1),
            "go_to_line": lambda: self.line.open(for_line=True),
            "line_numbers": self.view.toggle_numbers,
            "wrap": self.view.toggle_wrap,
            "times": self.view.next_times,
            "whole_line": self._open_line,
            "select": self.view.begin_selection,
            "copy": self._copy,
            "save": self._save,
            "pager": self._page,
        }

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.line

    def show(self, reader: Reader | None, *, live: bool, follow: bool, keep: bool) -> None:
        """Show another log; with ``keep`` searched and filtered as the one before.

        What is being typed is kept in any case: the rest of a word must not become commands.
        """
        keep = keep or self.line.is_open
        log = self.view.shown
        search = None if log is None or not keep else log.search
        pattern = None if search is None else search.pattern
        wanted = None if log is None or not keep else log.filter
        if self._job is not None:
            self._job.cancel()
        self._before = None
        self.view.show(reader, live=live, follow=follow)
        if self.view.shown is not None and pattern is not None:
            self.view.find(pattern)
            self._filter(wanted)
        elif not keep:
            self.line.forget()
            self._close_line()

    def can(self, command_id: str) -> bool:
        """Whether the command does something now."""
        log = self.view.shown
        if command_id not in self._actions or log is None:
            return False
        if command_id in _FOR_READERS:
            return self.has_focus_within and log.row_count > 0
        if command_id in ("next_match", "previous_match", "only_matches", "without_matches"):
            return log.search is not None
        if command_id in ("more_context", "less_context"):
            return log.search is not None and log.filter is not None
        return True

    def act(self, command_id: str) -> None:
        """Carry out a command that :meth:`can` said yes to."""
        self._actions[command_id]()
        self.post_message(self.Changed())

    def go_to_line(self, number: int) -> None:
        """Bring a line (from 0) into view as soon as it is read."""
        view = self.view

        def tell() -> tuple[bool, int | None]:
            log = view.shown
            known = log is None or number < log.line_count or not log.reading
            there = log is not None and number < log.line_count
            return known, number if there else None

        view.await_line(tell, view.show_line)

    # Searching

    def _open_search(self) -> None:
        self._before = self.view.standing
        self.line.open()

    def on_log_search_line_typed(self, event: LogSearchLine.Typed) -> None:
        event.stop()
        self.view.find(event.pattern)
        if self._before is not None:
            before = self._before
            self.view.stand(before)
            self._steps.clear()
            if event.pattern is not None:
                self._await_match(before.cursor - 1, 1)
        self.post_message(self.Changed())

    def on_log_search_line_kept(self, event: LogSearchLine.Kept) -> None:
        event.stop()
        self._close_line()

    def on_log_search_line_given_up(self, event: LogSearchLine.GivenUp) -> None:
        event.stop()
        self._filter(None)
        self.view.find(None)
        self.line.forget()
        if self._before is not None:
            self.view.stand(self._before)
        self._close_line()

    def on_log_search_line_line_typed(self, event: LogSearchLine.LineTyped) -> None:
        event.stop()
        self._close_line()
        words = event.words.strip().replace(",", "").replace("_", "")
        if words.rstrip("%").isdecimal() and len(words) < 16:
            number = int(words.rstrip("%"))
            if words.endswith("%"):
                number = self.view.line_count * min(number, 100) // 100
            self.go_to_line(max(0, min(number, self.view.line_count) - 1))
        elif words:
            self.app.notify("Not the number of a line.", severity="warning", markup=False)

    def on_output_view_changed(self) -> None:
        self.line.say(found_words(self.view))

    def _close_line(self) -> None:
        if self.line.is_open:
            self.screen.set_focus(self.view)
            self.line.close()
        self._before = None
        self.post_message(self.Changed())

    def _go_on(self, direction: int) -> None:
        view = self.view
        if view.awaits:
            self._steps.append(direction)  # typed ahead of the match that is looked for
            return
        self._steps.clear()
        at = view.match if view.match is not None else view.cursor or 0
        if view.match is None or view.cursor != view.match:
            # From where the user is; that line itself counts.
            at = (view.cursor or 0) - direction
        self._await_match(at, direction)

    def _await_match(self, line: int, direction: int) -> None:
        view = self.view

        def tell() -> tuple[bool, int | None]:
            log = view.shown
            if log is None or log.search is None:
                return True, None
            known = log.knows_next(line, direction)
            return known, log.next_match(line, direction) if known else None

        def go(number: int) -> None:
            view.show_match(number)
            if self._steps:
                self._await_match(number, self._steps.popleft())

        view.await_line(tell, go)

    # Filtering

    def _toggle_filter(self, *, inverse: bool) -> None:
        now = self.view.shown.filter if self.view.shown is not None else None
        context = now.context if now is not None else 0
        same = now is not None and now.inverse == inverse
        self._filter(None if same else Filter(inverse, context))

    def _widen(self, step: int) -> None:
        assert self.view.shown is not None
        now = self.view.shown.filter
        assert now is not None
        place = _CONTEXTS.index(now.context) + step
        context = _CONTEXTS[max(0, min(place, len(_CONTEXTS) - 1))]
        self._filter(Filter(now.inverse, context))

    def _filter(self, wanted: Filter | None) -> None:
        log = self.view.shown
        if log is not None and wanted != log.filter:
            self.view.keep_place(self.view.cursor or 0)
            log.show_only(wanted)
            self.view.log_changed()

    # Taking it elsewhere

    def _open_line(self) -> None:
        from er_tui.tui.screens.whole_line import WholeLine  # not for the first paint

        log, line, number = self.view.shown, self.view.current, self.view.cursor
        if log is not None and line is not None and number is not None:
            self.app.push_screen(WholeLine(log.reader, line, number))

    def _copy(self) -> None:
        log, view = self.view.shown, self.view
        assert log is not None
        rows, span = view.selected_rows or range(view.cursor_row, view.cursor_row + 1), view.span
        what = selected_words(view) if view.selecting else "1 line"
        view.action_end_selection()
        texts = plain_rows(log, rows) if span is None else plain_span(log, rows, *span)
        self._begin(Copying(self.app, texts, what))

    def _save(self) -> None:
        from er_tui.tui.screens.save_as import SaveAs  # not for the first paint

        log = self.view.shown
        assert log is not None
        filtered = log.search is not None and log.filter is not None
        what = f"the {log.row_count:,} lines that are shown" if filtered else "the whole capture"

        def chosen(answer: tuple[Path, bool] | None) -> None:
            if answer is not None and self.view.shown is log:
                rows = raw_rows(log, range(log.row_count)) if filtered else raw_log(log)
                self._begin(SavingLog(self.app, rows, *answer))

        self.app.push_screen(SaveAs(self.save_as, what), chosen)

    def _page(self) -> None:
        from er_tui.tui.pager import show_in_pager

        assert self.view.shown is not None
        show_in_pager(self.app, list(self.view.shown.reader.paths.values()))

    def _begin(self, job: Job) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = job
        self._go_on_with_job()

    def _go_on_with_job(self) -> None:
        job = self._job
        if job is not None and job.step():
            self.set_timer(_JOB_SECONDS, self._go_on_with_job)
        else:
            self._job = None

    def on_unmount(self) -> None:
        if self._job is not None:
            self._job.cancel()

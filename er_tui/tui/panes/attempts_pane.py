# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every request of an HTTP run as it happens, and all that is known of the selected one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widget import Widget

from er_tui.journal.reading import EventTail
from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.attempts import AttemptRow, Attempts
from er_tui.tui.curl import curl_command
from er_tui.tui.looks import duration, size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.attempt_list import AttemptList
from er_tui.tui.widgets.json_lines import Line, changed_lines, spread, styled
from er_tui.tui.widgets.lines_view import LinesView
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import tone_style

_PARSED_BYTES = 64 << 10
_PLAIN_BYTES = 16 << 10
_SHOWN_LINES = 500
_NAME_WIDTH = 18
_READ_BYTES = 1 << 14
"""Of the journal at a time: what is decoded in a millisecond or two."""
_STEP_SECONDS = 0.006


class _Body(NamedTuple):
    """The beginning of a stored body, and how many bytes it has in all."""

    data: bytes
    size: int


class AttemptsPane(Pane):
    """The list above, the selected attempt below."""

    title: ClassVar[str] = "Attempts"

    def __init__(self) -> None:
        super().__init__()
        self._subject = Subject()
        self._directory: str | None = None
        self._tail: EventTail | None = None
        self._attempts = Attempts()
        self._detailed: AttemptRow | None = None
        self._more: Timer | None = None

    def compose(self) -> ComposeResult:
        yield AttemptList(id="attempts")
        yield StatusLine(id="attempts-status")
        yield LinesView(hang=_NAME_WIDTH, id="attempt")

    @property
    def _list(self) -> AttemptList:
        return self.query_one("#attempts", AttemptList)

    @property
    def _view(self) -> LinesView:
        return self.query_one("#attempt", LinesView)

    def focus_target(self) -> Widget:
        return self._list

    @property
    def selected(self) -> AttemptRow | None:
        """The attempt under the cursor."""
        rows = self._attempts.rows
        return rows[self._list.cursor] if self._list.cursor < len(rows) else None

    def can(self, command_id: str) -> bool:
        return command_id == "copy" and self.selected is not None

    def act(self, command_id: str) -> None:
        del command_id
        row, entry = self.selected, self._subject.entry
        if row is not None:
            invocation = entry.invocation if entry is not None else None
            self.app.copy_to_clipboard(curl_command(row.started, invocation))
            self.app.notify("The attempt was copied as a curl command.", markup=False)

    def show(self, subject: Subject) -> None:
        self._subject = subject
        directory = subject.run.directory if subject.run is not None else None
        fresh = directory != self._directory or self._tail is None
        if fresh:
            self._directory, self._attempts = directory, Attempts()
            self._tail = EventTail(directory) if directory is not None else None
        if fresh or self._more is None:
            self._step(fresh=fresh)
        self._show_status()

    def _step(self, *, fresh: bool = False) -> None:
        """Read for a while; the rest of a long journal follows, and keys are answered between."""
        if self._more is not None:
            self._more.stop()
            self._more = None
        until = time.monotonic() + _STEP_SECONDS
        changed = more = False
        while self._tail is not None:
            changed = self._attempts.take(self._tail.read(_READ_BYTES)) or changed
            more = self._tail.more
            if not more or time.monotonic() >= until:
                break
        if fresh or changed:
            self._list.show(self._attempts.rows, self._attempts.longest, fresh=fresh)
        if fresh or not more:
            self._show_selected()
        if more:
            self._more = self.set_timer(0.001, self._go_on)

    def _go_on(self) -> None:
        self._step()
        self._show_status()

    def _show_status(self) -> None:
        run = self._subject.run
        muted, live = tone_style(self._view, "text--muted"), tone_style(self._view, "live")
        count = len(self._attempts.rows)
        parts = [Text(f"{count} attempt{'' if count == 1 else 's'}", style=muted)]
        if run is not None and run.backend_status is not None:
            parts.append(Text(safe_line(run.backend_status), style=live))
        if run is not None and run.live and run.next_poll_at is not None:
            left = max(0.0, run.next_poll_at - time.time())
            parts.append(Text(f"poll {run.polls + 1} in {left:.1f}s", style=live))
        if count:
            parts.append(self._legend())
        self.query_one("#attempts-status", StatusLine).say(Text(" · ", style=muted).join(parts))

    def _legend(self) -> Text:
        """What the colours of the bars mean."""
        return Text.assemble(
            ("▇ connect ", tone_style(self._view, "ending")),
            ("▇ TLS ", tone_style(self._view, "idle")),
            ("▇ wait ", tone_style(self._view, "live")),
            ("▇ body", tone_style(self._view, "good")),
        )

    def on_attempt_list_highlighted(self) -> None:
        self._show_selected()

    def _show_selected(self) -> None:
        row = self.selected
        if row is None:
            words = _nothing(self._subject.run)
            self._view.show([Text(words, style=self._view.tone("text--muted"))])
        elif row is not self._detailed:
            self._view.show(self._lines(row))
        self._detailed = row

    def _lines(self, row: AttemptRow) -> list[Text]:
        started, ended = row.started, row.ended
        lines = [
            Text.assemble(
                (f"{started.method} ", self._view.tone("text--accent")),
                (safe_line(started.url, limit=4000), self._view.tone("text--strong")),
            )
        ]
        if ended is None:
            lines.append(Text("under way", style=self._view.tone("live")))
            return [*lines, Text(""), *self._headers("request", started.headers)]
        if ended.note:
            words = safe_block(ended.note).splitlines()
            lines += [Text(line, style=self._view.tone("ending")) for line in words]
        parts = [f"{name} {duration(s)}" for name, s in row.parts if s is not None]
        took = ", ".join(parts) or "no time was taken"
        code = "no response" if ended.code is None else f"HTTP {ended.code}"
        lines.append(
            Text(f"{code}, {size(ended.size)}, {took}", style=self._view.tone("text--muted"))
        )
        lines += [Text(""), *self._headers("request", started.headers)]
        if ended.headers:
            lines += [Text(""), *self._headers("response", ended.headers)]
        return lines + self._body(row)

    def _headers(self, title: str, headers: Mapping[str, Any]) -> list[Text]:
        lines = [Text(f"{title} headers", style=self._view.tone("text--strong"))]
        for name, value in headers.items():
            lines.append(
                Text.assemble(
                    (f"{safe_line(name):<{_NAME_WIDTH - 1}.80} ", self._view.tone("text--muted")),
                    safe_line(str(value), limit=2000),
                )
            )
        return lines

    def _body(self, row: AttemptRow) -> list[Text]:
        body = self._read(row)
        if body is None:
            return []
        muted = self._view.tone("text--muted")
        lines = [Text(""), Text("body", style=self._view.tone("text--strong"))]
        spread_out = _spread(body)
        if spread_out is None:
            shown, left_out = _plain(body)
            lines += [Text(line) for line in shown]
            if left_out:
                lines.append(Text(f"… {left_out:,} more bytes are not shown", style=muted))
            return lines
        lines += styled(spread_out[:_SHOWN_LINES], self._view.tone)
        left_out = len(spread_out) - _SHOWN_LINES
        if left_out > 0:
            lines.append(Text(f"… {left_out:,} more lines are not shown", style=muted))
        return lines + self._changes(spread_out)

    def _changes(self, after: list[Line]) -> list[Text]:
        """What is other than in the body before, without what is the same."""
        earlier = self._attempts.before(self._list.cursor)
        before = self._read(earlier) if earlier is not None else None
        if earlier is None or before is None:
            return []
        title = Text(
            f"changed since attempt {earlier.started.number}", style=self._view.tone("text--strong")
        )
        if before.size > _PARSED_BYTES:
            changes = [f"not compared: the body before had {before.size:,} bytes"]
        else:
            spread_out = _spread(before)
            old = _text(before.data) if spread_out is None else [line.plain for line in spread_out]
            changes = changed_lines(old, [line.plain for line in after])
        if not changes:
            return []
        muted = self._view.tone("text--muted")
        tones = {"+": self._view.tone("good"), "-": self._view.tone("bad")}
        return [
            Text(""),
            title,
            *(
                Text(safe_line(line, limit=400), style=tones.get(line[0], muted))
                for line in changes
            ),
        ]

    def _read(self, row: AttemptRow) -> _Body | None:
        """The body that was stored for an attempt; None where there is none to be read."""
        if row.ended is None or row.ended.body is None or self._directory is None:
            return None
        # A journal is a file like any other: what it names must be in its own directory.
        path = os.path.normpath(os.path.join(self._directory, row.ended.body))
        if not path.startswith(self._directory + os.sep):
            return None
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(path, flags)
        except (OSError, ValueError):
            return None
        try:
            data = os.pread(descriptor, _PARSED_BYTES, 0)
            return _Body(data, max(len(data), os.fstat(descriptor).st_size))
        except OSError:
            return None
        finally:
            os.close(descriptor)


def _nothing(run: RunState | None) -> str:
    if run is None:
        return "Not run yet."
    if run.live:
        return "No request was sent yet."
    return "This run sent no requests."


def _spread(body: _Body) -> list[Line] | None:
    """The lines of a JSON body; None of one that is none, or too large to be looked into."""
    if body.size > _PARSED_BYTES:
        return None
    try:
        return list(spread(json.loads(body.data)))
    except (ValueError, RecursionError):
        return None


def _plain(body: _Body) -> tuple[list[str], int]:
    """The first lines of a body as text, and how many bytes of it are not in them."""
    end = min(len(body.data), _PLAIN_BYTES)
    while 0 < end < len(body.data) and body.data[end] & 0xC0 == 0x80:
        end -= 1  # no character is cut in two
    shown = b"".join(body.data[:end].splitlines(keepends=True)[:_SHOWN_LINES])
    return _text(shown), body.size - len(shown)


def _text(data: bytes) -> list[str]:
    return safe_block(data.decode(errors="replace")).splitlines()

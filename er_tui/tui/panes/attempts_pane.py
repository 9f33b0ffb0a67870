# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every request of an HTTP run as it happens, and all that is known of the selected one."""

from __future__ import annotations

import difflib
import json
import os
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from er_tui.journal.reading import EventTail
from er_tui.session.state import RunState
from er_tui.text.safe import safe_block, safe_line
from er_tui.tui.attempts import AttemptRow, Attempts
from er_tui.tui.curl import curl_command
from er_tui.tui.looks import duration, size
from er_tui.tui.panes.pane import Pane, Subject
from er_tui.tui.widgets.attempt_list import AttemptList
from er_tui.tui.widgets.json_lines import json_lines
from er_tui.tui.widgets.lines_view import LinesView
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import tone_style

_SHOWN_BODY_BYTES = 256 << 10
_NAME_WIDTH = 18


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
        return command_id == "copy_curl" and self.selected is not None

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
        changed = self._attempts.take(self._tail.read()) if self._tail is not None else False
        if fresh or changed:
            self._list.show(self._attempts.rows, self._attempts.longest, fresh=fresh)
            self._show_selected()
        self._show_status()

    def _show_status(self) -> None:
        run = self._subject.run
        muted, live = tone_style(self._view, "text--muted"), tone_style(self._view, "live")
        parts = [Text(f"{len(self._attempts.rows)} attempts", style=muted)]
        if run is not None and run.backend_status is not None:
            parts.append(Text(safe_line(run.backend_status), style=live))
        if run is not None and run.live and run.next_poll_at is not None:
            left = max(0.0, run.next_poll_at - time.time())
            parts.append(Text(f"poll {run.polls + 1} in {left:.1f}s", style=live))
        parts.append(
            Text.assemble(
                ("▇ connect ", tone_style(self._view, "ending")),
                ("▇ TLS ", tone_style(self._view, "idle")),
                ("▇ wait ", live),
                ("▇ body", tone_style(self._view, "good")),
            )
        )
        self.query_one("#attempts-status", StatusLine).say(Text(" · ", style=muted).join(parts))

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
        assert row.ended is not None
        strong, muted = self._view.tone("text--strong"), self._view.tone("text--muted")
        data = self._read(row)
        if data is None:
            return []
        lines = [Text(""), Text("body", style=strong)]
        earlier = self._attempts.before(self._list.cursor)
        before = self._read(earlier) if earlier is not None else None
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            text = safe_block(data.decode(errors="replace"))
            return lines + [Text(line) for line in text.splitlines()[:500]]
        lines += json_lines(document, self._view.tone)
        if before is not None and earlier is not None:
            changes = _changes(before, data)
            if changes:
                number = earlier.started.number
                lines += [Text(""), Text(f"changed since attempt {number}", style=strong)]
                tones = {"+": self._view.tone("good"), "-": self._view.tone("bad")}
                lines += [Text(line, style=tones.get(line[0], muted)) for line in changes]
        return lines

    def _read(self, row: AttemptRow) -> bytes | None:
        """The beginning of the body that was stored for an attempt."""
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
            return os.pread(descriptor, _SHOWN_BODY_BYTES, 0)
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


def _changes(before: bytes, after: bytes) -> list[str]:
    """What differs between two JSON bodies, line by line, without what is the same."""

    def spread(data: bytes) -> list[str]:
        try:
            return json.dumps(json.loads(data), indent=2, ensure_ascii=False).splitlines()
        except (ValueError, RecursionError):
            return data.decode(errors="replace").splitlines()

    return [
        safe_line(line, limit=400)
        for line in difflib.unified_diff(spread(before), spread(after), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ][:200]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever a backend answers is shown in bounded work, and every cut says what is left out."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.style import Style
from textual.app import App, ComposeResult

from er_tui.journal.events import AttemptEnded, AttemptStarted, Event
from er_tui.journal.lines import encode
from er_tui.session.state import RunState
from er_tui.tui.panes.attempts_pane import AttemptsPane
from er_tui.tui.panes.pane import Subject
from er_tui.tui.widgets.attempt_list import AttemptList
from er_tui.tui.widgets.json_lines import DEEPEST, changed_lines, json_lines
from er_tui.tui.widgets.lines_view import LinesView
from er_tui.tui.widgets.status_line import StatusLine


class Shown(App[None]):
    """The pane alone, given run directories one after the other."""

    def compose(self) -> ComposeResult:
        yield AttemptsPane()

    def lines(self, directory: Path, *bodies: bytes) -> list[str]:
        """What is shown of the last of the attempts that had these bodies."""
        directory.mkdir()
        for number, body in enumerate(bodies, 1):
            (directory / f"{number}.body").write_bytes(body)
        events = [event for number in range(1, len(bodies) + 1) for event in attempt(number)]
        (directory / "events.jsonl").write_text("".join(f"{encode(e)}\n" for e in events))
        run = RunState("r", 0.0, status="running", directory=str(directory))
        self.query_one(AttemptsPane).show(Subject(run=run))
        return [line.plain for line in self.query_one("#attempt", LinesView)._lines]


@asynccontextmanager
async def shown_alone() -> AsyncIterator[Shown]:
    app = Shown()
    async with app.run_test(size=(130, 40)):
        yield app


def attempt(number: int) -> tuple[Event, Event]:
    return (
        AttemptStarted(
            at=0.0, number=number, phase="poll", method="GET", url="http://h/a", headers={}
        ),
        AttemptEnded(
            at=0.0,
            number=number,
            phase="poll",
            code=200,
            status=None,
            size=1,
            connect_seconds=None,
            tls_seconds=None,
            wait_seconds=None,
            body_seconds=None,
            headers={},
            body=f"{number}.body",
            note="the note",
            next_seconds=None,
        ),
    )


def nested(depth: int, leaf: str = "1") -> bytes:
    return ('{"a":[' * (depth // 2) + leaf + "]}" * (depth // 2)).encode()


async def test_a_body_of_any_depth_is_shown(tmp_path: Path) -> None:
    async with shown_alone() as app:
        for depth in range(50, 3001, 50):
            lines = app.lines(tmp_path / str(depth), nested(depth, "2"), nested(depth))
            assert "body" in lines
            cut = any(f"… deeper than {DEEPEST} levels" in line for line in lines)
            plain = any(line.startswith('{"a":[' * 50) for line in lines)
            assert (cut or plain) == (depth > DEEPEST), depth
            assert cut or depth <= DEEPEST or depth > 900


@pytest.mark.parametrize(("items", "words"), [(1, "1 item"), (2, "2 items")])
def test_what_is_too_deep_is_counted(items: int, words: str) -> None:
    deep = nested(DEEPEST, json.dumps([1] * items))
    lines = [line.plain for line in json_lines(json.loads(deep), lambda _tone: Style())]
    assert len(lines) == 2 * DEEPEST + 1
    assert lines[DEEPEST].strip() == f"[{words} … deeper than 64 levels]"


async def test_a_large_body_is_plain_text_with_a_count(tmp_path: Path) -> None:
    many = json.dumps([{"name": f"item {n}"} for n in range(5000)], indent=1).encode()
    one_line = json.dumps(["é" * 60000], ensure_ascii=False).encode()
    async with shown_alone() as app:
        for name, body in (("many", many), ("one", one_line)):
            began = time.thread_time()
            lines = app.lines(tmp_path / name, body.replace(b"1", b"2"), body)
            assert time.thread_time() - began < 1.0  # of the processor, however busy it is
            text = "\n".join(lines[lines.index("body") + 1 : -1])
            left_out = len(body) - len(text.encode())
            assert lines[-1] in {f"… {left_out - end:,} more bytes are not shown" for end in (0, 1)}
            assert body.startswith(text.encode())


async def test_lines_and_changes_are_bounded_and_counted(tmp_path: Path) -> None:
    async with shown_alone() as app:
        old, new = (json.dumps([start] * 598 + [0]).encode() for start in (1, 2))
        lines = app.lines(tmp_path / "long", old, new)
        assert "… 101 more lines are not shown" in lines
        assert lines[-2:] == [
            "changed since attempt 1",
            "too much changed to compare: 598 lines became 598",
        ]
        began = time.thread_time()
        old, new = (json.dumps([[n % 7, n % k] for n in range(12000)]).encode() for k in (5, 3))
        app.lines(tmp_path / "wide", old[:60000].rpartition(b",")[0] + b"]]", new)
        assert time.thread_time() - began < 2.0


def test_only_what_changed_is_compared() -> None:
    same = [str(n) for n in range(50_000)]
    assert changed_lines([*same, "a", *same], [*same, "b", "-- c", *same]) == ["-a", "+b", "+-- c"]
    assert changed_lines(same, same) == []
    assert changed_lines(["a", "a"], ["a"]) == ["-a"]
    old, new = [f"a{n}" for n in range(150)], [f"b{n}" for n in range(150)]
    changes = changed_lines(old, new)
    assert len(changes) == 201
    assert changes[-1] == "… 100 more changed lines are not shown"


async def test_a_row_tells_its_path_and_then_its_note(tmp_path: Path) -> None:
    async with shown_alone() as app:
        status = app.query_one("#attempts-status", StatusLine)
        app.query_one(AttemptsPane).show(Subject())
        assert "0 attempts" in str(status.render())
        assert "▇" not in str(status.render())
        app.lines(tmp_path / "run", b"text")
        assert "1 attempt ·" in str(status.render())
        assert "▇ wait" in str(status.render())
        rows = app.query_one(AttemptList)
        line = rows._line(rows._rows[0]).plain
        assert line.endswith("/a  the note")
        assert "ms" not in line

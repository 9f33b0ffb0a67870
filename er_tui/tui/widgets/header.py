# SPDX-License-Identifier: AGPL-3.0-or-later
"""The top line: what is open, how it stands, how many run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from er_tui.session.session import Session
from er_tui.text.safe import safe_line
from er_tui.tui.looks import look_of, size
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

_ORDER = (
    ("cancelling", "ending"),
    ("running", "live"),
    ("stalled", "ending"),
    ("paused", "ending"),
    ("queued", "waiting"),
    ("succeeded", "good"),
    ("failed", "bad"),
    ("timed out", "bad"),
    ("rejected", "bad"),
    ("invalid", "bad"),
    ("cancelled", "ended"),
    ("lost", "ended"),
    ("unknown", "ended"),
    ("not run", "idle"),
    ("reading", "idle"),
)


@dataclass(frozen=True)
class Standing:
    """What the header counts."""

    title: str = ""
    """What is open; safe text."""
    words: tuple[tuple[str, int], ...] = ()
    running: int = 0
    jobs: int = 0
    """How many processes may run at once; 0 until the engine said so."""
    asking: int = 0
    """Runs that wait for somebody else: HTTP."""
    asking_jobs: int = 0
    engine_gone: bool = False
    monitors: bool = False
    """Whether no engine is wanted."""
    loading: bool = True
    others: int = 0
    """JSON files left out because they are something else."""
    low_space: tuple[tuple[int, str], ...] = ()
    """Disks that are nearly full: free bytes and a folder (safe text), the fullest first."""

    @classmethod
    def of(cls, session: Session, title: str, *, loading: bool) -> Standing:
        tally = session.tally
        words: Counter[str] = Counter()
        for standing, count in tally.standings.items():
            words[look_of(standing).word] += count
        low = sorted((free, safe_line(place)) for place, free in session.low_space.items())
        return cls(
            title=title,
            words=tuple((word, words[word]) for word, _tone in _ORDER if words[word]),
            running=tally.lanes[False],
            jobs=session.jobs,
            asking=tally.lanes[True],
            asking_jobs=session.waiting_jobs,
            engine_gone=session.engine is None,
            monitors=session.monitors,
            loading=loading,
            others=len(session.library.others),
            low_space=tuple(low),
        )


class Header(Widget):
    """One line, drawn from one frozen value."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    standing: reactive[Standing] = reactive(Standing())

    def render(self) -> Text:
        muted = tone_style(self, "text--muted")
        tones = dict(_ORDER)
        name = Text.assemble((" er-tui ", self.get_component_rich_style("text--mark")), " ")
        left = name + Text(self.standing.title, style=tone_style(self, "text--strong"))
        counts = Text(" · ", style=muted).join(
            Text(f"{count} {word}", style=tone_style(self, tones[word]))
            for word, count in self.standing.words
        )
        if self.standing.loading:
            counts.append("  loading…", style=muted)
        if self.standing.others:
            counts.append(f" · {self.standing.others} other JSON", style=muted)
        if not self.standing.low_space:
            return _spread(left, counts, self._jobs(), self.size.width)
        # In place of what is known anyway; the counts give way to it, not it to them.
        line = name + self._warning(self.size.width - name.cell_len) + Text("  ") + counts
        line.truncate(self.size.width, overflow="ellipsis")
        line.no_wrap = True
        return line

    def _warning(self, room: int) -> Text:
        (free, place), *others = self.standing.low_space
        words = f"only {size(free).replace('.0 ', ' ')} free in "
        more = f" and on {len(others)} more" if others else ""
        # Of a long path the end tells most. Half of the line is left to the counts.
        most = max(room // 2, 34) - len(words) - len(more)
        if len(place) > most:
            place = "…" + place[len(place) - max(1, most - 1) :]
        return Text(f"{words}{place}{more}", style=tone_style(self, "bad"))

    def _jobs(self) -> Text:
        standing, muted = self.standing, tone_style(self, "text--muted")
        if standing.monitors:
            return Text("monitor, read-only", style=muted)
        if standing.engine_gone:
            return Text("no engine", style=tone_style(self, "bad"))
        if not standing.jobs:
            return Text("engine starting…", style=muted)
        words = f"jobs {standing.running}/{standing.jobs}"
        if standing.asking:
            words += f" · http {standing.asking}/{standing.asking_jobs}"
        return Text(words, style=muted)


def _spread(left: Text, middle: Text, right: Text, width: int) -> Text:
    """Three texts over a line; the left one gives way first, then the right one goes."""
    fixed = middle.cell_len + 4
    if fixed + right.cell_len > width - 10:
        right = Text("")
    room = max(8, width - fixed - right.cell_len)
    left.truncate(room, overflow="ellipsis")
    gap = max(2, width - left.cell_len - middle.cell_len - right.cell_len)
    after = 3 if right.cell_len else 0
    line = Text.assemble(left, " " * (gap - after), middle, " " * after, right)
    line.truncate(width, overflow="ellipsis")
    line.no_wrap = True
    return line

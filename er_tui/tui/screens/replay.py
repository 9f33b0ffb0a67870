# SPDX-License-Identifier: AGPL-3.0-or-later
"""A past run, played again: its output and what happened, as they stood at a moment of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from er_tui.session.replay import ReplayReader
from er_tui.session.state import RunState
from er_tui.text.safe import safe_line
from er_tui.tui.event_words import told
from er_tui.tui.looks import duration, look_of_run, size
from er_tui.tui.widgets.output_view import OutputView
from er_tui.tui.widgets.replay_track import ReplayTrack
from er_tui.tui.widgets.status_line import StatusLine
from er_tui.tui.widgets.tones import TONE_CLASSES, tone_style

Clock = Callable[[], float]

_FRAME_SECONDS: Final = 0.05
_GAP_SECONDS: Final = 3.0
"""Of nothing new: what is longer can be left out."""
_SHORT_SECONDS: Final = 60.0
"""A run that took less is shown by the tenth of a second."""
_FEW_LINES, _MANY_LINES = 6, 14
"""Of what happened last; many where that is all there is, as of an HTTP run."""


class ReplayScreen(Screen[None]):
    """Shows a run from its directory until it is left; nothing is written, nothing is run."""

    AUTO_FOCUS = "OutputView"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)
    DEFAULT_CSS = """
    ReplayScreen { background: $background; }
    ReplayScreen OutputView { height: 1fr; }
    ReplayScreen #replay-events { height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", show=False, priority=True),
        Binding("space", "play", show=False, priority=True),
        Binding("1", "pace(1)", show=False, priority=True),
        Binding("2,0", "pace(10)", show=False, priority=True),
        Binding("left,h", "move(-5)", show=False, priority=True),
        Binding("right,l", "move(5)", show=False, priority=True),
        Binding("shift+left,H", "to_event(-1)", show=False, priority=True),
        Binding("shift+right,L", "to_event(1)", show=False, priority=True),
        Binding("home,g", "to_share(0)", show=False, priority=True),
        Binding("end,G", "to_share(1)", show=False, priority=True),
        Binding("s", "skip_gaps", show=False, priority=True),
        Binding("t", "times", show=False, priority=True),
    ]

    def __init__(self, run: RunState, name: str, *, clock: Clock = time.monotonic) -> None:
        """``run`` has ended and has a directory; ``name`` is what it is called, safe to show."""
        super().__init__()
        assert run.directory is not None
        self._run = run
        self._called = name
        self._clock = clock
        self.reader = ReplayReader(run.directory, run)
        self.pace = 0.0
        """Seconds of the run for one of the clock; 0 while it stands still."""
        self._last_pace = 1.0
        self._skips_gaps = False
        self._skipped = 0.0
        """Seconds that were left out the last time."""
        self._looked_at = clock()
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield StatusLine(id="replay-title")
        yield OutputView(id="replay-output")
        yield StatusLine(id="replay-status")
        yield ReplayTrack(self.reader, id="replay-track")
        yield StatusLine(id="replay-position")
        yield Static(id="replay-events", markup=False)
        yield StatusLine(id="replay-keys")

    def on_mount(self) -> None:
        self._view.times = "since start"
        self._view.show(self.reader, live=True, follow=True)
        keys = "space plays · 1 2 pace, 10× · ← → 5 s · ⇧← ⇧→ events · home end · "
        keys += "s skips gaps · t times · esc leaves"
        self.query_one("#replay-keys", StatusLine).say(Text(keys, style=self._tone("text--muted")))
        self._show()
        self.set_interval(_FRAME_SECONDS, self._tick)

    @property
    def _view(self) -> OutputView:
        return self.query_one(OutputView)

    def _tone(self, name: str) -> Style:
        return tone_style(self, name)

    # What the user does

    def action_play(self) -> None:
        """Play on, or stand still; at the end, from the beginning."""
        if self.pace:
            self._set_pace(0.0)
            return
        if self.reader.position >= self.reader.ends:
            self._go(self.reader.begins)
        self._set_pace(self._last_pace)

    def action_pace(self, pace: int) -> None:
        if self.reader.position < self.reader.ends:
            self._set_pace(float(pace))

    def action_move(self, seconds: int) -> None:
        self._go(self.reader.position + seconds)

    def action_to_event(self, direction: int) -> None:
        story, at = self.reader.story, self.reader.position
        found = story.next_tick(at) if direction > 0 else story.tick_before(at)
        if found is not None:
            self._go(found)

    def action_to_share(self, share: int) -> None:
        self._go(self.reader.ends if share else self.reader.begins)

    def action_skip_gaps(self) -> None:
        self._skips_gaps = not self._skips_gaps
        self._skipped = 0.0
        self._show()

    def action_times(self) -> None:
        self._view.next_times()

    def on_replay_track_sought(self, event: ReplayTrack.Sought) -> None:
        self._go(event.at)

    # Playing

    def _set_pace(self, pace: float) -> None:
        self._looked_at = self._clock()
        self.pace = pace
        self._last_pace = pace or self._last_pace
        self._show()

    def _go(self, at: float) -> None:
        self.reader.position = at
        self._looked_at = self._clock()
        self._skipped = 0.0
        self._show()

    def _tick(self) -> None:
        now = self._clock()
        reader = self.reader
        if self.pace and reader.reached:
            reader.position += (now - self._looked_at) * self.pace
            if self._skips_gaps and (skipped := reader.skip_gap(_GAP_SECONDS)):
                self._skipped = skipped
            if reader.position >= reader.ends:
                self.pace = 0.0
        self._looked_at = now
        self._show()

    # Drawing

    def _show(self) -> None:
        """Draw what is another than before."""
        reader = self.reader
        output = reader.index.cut, reader.damage
        ticks = len(reader.sizes), len(reader.story.tick_times), reader.done
        shown = (reader.position, self.pace, self._skips_gaps, self._skipped, output, ticks)
        if shown == self._shown:
            return
        before, self._shown = self._shown, shown
        if not before or before[4] != output:
            self._view.follow = True
            self._view.log_changed()
        self.query_one(ReplayTrack).refresh()
        state = reader.story.state_at(reader.position)
        self._show_title(state)
        self._show_output()
        self._show_position()
        self._show_events()

    def _show_title(self, state: RunState) -> None:
        look = look_of_run(state)
        parts = [
            Text("replay", style=self._tone("text--accent")),
            Text(self._called, style=self._tone("text--strong")),
            Text(f"{look.glyph} {look.word}", style=self._tone(look.tone)),
        ]
        if state.backend_status is not None:
            parts.append(Text(safe_line(state.backend_status), style=self._tone("live")))
        self._say("replay-title", parts)

    def _show_output(self) -> None:
        reader, muted = self.reader, self._tone("text--muted")
        damage = reader.damage
        parts = [] if damage is None else [Text(damage, style=self._tone("bad"))]
        sizes = zip(reader.paths, reader.index.cut.ends, strict=True)
        parts += [Text(f"{stream} {size(count)}", style=muted) for stream, count in sizes]
        count = reader.index.line_count
        parts.append(Text(f"{count:,} line{'' if count == 1 else 's'}", style=muted))
        if not reader.reached:
            parts.append(Text("reading up to there", style=self._tone("live")))
        self._say("replay-status", parts)

    def _show_position(self) -> None:
        reader = self.reader
        at, length = reader.position - reader.begins, reader.ends - reader.begins
        tenths = length < _SHORT_SECONDS
        words = f"+{_minutes(at, tenths)} of {_minutes(length, tenths)}"
        parts = [Text(words, style=self._tone("text--strong"))]
        pace = "original pace" if self.pace == 1 else f"{self.pace:.0f}×"
        words = f"playing, {pace}" if self.pace else "standing still"
        parts.append(Text(words, style=self._tone("live" if self.pace else "text--muted")))
        if self._skips_gaps:
            words = f"gaps over {_GAP_SECONDS:.0f} s are skipped"
            if self._skipped:
                words += f", {duration(self._skipped)} just now"
            parts.append(Text(words, style=self._tone("text--accent")))
        self._say("replay-position", parts)

    def _show_events(self) -> None:
        reader = self.reader
        most = _FEW_LINES if len(reader.sizes) or not reader.done else _MANY_LINES
        most = min(most, max(1, self.size.height // 3))
        words = Text(no_wrap=True, overflow="ellipsis")
        events = reader.story.events_at(reader.position, most)
        for event in events:
            tone, said = told(event)
            tenths = reader.ends - reader.begins < _SHORT_SECONDS
            since = f"+{_minutes(event.at - reader.begins, tenths)}"
            words.append(f"{since:>9}  ", style=self._tone("text--muted"))
            words.append(safe_line(said, limit=400) + "\n", style=self._tone(tone))
        # As many lines whatever there is: what is above must not move while it plays.
        words.append("\n" * (most - len(events) - 1))
        self.query_one("#replay-events", Static).update(words)

    def _say(self, id: str, parts: list[Text]) -> None:
        joint = Text(" · ", style=self._tone("text--muted"))
        self.query_one(f"#{id}", StatusLine).say(joint.join(parts))


def _minutes(seconds: float, tenths: bool = False) -> str:
    """``01:23``, ``1:02:03``, ``00:03.4``."""
    minutes, rest = divmod(int(max(0.0, seconds) * 10), 600)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else f"{minutes:02d}"
    return f"{whole}:{rest // 10:02d}" + (f".{rest % 10}" if tenths else "")

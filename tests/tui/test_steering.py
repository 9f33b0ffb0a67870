# SPDX-License-Identifier: AGPL-3.0-or-later
"""Live runs are steered from the list: ended all at once, paused, signalled, given more time."""

import re
from pathlib import Path

import pytest

from er_tui.engine.messages import LowSpace, RunEvent
from er_tui.journal.events import ResourcesSampled
from er_tui.session.library import Entry
from er_tui.session.state import Resources, RunState
from er_tui.tui.looks import memory, state_of
from er_tui.tui.row_words import ending, used
from er_tui.tui.screens.choose import MORE_TIME, SIGNALS
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import DEAF, STAY

PATIENT = {"metadata": {"subprocess.grace_seconds": "3600"}}
STEERING = {"cancel", "cancel_all", "pause", "signal", "more_time", "input", "end_input"}


def enabled(screen: Dashboard) -> set[str]:
    main = screen.app.screen_stack[0]
    return {name for name in STEERING if main.check_action(name, ())}


def state_in_kernel(pid: int | None) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_what_makes_no_sense_is_disabled(folder: Path, write: Write) -> None:
    write("limited", STAY, timeout_seconds=600)
    write("one", STAY)
    async with dashboard(folder) as screen:
        assert enabled(screen) == set()
        before = screen.text
        await screen.press("C", "p", "s", "plus", "i", "ctrl+right_square_bracket")
        assert screen.text == before
        await screen.press("j", "r")
        await screen.see("● one", "here I am")
        assert enabled(screen) == {"cancel", "cancel_all", "pause", "signal"}
        await screen.press("k")
        await screen.see("╭─ limited")
        assert enabled(screen) == {"cancel_all"}
        await screen.press("r")
        await screen.see("● limited", "2 running", "of 10:00", "process ")
        assert enabled(screen) == {"cancel", "cancel_all", "pause", "signal", "more_time"}


async def test_a_paused_run_stands_still_until_it_is_told_to_go_on(
    folder: Path, write: Write
) -> None:
    write("one", STAY)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("● one", "here I am", "p pause")
        await screen.press("p")
        await screen.see("‖ one", "paused · here I am", "‖ paused 00:0", "1 paused", "p resume")
        await screen.until(lambda: state_in_kernel(screen.run("one").pid) == "T", "it is stopped")
        await screen.press("slash", *"paused", "enter")
        await screen.see("1 of 1", "‖ one")
        await screen.press("escape", "p")
        await screen.see("● one", "● running", "p pause")
        await screen.until(lambda: state_in_kernel(screen.run("one").pid) != "T", "it goes on")
        await screen.press("p")
        await screen.see("‖ one")
        await screen.press("c")
        await screen.see("⊘ one", "cancelled by the operator")
        await screen.pane("Timeline")
        await screen.see("SIGTERM to group", "nothing of it is left, after")


async def test_marked_runs_are_paused_together(folder: Path, write: Write) -> None:
    for name in ("a", "b", "c"):
        write(name, STAY)
    async with dashboard(folder, jobs=3) as screen:
        await screen.press("R")
        await screen.see("3 running", "● c")
        await screen.until(lambda: all(screen.run(n).pid for n in "abc"), "all have begun")
        await screen.press("p")
        await screen.see("‖ a")
        await screen.press("g", "space", "space", "p")
        await screen.see("‖ a", "‖ b", "● c", "1 running · 2 paused", "p resume")
        await screen.press("p")
        await screen.see("3 running")


async def test_a_signal_is_chosen_and_sent_to_the_group(folder: Path, write: Write) -> None:
    write("one", f"trap 'echo got usr1' USR1; {STAY}")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("here I am")
        await screen.press("s")
        await screen.see("Signal to one", "SIGHUP", "as Ctrl+C: most stop", "nothing is cleaned up")
        await screen.press("escape")
        await screen.lose("Signal to one")
        await screen.press("s", *"jjjj", "enter")
        await screen.see("got usr1")
        await screen.lose("Signal to one")
        await screen.pane("Timeline")
        await screen.see("SIGUSR1 to group", "asked for by the operator")
        await screen.press("s", "G", "enter")
        await screen.see("✗ one", "process ended by SIGKILL")


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_every_choice_is_one_whole_line(
    folder: Path, write: Write, size: tuple[int, int]
) -> None:
    write("one", STAY, timeout_seconds=600)
    async with dashboard(folder, size=size) as screen:
        await screen.press("r")
        await screen.see("here I am")
        for key, choices in (("s", SIGNALS), ("plus", MORE_TIME)):
            await screen.press(key)
            await screen.see(*(f"{choice.name:<12}{choice.words}".strip() for choice in choices))
            await screen.press("escape")


async def test_a_deadline_is_moved_and_the_clock_says_so(folder: Path, write: Write) -> None:
    write("one", STAY, timeout_seconds=600)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("here I am", "of 10:00")
        await screen.press("plus")
        await screen.see("More time for one · 09:5", "15 minutes", "1 day")
        await screen.press("j", "enter")
        await screen.see("of 15:00")
        await screen.pane("Timeline")
        await screen.see("deadline 5m00s later: 15m00s after the start")


async def test_cancel_all_asks_when_there_are_several_and_ends_queued_ones_too(
    folder: Path, write: Write
) -> None:
    for name in ("a", "b", "c"):
        write(name, STAY)
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.see("2 running · 1 queued")
        await screen.press("C")
        await screen.see("Cancel all?", "3 runs are live", "Let them run")
        await screen.press("n")
        await screen.lose("Cancel all?")
        assert screen.session.live_count == 3
        await screen.press("C", "y")
        await screen.see("3 cancelled", "⊘ a", "⊘ b", "⊘ c")


async def test_cancel_all_asks_nothing_for_a_single_run(folder: Path, write: Write) -> None:
    write("a", STAY)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("here I am")
        await screen.press("C")
        await screen.see("⊘ a")


async def test_cancel_all_pressed_again_kills_what_is_ending(folder: Path, write: Write) -> None:
    write("a", DEAF, **PATIENT)
    write("b", DEAF, **PATIENT)
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.until(lambda: all(screen.run(n).stdout_bytes for n in "ab"), "both are deaf")
        await screen.press("C", "y")
        await screen.see("2 cancelling", "◌ cancelling · SIGKILL in 36", "c kill now")
        await screen.press("C")
        await screen.see("2 cancelled")
        await screen.see("SIGKILL was needed")


async def test_what_is_ending_already_keeps_its_grace_when_the_others_are_cancelled(
    folder: Path, write: Write
) -> None:
    write("a", DEAF, **PATIENT)
    write("b", STAY)
    async with dashboard(folder) as screen:
        await screen.press("R")
        await screen.until(lambda: all(screen.run(n).stdout_bytes for n in "ab"), "both have begun")
        await screen.press("g", "c")
        await screen.see("◌ a")
        await screen.press("C")
        await screen.see("⊘ b", "◌ a", "SIGKILL in 3")
        await screen.press("C")
        await screen.see("⊘ a", "2 cancelled")


async def test_resources_stand_in_the_list_while_they_are_wanted(
    folder: Path, write: Write
) -> None:
    write("one", STAY)
    write("two")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("here I am")
        sample = ResourcesSampled(at=1.0, cpu_percent=12.4, memory_bytes=48_100_000, processes=3)
        screen.engine.inbox.append(RunEvent(screen.run("one").run_id, sample))
        await screen.until(lambda: screen.run("one").resources, "the sample is there")
        assert "48M" not in screen.text
        await screen.press("u")
        await screen.see("12%  48M   3p")
        assert re.search(r"● one .* 12%  48M   3p +00:0\d", screen.text)
        await screen.press("c")
        await screen.see("⊘ one")
        assert "48M" not in screen.text
        await screen.press("u")
        await screen.see("⊘ one        ", "subprocess")


@pytest.mark.parametrize("size", [(100, 30), (80, 24)])
async def test_resources_fit_beside_the_name_in_a_smaller_terminal(
    folder: Path, write: Write, size: tuple[int, int]
) -> None:
    write("one", STAY)
    async with dashboard(folder, size=size) as screen:
        await screen.press("r", "u")
        await screen.see("● one", "here I am")
        sample = ResourcesSampled(at=1.0, cpu_percent=1600, memory_bytes=1 << 30, processes=120)
        screen.engine.inbox.append(RunEvent(screen.run("one").run_id, sample))
        await screen.see("1600% 1.1G 120p")


async def test_a_tiny_terminal_leaves_the_resources_out(folder: Path, write: Write) -> None:
    write("one", STAY)
    async with dashboard(folder, size=(32, 20)) as screen:
        await screen.press("r", "u")
        await screen.see("● one", "00:0")
        sample = ResourcesSampled(at=1.0, cpu_percent=1600, memory_bytes=1 << 30, processes=120)
        screen.engine.inbox.append(RunEvent(screen.run("one").run_id, sample))
        await screen.until(lambda: screen.run("one").resources, "the sample is there")
        await screen.see("● one", "00:01")
        assert "120p" not in screen.text


async def test_a_nearly_full_disk_is_told_at_the_top_until_it_has_room(
    folder: Path, write: Write
) -> None:
    write("one")
    place = "/srv/[b]old/" + "deep/" * 30 + "end\x1b[31m"
    async with dashboard(folder, size=(100, 20)) as screen:
        screen.engine.inbox.append(LowSpace("/small", 300_000_000))
        await screen.see("only 300 MB free in /small", "1 not run")
        screen.engine.inbox.extend([LowSpace(place, 1_250_000)])
        await screen.see("only 1.2 MB free in …", "/end␛[31m and on 1 more", "1 not run")
        screen.engine.inbox.extend([LowSpace(place, None), LowSpace("/small", None)])
        await screen.see("work/", "jobs 0/2")
        assert "free in" not in screen.text


async def test_the_keys_that_matter_most_are_whole_in_any_width(folder: Path, write: Write) -> None:
    write("one", STAY)
    for width in (130, 80, 60, 30):
        async with dashboard(folder, size=(width, 20)) as screen:
            await screen.press("r")
            await screen.see("● one")
            await screen.see("? help   q quit")
            assert "…" not in screen.footer


def ends(**fields: object) -> RunState:
    return RunState("r", 0.0, status="running", started_at=0.0, ending_since=5.0, **fields)  # type: ignore[arg-type]


def test_an_ending_is_told_from_its_first_signal_to_its_last() -> None:
    now, entry = 6.0, Entry(Path("k"), "k", None, None)
    told = {
        ends(pid=7, kill_at=8.0): ("SIGKILL in 2s", "ending: SIGTERM sent, SIGKILL in 2s"),
        ends(pid=7, killed=True): ("SIGKILL sent", "ending: SIGKILL sent"),
        ends(): ("00:06", "ending"),
    }
    for run, (title, row) in told.items():
        words, tone = state_of(entry, run, now)
        assert words.startswith("◌ cancelling ")
        assert words.endswith(title)
        assert tone == "ending"
        assert ending(run, now) == row


def test_sizes_of_any_magnitude_take_four_columns() -> None:
    for power in range(14):
        assert len(memory(10**power)) <= 4
        assert len(memory(10**power - 1)) <= 4
    assert [memory(n) for n in (0, 48_300_000, 1_240_000_000)] == ["0B", "48M", "1.2G"]
    run = RunState("r", 0.0, resources=Resources(0.4, 999_600_000, 1))
    assert used(run) == "   0% 1.0G   1p"

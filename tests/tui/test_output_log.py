# SPDX-License-Identifier: AGPL-3.0-or-later
"""The output is read as a log: searched, filtered, numbered, wrapped, and gone to by the line."""

from __future__ import annotations

import re
from pathlib import Path

from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import stay_until
from tests.tui.test_type_ahead import at_once

HITS = "for n in $(seq 1 200); do case $n in *50) echo line $n HIT;; *) echo line $n;; esac; done"
"""Lines 50 and 150 of 200 hit."""


def lines_shown(screen: Dashboard) -> list[int]:
    """The numbers in ``line N`` of the output, from the top."""
    return [int(n) for n in re.findall(r"line (\d+)", screen.shown)]


def backgrounds(screen: Dashboard, word: str) -> list[str]:
    """The background of each place where the word stands by itself."""
    return [
        segment.style.bgcolor.name
        for strip in screen.strips
        for segment in strip
        if segment.text.strip() == word and segment.style and segment.style.bgcolor
    ]


async def look_at(screen: Dashboard) -> None:
    """Run what there is and go into its output."""
    await screen.press("r")
    await screen.see("✓ succeeded")
    await screen.press("enter")
    await screen.see("y copy")


async def test_what_is_typed_is_searched_at_once_and_its_matches_are_gone_through(
    folder: Path, write: Write
) -> None:
    write("one", HITS)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g", "slash", *"hit")
        await screen.see("line 50 HIT", "1 of 2 lines", "alt+r plain", "alt+c any case")
        await screen.press("enter")
        await screen.lose("alt+r")
        await screen.see('"hit" 1 of 2 lines')
        await screen.press("n")
        await screen.see("line 150 HIT", '"hit" 2 of 2 lines')
        await screen.press("n")
        await screen.see("line 50 HIT", '"hit" 1 of 2 lines')
        await screen.press("N")
        await screen.see("line 150 HIT", '"hit" 2 of 2 lines')


async def test_the_current_match_looks_different_from_the_others(
    folder: Path, write: Write
) -> None:
    write("one", r"printf 'a \033[31mhit\033[0m\nb hit\nc hit\n'")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g", "slash", *"hit", "enter")
        await screen.see('"hit" 1 of 3 lines')
        marks = backgrounds(screen, "hit")
        assert len(marks) == 3
        assert marks[0] != marks[1] == marks[2]
        await screen.press("n")
        await screen.see('"hit" 2 of 3 lines')
        assert backgrounds(screen, "hit") == [marks[1], marks[0], marks[2]]


async def test_a_search_can_be_a_regular_expression_and_mind_the_case(
    folder: Path, write: Write
) -> None:
    write("one", HITS)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("slash", *"line .*0 hit")
        await screen.see("no line matches")
        await screen.press("alt+r")
        await screen.see("alt+r regex", "2 lines")
        await screen.press("alt+c")
        await screen.see("alt+c this case", "no line matches")
        await screen.press("alt+c")
        await screen.see("of 2 lines")
        await screen.press("left_parenthesis")
        await screen.see("not a regular expression: missing )")
        await screen.press("enter", "backspace")
        await screen.lose("not a regular")
        await screen.press("enter")
        await screen.see("/line .*0 hit/ ")


async def test_escape_clears_the_search_and_goes_back_to_where_one_was(
    folder: Path, write: Write
) -> None:
    write("one", HITS)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.see("following")
        await screen.press("slash", *"50 hit")
        await screen.see("line 50 HIT")
        assert "following" not in screen.shown
        await screen.press("escape")
        await screen.see("line 200", "following")
        await screen.lose("50 hit", "alt+r")
        await screen.press("n", "ampersand")
        await screen.see("line 200", "following")


async def test_slash_filters_the_list_while_the_list_has_the_keys(
    folder: Path, write: Write
) -> None:
    write("one", HITS)
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded", "/ filter")
        await screen.press("slash", *"zzz")
        await screen.see("Nothing matches.")
        await screen.press("escape")
        await screen.press("enter")
        await screen.see("/ find")


async def test_a_filter_shows_matches_with_context_or_what_does_not_match(
    folder: Path, write: Write
) -> None:
    write("one", HITS)
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("slash", *"hit", "enter", "ampersand", "number_sign")
        await screen.see("only lines with it ", "  50 line 50 HIT", " 150 line 150 HIT")
        assert lines_shown(screen) == [50, 150]
        await screen.press("equals_sign")
        await screen.see("only lines with it, 1 around", "⋮ 149 line 149")
        assert lines_shown(screen) == [49, 50, 51, 149, 150, 151]
        await screen.press("equals_sign", "equals_sign", "equals_sign")
        await screen.see("with it, 10 around")
        await screen.press("minus")
        await screen.see("with it, 3 around")
        assert lines_shown(screen) == [*range(47, 54), *range(147, 154)]
        await screen.press("minus", "minus", "exclamation_mark")
        await screen.see("only lines without it ")
        await screen.press("g")
        await screen.until(lambda: lines_shown(screen)[:1] == [1])
        await screen.press("colon", *"60", "enter")
        await screen.until(lambda: 60 in lines_shown(screen))
        assert 50 not in lines_shown(screen)
        await screen.press("exclamation_mark")
        await screen.until(lambda: 50 in lines_shown(screen))


async def test_a_filtered_log_is_followed_as_it_grows(folder: Path, write: Write) -> None:
    gate = folder / "gate"
    write("one", f"{HITS}; {stay_until(gate)}; echo line 201; echo line 202 HIT; echo line 203")
    async with dashboard(folder) as screen:
        await screen.press("r", "enter")
        await screen.see("line 200")
        await screen.press("slash", *"hit", "enter", "ampersand", "f")
        await screen.see("following", "only lines with it")
        gate.touch()
        await screen.see("line 202 HIT", "✓ succeeded")
        assert lines_shown(screen) == [50, 150, 202]


async def test_the_search_stays_with_the_other_stream_and_goes_with_the_run(
    folder: Path, write: Write
) -> None:
    write("one", "echo out hit; echo err hit >&2; echo err >&2")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("slash", *"hit", "enter", "ampersand")
        await screen.see("of 2 lines", "only lines with it")
        await screen.press("o", "o")
        await screen.see("stderr · 2 lines", "1 line", "only lines with it", "▎ err hit")
        await screen.press("r")
        await screen.see("run 2 of 2", "✓ succeeded", "stderr · 2 lines")
        assert "hit" not in screen.lines[-3]


async def test_lines_have_numbers_and_times_if_wanted(folder: Path, write: Write) -> None:
    write("one", "echo first; sleep 0.4; echo second")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("number_sign")
        await screen.see("   1 first", "   2 second")
        await screen.press("t")
        await screen.see("local times")
        clock = re.search(r"1 (\d\d:\d\d:\d\d\.\d{3}) first", screen.shown)
        assert clock, screen.text
        await screen.press("t")
        await screen.see("times since the start")
        first, second = re.findall(r"\+00:(\d\d\.\d{3}) (?:first|second)", screen.shown)
        assert 0.35 < float(second) - float(first) < 5
        await screen.press("t", "number_sign")
        await screen.see("   first", "   second")


async def test_long_lines_are_scrolled_wrapped_and_read_to_their_end(
    folder: Path, write: Write
) -> None:
    write("one", "seq 1 50; seq -s, 1 3000; echo after")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.see("1,2,3,", "after")
        assert ",2999," not in screen.shown
        await screen.press("w")
        await screen.see("wrapped", ",3000", "after")
        await screen.press("k", "k")
        await screen.until(lambda: "after" not in screen.shown)
        await screen.press("colon", *"51", "enter")
        await screen.see("1,2,3,")
        at_once(screen, "j" * 200)
        await screen.see(",3000", "after")
        await screen.press("g")
        await screen.press("w", "G")
        await screen.see("following", "after")
        await screen.press("right")
        await screen.see("6,7,8")
        assert "1,2,3,4,5" not in screen.shown


async def test_a_match_beyond_the_edge_comes_into_view(folder: Path, write: Write) -> None:
    write("one", "seq -s, 1 3000; echo end")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("slash", *",2345,", "enter")
        await screen.see(",2345,")


async def test_a_line_is_gone_to_by_its_number(folder: Path, write: Write) -> None:
    write("one", "seq 1 5000")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("colon", *"2500", "enter")
        await screen.see(" 2500 ")
        await screen.press("colon", *"25%", "enter")
        await screen.see(" 1250 ")
        await screen.press("colon", *"99999", "enter")
        await screen.see(" 5000 ")
        await screen.press("colon", *"x", "enter")
        await screen.see("Not the number of a line.")


async def test_a_whole_line_is_opened_and_paged_through(folder: Path, write: Write) -> None:
    write("one", "seq -s, 1 400000; printf 'a 10%%\\ra 20%%\\rb 30%%\\n'")
    async with dashboard(folder) as screen:
        await look_at(screen)
        await screen.press("g", "enter")
        await screen.see("Line 1 · stdout · 2.7 MB", "bytes 0 to 1,048,576 of 2,688,894", "1,2,3,4")
        await screen.press("right")
        await screen.see("bytes 1,048,576 to 2,097,152")
        await screen.press("G")
        await screen.see("bytes 2,097,152 to 2,688,894", ",400000")
        await screen.press("g")
        await screen.see("1,2,3,4,5")
        await screen.press("escape", "G", "k", "j", "enter")
        await screen.see("Line 2", "a 10%", "a 20%", "b 30%")
        await screen.press("escape")
        await screen.lose("a 10%")


async def test_new_output_shows_after_the_capture_was_truncated(folder: Path, write: Write) -> None:
    gate = folder / "gate"
    write("one", f"seq 1 100; echo kept >&2; {stay_until(gate)}; echo fresh words")
    async with dashboard(folder) as screen:
        await screen.press("r", "enter")
        await screen.see(" 100 ", "kept")
        Path(f"{screen.run('one').directory}/stdout.txt").write_text("")
        await screen.see("stdout was truncated: 292 bytes that were shown are lost.", "▎ kept")
        gate.touch()
        await screen.see("fresh words", "✓ succeeded", "▎ kept")
        assert " 100 " not in screen.shown

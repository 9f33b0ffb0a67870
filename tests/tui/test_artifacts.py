# SPDX-License-Identifier: AGPL-3.0-or-later
"""Artifacts are shown as what they are: JSON as a tree, text as a log, bytes as bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from er_tui.session.artifact import LARGEST_JSON
from er_tui.tui.widgets.json_view import JsonView
from tests.session.conftest import Write
from tests.session.test_artifact import PNG
from tests.tui.dashboard import Dashboard, dashboard

DOCUMENT = {
    "items": [{"name": "first", "size": 1}, {"name": "second", "size": 2.5}],
    "more": {"deep": {"deeper": True}},
    "none": None,
}


async def shown_artifact(screen: Dashboard, content: bytes | None) -> Path:
    """Run what is selected, put this in place of its stdout, and look at that."""
    await screen.press("r")
    await screen.see("✓ succeeded")
    path = Path(f"{screen.run('one').directory}/stdout.txt")
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    await screen.pane("Artifacts")
    return path


async def into_json(screen: Dashboard) -> None:
    await screen.press("tab", "enter")
    await screen.until(lambda: isinstance(screen.app.focused, JsonView), "the tree has the keys")


async def test_json_is_laid_out_coloured_and_folds(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, json.dumps(DOCUMENT).encode())
        await screen.see('"name": "first",', "$ · JSON · 18 lines")
        await into_json(screen)
        await screen.press("j", "j", "j")
        await screen.see("$.items[0].name · JSON")
        await screen.press("k", "enter")
        await screen.see("▸     {…} 3 lines", "$.items[0] · JSON")
        assert '"first"' not in screen.shown
        await screen.press("j")
        await screen.see("$.items[1] · JSON")
        await screen.press("G")
        await screen.see("$ · JSON")
        await screen.press("z")
        await screen.see('▸   "items": […] 9 lines', '▸   "more": {…} 4 lines', '"none": null')
        assert '"second"' not in screen.shown
        await screen.press("g", "j", "space")
        await screen.see('▾   "items": [', "▸     {…} 3 lines")
        await screen.press("Z")
        await screen.see('"name": "first",', '"deeper": true')
        colours = {
            segment.text: segment.style.color
            for strip in screen.strips
            for segment in strip
            if segment.style is not None
        }
        words = ('"name"', '"first"', "2.5", "null")
        name, text, number, null = (colours[word] for word in words)
        assert len({name, text, number}) == 3
        assert number == null


async def test_json_is_searched_and_what_hides_a_match_is_opened(
    folder: Path, write: Write
) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, json.dumps(DOCUMENT).encode())
        await screen.see('"more": {')
        await into_json(screen)
        await screen.press("z")
        await screen.lose('"second"')
        assert "/ find" in screen.footer
        await screen.press("slash", *"name")
        await screen.see("1 of 2 lines", "$.items[0].name", '▾   "items": [', '"name": "first"')
        assert '"deeper"' not in screen.shown
        await screen.press("enter")
        await screen.see('"name" 1 of 2 lines · $.items[0].name · JSON')
        await screen.press("n")
        await screen.see('"name" 2 of 2 lines · $.items[1].name')
        await screen.press("n", "N")
        await screen.see('"name" 2 of 2 lines · $.items[1].name')
        await screen.press("slash", "alt+r", *"DEEP(er|y)", "enter")
        await screen.see("/DEEP(er|y)/ 1 of 1 line · $.more.deep.deeper")
        await screen.press("slash", "alt+c")
        await screen.see("no line matches")
        await screen.press("escape")
        await screen.lose("DEEP", "alt+c")
        await screen.see("$.more.deep.deeper · JSON · 18 lines")


async def test_giving_up_a_search_folds_again_what_it_opened(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, json.dumps(DOCUMENT).encode())
        await screen.see('"more": {')
        await into_json(screen)
        await screen.press("z", "slash", *"second")
        await screen.see("$.items[1].name", '"second"')
        await screen.press("escape")
        await screen.lose('"second"', "alt+c")
        await screen.see("$ · JSON", '▸   "items": […] 9 lines')


async def test_a_large_document_is_searched_while_it_is_laid_out(
    folder: Path, write: Write
) -> None:
    write("one")
    async with dashboard(folder) as screen:
        items = [{"id": n, "in": {"x": n}} for n in range(100_000)]
        await shown_artifact(screen, json.dumps(items).encode())
        await screen.see('"id": 0')
        await into_json(screen)
        await screen.press("z", "slash", *'"x": 99999', "enter")
        await screen.see("1 of 1 line · $[99999].in.x", '"x": 99999')


async def test_a_click_folds_what_begins_there(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, json.dumps(DOCUMENT).encode())
        await screen.see('"more": {')
        y = next(n for n, line in enumerate(screen.lines) if '"more": {' in line)
        await screen.pilot.click(offset=(60, y))
        await screen.see('▸   "more": {…} 4 lines', "$.more · JSON")
        await screen.pilot.click(offset=(60, y))
        await screen.see('"deeper": true')


async def test_json_that_breaks_off_is_text_with_the_reason(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, b'{"a": [1, 2], "text": "goes on')
        await screen.see("not JSON: the document ends with 1 open brackets. Shown as text.")
        await screen.see('{"a": [1, 2], "text": "goes on', "1 line")


async def test_json_that_is_too_large_is_text_with_the_reason(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        path = await shown_artifact(screen, b'{"a": "begins' + b" " * 70_000)
        os.truncate(path, LARGEST_JSON + 1)
        await screen.pane("Result")
        await screen.pane("Artifacts")
        await screen.press("tab", "j", "k")
        await screen.see(
            "JSON of more than 50 MiB is not laid out. Shown as text.", '{"a": "begins'
        )


async def test_bytes_are_shown_as_numbers_with_their_type(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        content = b"\x7fELF" + bytes(range(256)) * 64
        path = await shown_artifact(screen, content)
        await screen.see(
            "00000000  7f 45 4c 46 00", "·ELF", "ELF program · 16,388 bytes · 00000000"
        )
        await screen.press("tab", "enter", "G")
        await screen.see("00004000  fc fd fe ff")
        await screen.press("g")
        await screen.see("00000000  7f 45")
        path.write_bytes(b"")
        await screen.press("pagedown")
        await screen.see("The file was truncated since it was opened.")


async def test_a_gigabyte_of_bytes_is_there_at_once(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        path = await shown_artifact(screen, b"\0begin")
        os.truncate(path, 1 << 30)
        with path.open("r+b") as file:
            file.seek((1 << 30) - 3)
            file.write(b"end")
        await screen.press("tab", "j", "k", "enter")
        await screen.see("binary · 1,073,741,824 bytes")
        await screen.press("G")
        await screen.see("3ffffff0  00 00", "···end")


async def test_an_image_is_told_by_its_size(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, PNG)
        await screen.see("stdout.txt", "PNG image · 640 × 480 pixels · 29 B", "image viewer")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.exists, "The file cannot be opened: No such file or directory."),
        (os.mkfifo, "This is not a regular file."),
        (os.mkdir, "This is not a regular file."),
        (lambda path: os.symlink("/etc/passwd", path), "This is a symbolic link"),
    ],
)
async def test_what_cannot_be_shown_says_why(
    folder: Path, write: Write, spoil: object, words: str
) -> None:
    write("one")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        path = Path(f"{screen.run('one').directory}/stdout.txt")
        path.unlink()
        spoil(path)  # type: ignore[operator]
        await screen.pane("Artifacts")
        await screen.see(words)


async def test_text_can_be_searched_as_output_can(folder: Path, write: Write) -> None:
    write("one", "seq 1 500")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        await screen.pane("Artifacts")
        await screen.see("500 lines")
        await screen.press("tab", "enter", "slash", *"47", "enter")
        await screen.see("of 15 lines")
        await screen.press("ampersand")
        await screen.see("only lines with it")


async def test_hostile_names_and_keys_reach_the_screen_safely(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        document = {"\x1b]52;c;eA==\x07[/b]": "‮evil\u200b", "[@click=app.quit]x[/]": 1}
        await shown_artifact(screen, json.dumps(document, ensure_ascii=False).encode())
        await screen.see("[@click=app.quit]x[/]")
        await into_json(screen)
        await screen.press("j")
        await screen.see("[/b]")
        assert not any(c in screen.text for c in "\x1b\x07‮\u200b")


async def test_leaving_takes_the_processes_along_and_there_are_no_files(
    folder: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    write("one")
    async with dashboard(folder) as screen:
        await shown_artifact(screen, json.dumps([DOCUMENT] * 50_000).encode())
        await screen.see('"name": "first",')
        assert list(temporary.iterdir()) == []
        view = screen.app.screen.query_one(JsonView)
        assert view.document is not None
        process = view.document._process
    assert process.returncode is not None

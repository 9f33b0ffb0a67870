# SPDX-License-Identifier: AGPL-3.0-or-later
"""The invocation is shown as its file holds it: secrets masked, faults where they stand."""

from pathlib import Path

from rich.cells import cell_len

from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard

SECRET = "hunter2-hunter2"


def under_caret(screen: Dashboard) -> str:
    """What the line above the caret holds from there on."""
    lines = screen.shown.splitlines()
    row = next(number for number, line in enumerate(lines) if "▲" in line)
    column = cell_len(lines[row][: lines[row].index("▲")])
    above = lines[row - 1]
    return next(above[i:] for i in range(len(above)) if cell_len(above[:i]) == column)


async def test_secrets_are_masked_until_one_key_reveals_and_masks_them_again(
    folder: Path, write: Write
) -> None:
    write("a", environment={"API_KEY": SECRET, "PLAIN": "words"})
    write("b")
    async with dashboard(folder) as screen:
        await screen.pane("Invocation")
        await screen.see('"API_KEY": "***"', '"PLAIN": "words"', "1 masked: x shows them")
        assert SECRET not in screen.text
        await screen.press("x")
        await screen.see(SECRET, "secrets are shown: x masks them")
        await screen.press("x")
        await screen.lose(SECRET)
        await screen.press("x", "j", "k")
        await screen.see('"API_KEY": "***"')


async def test_nothing_but_the_invocation_pane_shows_or_reveals_a_secret(
    folder: Path, write: Write
) -> None:
    write("a", "exit 3", environment={"API_KEY": SECRET})
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✗ failed")
        for title in ("Output", "Result", "Artifacts", "Timeline"):
            await screen.pane(title)
            await screen.press("x")
            assert SECRET not in screen.text


async def test_a_fault_is_shown_with_its_line_its_column_and_a_caret(folder: Path) -> None:
    (folder / "a.json").write_text('{\n  "invocation_id": "x",\n  "runtime_kind" "manual"\n}\n')
    (folder / "b.json").write_text('{"invocation_id": "日本語", "nosuch": 1}')
    (folder / "c.json").write_text('{"invocation_id": "' + "x" * 3000 + '", "runtime": 1}')
    async with dashboard(folder) as screen:
        await screen.pane("Invocation")
        await screen.see("! line 3, column 18", "is not JSON", '3   "runtime_kind" "manual"')
        assert under_caret(screen).startswith('"manual"')
        await screen.press("j")
        await screen.see("unknown field 'nosuch'")
        assert under_caret(screen).startswith('"nosuch"')
        await screen.press("j")
        await screen.see("column 3023", "unknown field 'runtime'")
        assert under_caret(screen).startswith('"runtime": 1}')


async def test_a_faulty_file_gives_no_secret_away_and_the_caret_stands_right(folder: Path) -> None:
    (folder / "a.json").write_text(f'{{"API_KEY": "{SECRET}", "b" 1}}')
    (folder / "b.json").write_text(f'{{\n"API_KEY":\n\n"{SECRET}",\n"b" 1}}')
    (folder / "c.json").write_text(f'{{\n"url": "https://me:{SECRET}@host/",\n"b" 1}}')
    (folder / "d.json").write_text(f'{{\n"API_KEY": "{SECRET}\n}}')
    async with dashboard(folder) as screen:
        await screen.pane("Invocation")
        await screen.see('{"API_KEY": "***", "b" 1}')
        assert under_caret(screen).startswith("1}")
        for name in ("b", "c", "d"):
            await screen.press("j")
            await screen.see(f"╭─ {name}", "***", "▲")
            assert SECRET not in screen.text
            assert SECRET[:7] not in screen.text


async def test_a_field_that_is_wrong_in_a_good_document_is_pointed_at(
    folder: Path, write: Write
) -> None:
    write("one", timeout_seconds="soon")
    async with dashboard(folder) as screen:
        await screen.pane("Invocation")
        await screen.see("timeout_seconds must be", "▲")
        assert under_caret(screen).startswith('"soon"')
        write("one")
        await screen.see('"timeout_seconds": null')
        assert "▲" not in screen.text

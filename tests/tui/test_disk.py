# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list follows the disk, and no run is touched by what becomes of its file."""

import re
import shutil
from pathlib import Path

from tests.session.conftest import Write
from tests.tui.dashboard import dashboard
from tests.tui.scripts import stay_until


async def test_a_file_edited_or_deleted_while_its_run_is_live_leaves_the_run_alone(
    folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    for name in ("deleted", "edited", "spoiled"):
        write(name, f"echo old words; {stay_until(gate)}; echo the end")
    async with dashboard(folder, jobs=3) as screen:
        await screen.press("R")
        await screen.see("● deleted", "● edited", "● spoiled", "3 running", "jobs 3/3")
        (folder / "deleted.json").unlink()
        write("edited", "echo new words")
        (folder / "spoiled.json").write_text('{\n"invocation_id": \n}')
        await screen.see("! spoiled", "line 3: is not JSON", "2 running · 1 invalid", "jobs 3/3")
        await screen.see("deleted · subprocess · run 1 of 1 · file deleted", "● running")
        assert re.search("● deleted +deleted +00:", screen.listed)
        await screen.go_to("spoiled")
        await screen.see("● running", "old words")
        gate.touch()
        await screen.see("the end", "✓ succeeded", "! spoiled", "2 succeeded · 1 invalid")
        await screen.go_to("deleted")
        await screen.see("the end", "✓ succeeded", "file deleted", "✓ deleted")
        await screen.press("r", "F")
        await screen.see("run 1 of 1")
        await screen.go_to("edited")
        await screen.see("old words", "the end")
        await screen.press("r")
        await screen.see("new words", "run 2 of 2")
        await screen.go_to("deleted")
        write("deleted", "echo back again")
        await screen.lose("file deleted")
        await screen.press("r")
        await screen.see("back again", "run 2 of 2")


async def test_a_bad_file_that_was_run_and_deleted_is_told_as_deleted(
    folder: Path, write: Write
) -> None:
    write("one", "echo words")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ one")
        (folder / "one.json").write_text("{")
        await screen.see("! one", "1 invalid")
        (folder / "one.json").unlink()
        await screen.see("✓ one", "file deleted", "1 succeeded", "words")
        await screen.pane("Invocation")
        await screen.see("The file was deleted.")


async def test_new_files_and_folders_appear_and_go_and_come_back(
    folder: Path, write: Write
) -> None:
    write("first")
    async with dashboard(folder) as screen:
        write("second")
        await screen.see("· second", "2 not run")
        write("team/one")
        await screen.see("· team/one", "3 not run")
        write("team/deep/two")
        await screen.see("· team/deep/two", "4 not run")
        shutil.rmtree(folder / "team")
        await screen.see("2 not run")
        write("team/three")
        await screen.see("· team/three", "3 not run")
        write("team/four")
        await screen.see("· team/four", "4 not run")


async def test_what_a_run_writes_is_never_listed(folder: Path, write: Write) -> None:
    made = f"mkdir -p '{folder}/.cache'; echo '{{}}' >'{folder}/.cache/x.json'"
    write("one", f"{made}; echo '{{\"a\": 1}}'", artifact_directory=str(folder / "out"))
    async with dashboard(folder) as screen:
        for count in range(1, 4):
            await screen.press("r")
            await screen.see(f"run {count} of {count}", "✓ succeeded")
        write("two")
        await screen.see("· two", "1 succeeded · 1 not run")
        assert [entry.name for entry in screen.session.entries.values()] == ["one", "two"]
        write("out/mine")
        await screen.see("· out/mine", "1 succeeded · 2 not run")


async def test_a_file_that_turns_out_to_be_something_else_is_counted_and_not_listed(
    folder: Path, write: Write
) -> None:
    write("one")
    (folder / "package.json").write_text('{"name": "something else"}')
    async with dashboard(folder) as screen:
        await screen.see("1 not run", "1 other JSON")
        assert "package" not in screen.listed
        shutil.copy(folder / "one.json", folder / "package.json")
        await screen.see("2 not run", "· package")
        assert "other JSON" not in screen.header

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ran before is on the screen as when it was live."""

import json
from pathlib import Path

from tests.session.conftest import Write
from tests.session.others import begun_run, library_user, newest_run, run_here
from tests.tui.dashboard import dashboard


async def test_an_operator_who_comes_back_sees_what_ran_what_it_said_and_how_it_ended(
    folder: Path, write: Write
) -> None:
    path = write("job", "echo out of it; echo woe >&2; exit 3")
    run_here(path)
    async with dashboard(folder, with_past=True) as opened:
        await opened.see(
            "✗ job", "exited with code 3", "1 failed", "run 1 of 1", "out of it", "woe"
        )
        await opened.pane("Result")
        await opened.see("exit_code", "3")
        await opened.pane("Timeline")
        await opened.see("exited with code 3", "started")
        await opened.press("r")
        await opened.see("run 2 of 2")
        await opened.until(lambda: not opened.run("job").live)
        await opened.press("tab", "comma")
        await opened.see("run 1 of 2")


async def test_past_runs_unfold_under_their_invocation_newest_first(
    folder: Path, write: Write
) -> None:
    path = write("job", "test -e good")
    run_here(path)
    (folder / "good").touch()
    run_here(path)
    async with dashboard(folder, with_past=True) as opened:
        await opened.see("job ×2")
        await opened.press("right")
        await opened.see("2 ✓ succeeded", "1 ✗ failed")
        lines = opened.listed.splitlines()
        newest = next(i for i, line in enumerate(lines) if "2 ✓ succeeded" in line)
        assert "1 ✗ failed" in lines[newest + 1]


async def test_a_lost_run_shows_what_it_captured_and_can_be_closed(
    folder: Path, write: Write
) -> None:
    path = write("job", "echo so far; exec sleep 60")
    async with dashboard(folder, with_past=True) as opened:
        with library_user(path):
            await opened.see("● job", "so far", "1 running")
            await opened.press("c")  # not ours to end
            assert opened.run("job").live
        await opened.see("? job", "1 lost", "so far")
        directory = begun_run(path)
        assert not (directory / "result.json").exists()
        await opened.press("L")
        await opened.see("✗ job", "1 failed", "lost: the process that ran it")
        assert json.loads((directory / "result.json").read_text())["status"] == "failed"


async def test_a_missing_capture_is_told_from_an_empty_one(folder: Path, write: Write) -> None:
    run_here(write("empty"))
    run_here(write("gone", "echo x; echo y >&2"))
    (newest_run(folder / "gone.json") / "stderr.txt").unlink()
    async with dashboard(folder, with_past=True) as opened:
        await opened.go_to("empty")
        await opened.see("It wrote nothing.")
        await opened.go_to("gone")
        await opened.see("err missing", "out 2 B")
        (newest_run(folder / "gone.json") / "stdout.txt").unlink()
        await opened.go_to("empty")
        await opened.go_to("gone")
        await opened.see("out missing")

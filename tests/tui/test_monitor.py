# SPDX-License-Identifier: AGPL-3.0-or-later
"""A monitor shows what others run, live, and changes nothing."""

import shutil
from pathlib import Path

import pytest

from er_tui.journal.identity import own_identity
from er_tui.session.session import Session
from er_tui.tui.alerts import Alerts
from tests.session.conftest import Write
from tests.session.kept_runs import written
from tests.session.others import begun_run, library_user, run_here
from tests.tui.dashboard import monitor


@pytest.fixture
def programs(tmp_path: Path, write: Write) -> tuple[Path, Path]:
    """Two invocations that only a program knows, not a folder of files."""
    paths = tmp_path / "talks.json", tmp_path / "fails.json"
    for path, script in zip(paths, ("echo hi; exec sleep 60", "echo woe; exit 3"), strict=True):
        write(path.stem, script).rename(path)
    return paths


async def test_runs_of_a_program_are_live_in_a_monitor_of_its_folder(
    programs: tuple[Path, Path], folder: Path
) -> None:
    async with monitor(folder) as opened:
        await opened.see("No invocation files here", "monitor, read-only")
        with library_user(*programs):
            await opened.see("● talks", "✗ fails", "1 running", "1 failed")
            await opened.see("✗ fails failed: ")  # the banner
            await opened.press("g")
            await opened.see("╭─ fails", "woe")
            await opened.press("j")
            await opened.see("╭─ talks", "hi")
        await opened.see("? talks", "1 lost")


async def test_a_run_that_lives_is_followed_from_the_first_look(
    programs: tuple[Path, Path], folder: Path
) -> None:
    with library_user(programs[0]):
        begun_run(programs[0])
        async with monitor(folder) as opened:
            await opened.see("● talks", "following")


async def test_a_monitor_offers_nothing_that_starts_ends_or_writes(
    programs: tuple[Path, Path], folder: Path, write: Write
) -> None:
    write("file")
    with library_user(*programs):
        run = begun_run_of(folder, "talks")
        async with monitor(folder) as opened:
            await opened.see("● talks", "file")
            before = sorted(folder.rglob("*"))
            await opened.press("r", "R", "F", "c", "C", "p", "L")
            await opened.see("1 running", "not run")
            assert opened.session.live_count == 1
            assert sorted(folder.rglob("*")) == before
            assert not (run / "result.json").exists()


def begun_run_of(folder: Path, name: str) -> Path:
    path = folder.parent / f"{name}.json"
    return begun_run(path)


async def test_a_folder_of_captures_or_one_run_of_it_can_be_monitored(
    folder: Path, write: Write
) -> None:
    run = run_here(write("one", "echo first"))
    run_here(write("other"))
    for path in (folder / ".executor_runtime", run.parent, run):
        async with monitor(path) as opened:
            all_of_it = path.name == ".executor_runtime"
            await opened.see("✓ one", "first", *["✓ other"] * all_of_it)
            assert all_of_it or "other" not in opened.text


async def test_what_says_nothing_for_too_long_is_called_stalled(
    programs: tuple[Path, Path], folder: Path
) -> None:
    async with monitor(folder, stall_seconds=0.5) as opened:
        with library_user(programs[0]):
            await opened.see("◍ talks", "1 stalled", "◍ talks stalled: ")
            await opened.press("A")
            await opened.see("╭─ talks")


def test_a_failure_rings_and_notifies_once_for_all_where_that_was_asked_for(
    folder: Path, write: Write
) -> None:
    from er_tui.session.library import Library
    from er_tui.session.store import Store
    from tests.conftest import wait_until

    for name in ("a", "b", "c", "d\x1b]0;x\x07"):
        run_here(write(name, "exit 1", invocation_id=name[0]))
    run_here(write("good"))
    session = Session(Library([folder]))
    session.store = Store()
    try:
        for entry in session.library.scan():
            session.add(entry)

        def read() -> bool:
            session.drain()
            return len(session.runs) == 5 and not any(r.unread for r in session.runs.values())

        wait_until(read)
        written: list[str] = []
        Alerts().tell(session, session.runs, written.append)
        assert written == []
        Alerts(bell=True, notify=True).tell(session, session.runs, written.append)
        assert written[0] == "\a"
        assert written[1].startswith("\x1b]9;er-tui: a, b, c and 1 more failed\a")
        assert len(written) == 2
    finally:
        session.store.close()


async def test_what_is_removed_while_it_is_shown_goes_off_the_screen(tmp_path: Path) -> None:
    for name in ("bad", "good"):
        written(tmp_path, invocation_id=name, status="failed" if name == "bad" else "succeeded")
    async with monitor(tmp_path) as opened:
        await opened.see("✗ bad failed: ", "✓ good", "╭─ bad")
        shutil.rmtree(tmp_path / "bad")
        await opened.lose("bad")
        await opened.see("✓ good", "╭─ good")


async def test_a_run_under_the_cursor_or_looked_at_can_be_removed(tmp_path: Path) -> None:
    first, second, third = (written(tmp_path) for _ in range(3))
    async with monitor(tmp_path) as opened:
        await opened.see("✓ job ×3")
        await opened.press(",")
        await opened.see("run 2 of 3")
        shutil.rmtree(second.directory)
        await opened.see("✓ job ×2", "run 2 of 2")
        await opened.press("right", "j", "j")
        await opened.see("▾2", "run 1 of 2")
        shutil.rmtree(first.directory)
        await opened.see("run 1 of 1")
        shutil.rmtree(third.directory)
        await opened.see("No invocation files here", "No invocation")
        written(tmp_path, status=None, who=own_identity())
        await opened.see("● job")
        assert "deleted" not in opened.text

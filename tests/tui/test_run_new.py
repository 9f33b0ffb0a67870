# SPDX-License-Identifier: AGPL-3.0-or-later
"""A dashboard over a drop folder starts what appears there, and nothing else."""

from pathlib import Path

from tests.session.conftest import Write
from tests.tui.dashboard import dashboard


async def test_what_appears_is_started_once_for_each_content(folder: Path, write: Write) -> None:
    out = folder / "out"
    write("old", "echo old")
    async with dashboard(folder, run_new=True) as screen:
        made = "cp -r old.json out/made.json; sed -i s/old/made/ out/made.json"
        write("new", f"mkdir out; {made}", artifact_directory=str(out))
        await screen.see("✓ new", "· out/made", "1 succeeded · 2 not run")
        write("new", "echo newer")
        await screen.until(lambda: screen.session.run_count(screen.key("new")) == 2)
        (folder / "old.json").rename(folder / "renamed.json")
        await screen.see("· renamed")
        (folder / "half.json").write_text('{"invocation_id": ')
        await screen.see("! half")
        write("half", "echo whole")
        await screen.see("✓ half", "✓ new")
        assert screen.session.run_count(screen.key("new")) == 2
        assert screen.session.run_count(screen.key("renamed")) == 0
        assert screen.session.run_count(screen.key("out/made")) == 0

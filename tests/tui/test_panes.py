# SPDX-License-Identifier: AGPL-3.0-or-later
"""Result, Artifacts and Timeline tell how a run ended, what it left and what happened in it."""

import os
from pathlib import Path

from er_tui.tui.widgets.panes import TITLES
from tests.session.conftest import Write
from tests.tui.dashboard import dashboard
from tests.tui.scripts import DEAF, FAIL, stay_until


async def test_the_result_is_told_in_facts_and_as_the_document(folder: Path, write: Write) -> None:
    write("bad", FAIL)
    write("never")
    async with dashboard(folder, size=(130, 60)) as screen:
        await screen.press("r")
        await screen.see("✗ failed")
        await screen.pane("Result")
        await screen.see("✗ failed", "exited with code 3", "exit code     3", "wall time", "CPU")
        await screen.see("RuntimeResult", '"status": "failed"', '"contract_kind": "runtime_result"')
        await screen.press("j")
        await screen.see("No run, so no result yet.")


async def test_a_live_run_has_no_result_yet_and_gets_it_while_it_is_looked_at(
    folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write("one", stay_until(gate))
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.pane("Result")
        await screen.see("The result is written when the run ends.")
        await screen.pane("Artifacts")
        await screen.see("Artifacts come with the result.")
        gate.touch()
        await screen.see("stdout", "stderr", "log_excerpt")
        await screen.pane("Result")
        await screen.see("✓ succeeded", "exit code     0")


async def test_the_selected_artifact_is_shown_below_the_list(folder: Path, write: Write) -> None:
    write("both", r"printf 'binary\0\001'; echo words on stderr >&2")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded")
        await screen.pane("Artifacts")
        await screen.see("stdout ", "captured stderr", "binary · 8 bytes · 00000000")
        await screen.press("tab", "j")
        await screen.see("words on stderr", "/stderr.txt")
        (Path(f"{screen.run('both').directory}/stdout.txt")).unlink()
        await screen.press("g")
        await screen.see("The file cannot be opened: No such file or directory.")


async def test_an_artifact_that_is_a_pipe_does_not_hang_the_screen(
    folder: Path, write: Write
) -> None:
    write("one", "echo words")
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("✓ succeeded", "words")
        capture = Path(f"{screen.run('one').directory}/stdout.txt")
        capture.unlink()
        os.mkfifo(capture)
        await screen.pane("Artifacts")
        await screen.see("This is not a regular file.")


async def test_the_timeline_of_a_cancelled_run_names_the_signals(
    folder: Path, write: Write
) -> None:
    write("deaf", DEAF, metadata={"subprocess.grace_seconds": "0.3"})
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("● running", "  deaf")
        await screen.pane("Timeline")
        await screen.see("started", "leads its own session and group", "output: stdout 5 B")
        await screen.press("c")
        await screen.see("⊘ cancelled", "SIGTERM to group ", "SIGKILL to group ")
        await screen.see("cancel: ", "SIGKILL follows after 0.3s", "process ended by SIGKILL")


SAID_UNRUN = {
    "Output": "Not run yet.",
    "Result": "No run, so no result",
    "Artifacts": "Artifacts come with",
    "Invocation": '"command": [',
    "Timeline": "Nothing happened yet.",
}


async def test_keys_and_clicks_go_through_the_panes(folder: Path, write: Write) -> None:
    write("one")
    async with dashboard(folder) as screen:
        for title in (*TITLES[1:], TITLES[0]):
            await screen.press("right_square_bracket")
            await screen.see(SAID_UNRUN.get(title, title))
        await screen.press("left_square_bracket")
        await screen.see(SAID_UNRUN[TITLES[-1]])
        for title, words in SAID_UNRUN.items():
            await screen.pane(title)
            await screen.see(words)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run with a terminal of its own can be typed to: then every key is the run's, and none ours."""

import json
from pathlib import Path

import pytest
from textual import events

from er_tui.tui.keys import bytes_typed
from tests.session.conftest import Write
from tests.tui.dashboard import Dashboard, dashboard
from tests.tui.scripts import stay_until

PTY = {"metadata": {"subprocess.pty": "true"}}
BANNER = "· Ctrl+] takes them back"
CAT = "stty raw -echo; printf 'raw\\r\\n'; exec cat -v"


async def begin(screen: Dashboard, said: str) -> None:
    """Start the run under the cursor and go into input mode."""
    await screen.press("r")
    await screen.see(said, "i input")
    await screen.press("i")
    await screen.see("Keys go to one", BANNER, "^] keys back")


async def test_an_answer_is_typed_and_the_keys_come_back_by_themselves(
    folder: Path, write: Write
) -> None:
    write("one", "printf 'name? '; read -r name; echo hello $name", **PTY)
    async with dashboard(folder) as screen:
        await begin(screen, "name?")
        assert "q quit" not in screen.footer
        assert "palette" not in screen.footer
        await screen.press(*"qRc", "enter")
        await screen.see("hello qRc", "✓ succeeded", "terminal · 2 lines")
        await screen.lose(BANNER)
        assert len(screen.session.runs) == 1
        await screen.pane("Timeline")
        await screen.see("on a terminal", "input: 4 bytes typed")


async def test_no_key_reaches_the_dashboard_meanwhile(folder: Path, write: Write) -> None:
    write("one", CAT, **PTY)
    async with dashboard(folder) as screen:
        await begin(screen, "raw")
        await screen.press("ctrl+c", "ctrl+q", "ctrl+z", "ctrl+p", "tab", "escape", "q", "up")
        await screen.press("C", "f1", "alt+x", "backspace", "ctrl+backslash", "ä", "pagedown")
        await screen.see("^C^Q^Z^P\t^[q^[[AC^[OP^[x^?^\\M-CM-$^[[6~".replace("\t", " " * 8))
        assert screen.app.screen is screen.app.screen_stack[0]
        assert screen.session.live_count == 1
        await screen.press("ctrl+right_square_bracket")
        await screen.lose(BANNER)
        await screen.press("q")
        await screen.see("Quit?")
        await screen.press("n", "c")
        await screen.see("⊘ one")


async def test_what_is_pasted_is_typed(folder: Path, write: Write) -> None:
    write("one", CAT, **PTY)
    async with dashboard(folder) as screen:
        await begin(screen, "raw")
        screen.app.post_message(events.Paste("[b]two\nlines\r\n"))
        await screen.see("[b]two^Mlines^M")


async def test_the_rest_of_a_word_is_no_command_when_the_run_ends_in_the_midst_of_it(
    folder: Path, write: Write
) -> None:
    write("one", "printf 'key? '; read -r -n 1 key || read -r key; echo thanks", **PTY)
    async with dashboard(folder) as screen:
        await begin(screen, "key?")
        await screen.press("y", "enter")
        await screen.see("✓ succeeded")
        await screen.press("R", "q")
        assert screen.app.screen is screen.app.screen_stack[0]
        assert len(screen.session.runs) == 1
        await screen.press("ctrl+right_square_bracket", "r")
        await screen.see("run 2 of 2")


async def test_the_mouse_goes_on_working_and_another_run_takes_the_keys_back(
    folder: Path, write: Write
) -> None:
    write("one", CAT, **PTY)
    write("two")
    async with dashboard(folder) as screen:
        await begin(screen, "raw")
        await screen.pilot.click(offset=(screen.footer.index("keys back"), 39))
        await screen.lose(BANNER)
        await screen.press("i")
        await screen.see(BANNER)
        row = next(n for n, line in enumerate(screen.lines) if "· two" in line)
        await screen.pilot.click(offset=(6, row))
        await screen.see("╭─ two", "Not run yet.")
        assert BANNER not in screen.text
        await screen.press("k")
        await screen.see("╭─ one", "i input")
        await screen.press("i")
        await screen.see(BANNER)
        await screen.pane("Result")
        assert BANNER not in screen.text
        assert "i input" not in screen.footer


async def test_a_terminal_has_one_stream_and_its_lines_end_as_any(
    folder: Path, write: Write
) -> None:
    gate = folder / "gate"
    write(
        "one",
        f"echo out; echo err >&2; printf '\\033[31mRED\\033[0m\\n'; {stay_until(gate)}",
        **PTY,
    )
    async with dashboard(folder) as screen:
        await screen.press("r")
        await screen.see("  out", "  err", "  RED", "terminal · 3 lines · ", "following")
        assert "stderr" not in screen.text
        assert "▎" not in screen.shown
        assert "␍" not in screen.text
        main = screen.app.screen_stack[0]
        assert not main.check_action("stream", ())
        gate.touch()
        await screen.see("✓ succeeded")
        assert not main.check_action("input", ())
        result = screen.run("one").result
        assert result is not None
        assert result["stderr_path"] is None
        document = json.loads(Path(f"{screen.run('one').directory}/result.json").read_text())
        assert document["stderr_path"] is None


async def test_the_terminal_of_a_run_is_as_large_as_the_pane(folder: Path, write: Write) -> None:
    write("one", "stty size; trap 'stty size' WINCH; while :; do sleep 0.05; done", **PTY)
    async with dashboard(folder, size=(130, 40)) as screen:
        await screen.press("r")
        await screen.see("  33 83")
        await screen.pilot.resize_terminal(110, 30)
        await screen.see("  23 63")
        await screen.press("c")
        await screen.see("⊘ one")


KEYS = {
    ("a", "a"): "a",
    ("A", "A"): "A",
    ("ä", "ä"): "ä",
    ("space", " "): " ",
    ("plus", "+"): "+",
    ("enter", "\r"): "\r",
    ("shift+enter", None): "\r",
    ("backspace", "\x7f"): "\x7f",
    ("tab", "\t"): "\t",
    ("shift+tab", None): "\x1b[Z",
    ("escape", "\x1b"): "\x1b",
    ("up", None): "\x1b[A",
    ("ctrl+left", None): "\x1b[1;5D",
    ("alt+ctrl+shift+right", None): "\x1b[1;8C",
    ("home", None): "\x1b[H",
    ("end", None): "\x1b[F",
    ("delete", None): "\x1b[3~",
    ("shift+pageup", None): "\x1b[5;2~",
    ("f1", None): "\x1bOP",
    ("shift+f1", None): "\x1b[1;2P",
    ("f12", None): "\x1b[24~",
    ("ctrl+a", "\x01"): "\x01",
    ("ctrl+a", None): "\x01",
    ("ctrl+j", "\n"): "\n",
    ("ctrl+@", "\x00"): "\x00",
    ("ctrl+space", None): "\x00",
    ("ctrl+backslash", None): "\x1c",
    ("ctrl+slash", None): "\x1f",
    ("ctrl+full_stop", None): ".",
    ("alt+x", "x"): "\x1bx",
    ("alt+X", None): "\x1bX",
    ("alt+shift+x", None): "\x1bX",
    ("alt+full_stop", None): "\x1b.",
    ("alt+enter", None): "\x1b\r",
    ("f35", None): "",
    ("caps_lock", None): "",
}


@pytest.mark.parametrize(("key", "sent"), KEYS.items(), ids=[f"{k}-{c!r}" for k, c in KEYS])
def test_a_key_is_what_a_terminal_sends_for_it(key: tuple[str, str | None], sent: str) -> None:
    assert bytes_typed(events.Key(*key)) == sent

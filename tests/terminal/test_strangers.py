# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nothing that a file or a run holds is obeyed by the terminal or by the screen."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from er_tui.tui.widgets.panes import TITLES
from tests.session.conftest import Write
from tests.terminal.conftest import Open
from tests.terminal.terminal import Terminal

OWN = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\]22;[a-z-]+\x07|\r\n")
"""What er-tui sends: control sequences, the shape of the mouse pointer, and the ends of lines."""

HOSTILE = (
    "\x1b]52;c;c3RvbGVu\x07 \x1b]0;my title\x1b\\ \x1bPq-sixel-\x1b\\ \x9b31m \x9d0;c1 title\x9c "
    "\u202egnp.exe\u202c \x1b[2J \x1b[?1049l \x07 [/] [@click=app.quit]quit me[/] [bold]loud[/bold]"
)
SEEN_INERT = ("[/] [@click=app.quit]quit me[/] [bold]loud[/bold]",)


def uncontrolled(seen: bytes) -> list[str]:
    """What was sent that is neither text nor a control sequence of our own."""
    text = OWN.sub("", seen.decode())
    return sorted({repr(c) for c in text if unicodedata.category(c) in ("Cc", "Cf")})


@pytest.fixture
def hostile_folder(folder: Path, write: Write) -> Path:
    """Bad and good files, every field of which is hostile."""
    octal = "".join(f"\\0{byte:03o}" for byte in HOSTILE.encode())
    command = ["/bin/sh", "-c", f"printf '%b\\n' '{octal}'; printf '%b\\n' '{octal}' >&2; exit 3"]
    write("b-run", command=command, runtime_name=HOSTILE, environment={"HOSTILE": HOSTILE})
    write("c-id", invocation_id=HOSTILE)
    write("d-missing", command=[HOSTILE])
    (folder / "a-bad.json").write_text('{"invocation_id": "x", "' + HOSTILE + '": }')
    fields = {"invocation_id": "x", HOSTILE[:30]: HOSTILE}
    (folder / "a-field.json").write_text(json.dumps(fields))
    (folder / "e-\x1b]0;name\x07[@click=app.quit]\u202e[b].json").write_text("{")
    return folder


def look_everywhere(terminal: Terminal) -> str:
    """All that the panes show of all entries."""
    seen = []
    for _ in TITLES:
        terminal.press("g")
        for name in ("a-bad", "a-field", "b-run", "c-id", "d-missing", "e-␛"):
            terminal.wait_for(f"╭─ {name}")
            seen.append(terminal.text)
            terminal.press("j")
        terminal.press("]")
    return "\n".join(seen)


def test_hostile_files_and_output_are_shown_and_not_obeyed(
    open_terminal: Open, hostile_folder: Path
) -> None:
    terminal = open_terminal(hostile_folder, columns=220, rows=30)
    terminal.wait_for("3 invalid", "3 not run", "jobs 0")
    terminal.press("R")
    terminal.wait_for("1 failed", "2 rejected", "3 invalid")
    seen = look_everywhere(terminal)
    for words in SEEN_INERT:
        assert words in seen
    assert "␛]52;c;c3RvbGVu␇" in seen
    assert "e-␛]0;name␇[@click=app.quit]�[b]" in seen
    assert uncontrolled(terminal.seen) == []
    terminal.press("q")
    assert terminal.wait_end() == 0
    assert uncontrolled(terminal.seen) == []

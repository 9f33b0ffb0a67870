# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the README says of formats, and of the commands over runs, is what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from er_tui.journal import events
from er_tui.journal.lines import EVENTS_VERSION
from er_tui.session.describing import document_of, row_of
from er_tui.session.past import read_run
from er_tui.session.roots import remember
from tests.session.commands import ER_TUI
from tests.session.kept_runs import run_of
from tests.test_readme import README, commands, named

FORMATS = README.split("\n## Formats\n")[1].split("\n## ")[0]
OF_RUNS = ("runs", "show", "export", "prune")


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def paragraph_that_begins(words: str) -> str:
    (paragraph,) = (p for p in FORMATS.split("\n\n") if p.startswith(words))
    return paragraph


def test_the_table_of_events_is_that_of_the_code() -> None:
    table = FORMATS.split("<!-- events")[1].split("<!-- /events -->")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert [(words(row[0]), words(row[1])) for row in rows] == [
        ([name], [field for field in kind.fields if field != "at"])
        for name, kind in events.KINDS.items()
    ]
    assert f'`"v": {EVENTS_VERSION}`' in FORMATS


@pytest.mark.parametrize(
    "part", [events.ProcessIdentity, events.Member, events.MaskedValue, events.Source]
)
def test_the_parts_of_events_are_described(part: type[events.Frozen]) -> None:
    assert set(part.fields) <= set(words(paragraph_that_begins("A process (")))


def test_the_fields_of_a_row_and_of_a_document_are_listed(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    paragraph = paragraph_that_begins("**`runs --json`**")
    of_row, of_document = paragraph.split("`show --json` is the same with")
    row = row_of(run, read_run(run.directory), time.time())
    assert words(of_row)[1 : 1 + len(row)] == list(row)
    _state, document = document_of(run, time.time())
    assert words(of_document) == [name for name in document if name not in row]


def test_every_file_of_a_run_is_described(tmp_path: Path) -> None:
    run = run_of(tmp_path, "echo x", environment={"A": "b"})
    files = {path.name for path in Path(run.directory).iterdir()}
    assert len(files) >= 6
    assert files <= set(words(FORMATS))


def test_the_commands_over_runs_work_as_they_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "invocations"
    folder.mkdir()
    run = run_of(folder, "echo no >&2; exit 3", invocation_id="build-017")
    document = json.loads((Path(run.directory) / "invocation.json").read_text())
    (folder / "build-017.json").write_text(json.dumps(document))
    remember([run.base])
    monkeypatch.chdir(tmp_path)
    shown = [command for command in commands() if command[1:2] and command[1] in OF_RUNS]
    assert {command[1] for command in shown} == set(OF_RUNS)
    for command in shown:
        done = subprocess.run(
            [*ER_TUI, *command[1:]], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert Path("build-017.tar.gz").exists()


@pytest.mark.parametrize("word", OF_RUNS)
def test_every_option_of_the_commands_over_runs_is_in_the_table(word: str) -> None:
    table = README.split("\n## Runs on disk\n")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    options = {o for p in named(word).params for o in p.opts if o.startswith("--")} - {"--help"}
    assert all(any(f"`{option}" in row for row in rows) for option in options)

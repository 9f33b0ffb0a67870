# SPDX-License-Identifier: AGPL-3.0-or-later
"""The README is part of the product: what it shows works."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from er_tui.cli import main
from er_tui.cli.command import WORDS
from er_tui.rxp import parse_invocation
from er_tui.rxp.metadata.http import POLL_KEYS, REQUEST_KEYS, read_poll, read_request
from er_tui.tui.commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


def named(word: str) -> click.Command:
    """The command that a first word leads to."""
    command = getattr(import_module(WORDS[word].module), word)
    assert isinstance(command, click.Command)
    return command


def test_the_library_example_runs(tmp_path: Path) -> None:
    (example,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "started"
    assert done.stdout.splitlines()[-2:] == ["succeeded 0 hello", ""]


def test_the_invocation_examples_are_invocations() -> None:
    examples = blocks("json")
    assert len(examples) == 2
    for example in examples:
        invocation = parse_invocation(example.encode(), Path("README.md"))
        assert json.loads(example) == invocation.model_dump()


def test_the_http_example_would_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_TOKEN", "t")
    invocation = parse_invocation(blocks("json")[1].encode(), Path("README.md"))
    read_poll(invocation)
    request = read_request(invocation, verify=True, redirects="same-origin", polls=True)
    assert request.headers == {"Authorization": "Bearer t"}


def test_every_http_key_is_in_the_reference() -> None:
    for key in REQUEST_KEYS + POLL_KEYS:
        assert f"`http.{key}`" in README


def test_every_option_that_is_shown_exists() -> None:
    shown = [command for command in commands() if command[0] == "er-tui"]
    assert len(shown) >= 6
    for command in shown:
        called = named(command[1]) if command[1] in WORDS else main
        known = {option for parameter in called.params for option in parameter.opts}
        assert {word for word in command if word.startswith("--")} <= known


def test_every_option_is_shown() -> None:
    options = {o for parameter in main.params for o in parameter.opts if o.startswith("--")}
    assert all(f"`{option}" in README or f"er-tui {option}" in README for option in options)


@pytest.mark.parametrize("module", ["tests.bench", "tests.screenshots"])
def test_the_development_commands_exist(module: str) -> None:
    assert ["python", "-m", module] in commands()
    assert (ROOT / f"{module.replace('.', '/')}.py").exists() or (
        ROOT / module.replace(".", "/") / "__main__.py"
    ).exists()


def test_the_two_commands_are_the_ones_that_ci_runs() -> None:
    install, test = "pip install . && er-tui --demo", 'pip install -e ".[dev]" && pytest'
    assert [install] in [block.splitlines() for block in blocks("console")]
    assert [test] in [block.splitlines() for block in blocks("console")]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'install --quiet --disable-pip-version-check -e ".[dev]" && pytest' in ci
    assert "er-tui --demo" in ci


def test_the_table_of_keys_is_that_of_the_commands() -> None:
    table = README.split("<!-- keys")[1].split("<!-- /keys -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{c.shown}` | {c.name} | {c.help} |" for c in COMMANDS]


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).read_text(encoding="utf-8").startswith("<svg")

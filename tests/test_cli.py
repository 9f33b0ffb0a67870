# SPDX-License-Identifier: AGPL-3.0-or-later
"""The er-tui command: what it asks for, what it refuses, and that it says so in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

import er_tui
from er_tui.cli.values import Size
from tests.session.commands import ER_TUI


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command without a terminal."""
    return subprocess.run(
        [*ER_TUI, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name a folder or file of invocations, or try --demo"),
        (["--headless"], "name a folder or file of invocations, or try --demo"),
        (["/no/such/folder"], "Path '/no/such/folder' does not exist"),
        (["--headless", "/no/such/folder"], "Path '/no/such/folder' does not exist"),
        (["."], "the dashboard needs a terminal; use --headless without one"),
        (["--demo"], "the dashboard needs a terminal; use --headless without one"),
        (["--json", "."], "--json goes with --headless"),
        (["--fail-fast", "."], "--junit, --only, --repeat and --fail-fast go with --headless"),
        (["--repeat", "2", "."], "--junit, --only, --repeat and --fail-fast go with --headless"),
        (["--only", "x", "--check", "."], "--only, --repeat and --fail-fast go with --headless"),
        (["--headless", "--repeat", "0", "."], "'--repeat': 0 is not in the range"),
        (["--headless", "--junit", "/no/such/x.xml", "."], "there is no folder /no/such"),
        (["--headless", "--junit", "/tmp", "."], "'--junit': File '/tmp' is a directory"),
        (["--run-new", "--monitor", "."], "--monitor runs nothing; leave out what is for runs"),
        (["--check", "--run", "."], "--check runs nothing; leave out what is for runs"),
        (["--check"], "name a folder or file of invocations, or try --demo"),
        (["--headless", "--run", "."], "--headless runs everything already; leave --run out"),
        (["--demo", "."], "--demo brings its own invocations; leave PATH out"),
        (["--demo", "--headless", "."], "--demo brings its own invocations; leave PATH out"),
        (["--headless", "--jobs", "0", "."], "0 is not in the range x>=1"),
        (["--headless", "--jobs", "many", "."], "'many' is not a valid integer"),
        (["--headless", "--grace", "3601", "."], "'--grace': 3601.0 is not in the range"),
        (["--headless", "--grace", "-1", "."], "'--grace': -1.0 is not in the range"),
        (["--headless", "--grace", "nan", "."], "'--grace': 'nan' is not a number of seconds"),
        (["--headless", "--grace", "long", "."], "'--grace': 'long' is not a valid number of sec"),
        (["--headless", "--max-capture", "0", "."], "'--max-capture': '0' is not a size"),
        (["--headless", "--max-capture", "-1k", "."], "'--max-capture': '-1k' is not a size"),
        (["--headless", "--max-capture", "1.5G", "."], "'--max-capture': '1.5G' is not a size"),
        (["--headless", "--max-capture", "10T", "."], "'--max-capture': '10T' is not a size"),
        (["--haedless", "."], "No such option"),
    ],
)
def test_wrong_usage_gives_2_and_a_sentence(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_names_the_contracts_and_where_they_are_from() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"er-tui {er_tui.__version__}, RxP 0.1 (")
    assert " contracts: " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("1", 1),
        ("500k", 500_000),
        ("10M", 10_000_000),
        ("2G", 2_000_000_000),
        ("4KiB", 4096),
        ("1mib", 1 << 20),
        ("3GiB", 3 << 30),
    ],
)
def test_a_size_is_a_number_of_bytes_with_a_unit(size: str, count: int) -> None:
    assert Size().convert(size, None, None) == count


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_option_and_exit_code(option: str) -> None:
    done = run(option)
    assert done.returncode == 0
    for word in ("PATH...", "--run", "--jobs", "--headless", "--json", "--demo", "--version"):
        assert word in done.stdout
    assert "--grace SECONDS" in done.stdout
    for word in ("--check", "--junit FILE", "--only GLOB", "--repeat N", "--fail-fast"):
        assert word in done.stdout
    assert "--run-new" in done.stdout
    assert "--max-capture SIZE" in done.stdout
    assert (
        "Exit code: 0 all succeeded; 1 a run did not, or a file was invalid; 2 usage"
        in " ".join(done.stdout.split())
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_question_is_answered_without_loading_a_screen_or_an_engine(option: str) -> None:
    script = (
        "import sys; from er_tui.cli import main\n"
        f"try: main(['{option}'])\n"
        "except SystemExit: pass\n"
        "heavy = {'textual', 'pydantic', 'er_tui.session', 'er_tui.engine', 'er_tui.runtime'}\n"
        "sys.stderr.write(','.join(sorted(heavy & set(sys.modules))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("module", ["headless", "progress", "check"])
def test_what_needs_no_screen_loads_none(module: str) -> None:
    script = (
        f"import sys, er_tui.cli.{module}\n"
        "screen = {'textual', 'er_tui.tui', 'er_tui.runtime', 'httpx'} & set(sys.modules)\n"
        "sys.stderr.write(','.join(sorted(screen)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_single_file_can_be_run(tmp_path: Path) -> None:
    path = tmp_path / "anything"
    path.write_text(
        '{"invocation_id": "one", "runtime_name": "test", "runtime_kind": "subprocess",'
        f'"working_directory": "{tmp_path}", "command": ["true"]}}'
    )
    done = run("--headless", path)
    assert done.returncode == 0
    assert "succeeded  anything" in done.stderr


def test_a_closed_standard_input_is_no_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&-', *ER_TUI, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr

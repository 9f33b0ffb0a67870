# SPDX-License-Identifier: AGPL-3.0-or-later
"""er-tui runs, show, export and prune, as a user calls them."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from er_tui.rxp import RuntimeResult
from er_tui.session.finding import Kept
from er_tui.session.roots import remember
from tests.session.commands import ER_TUI
from tests.session.kept_runs import elsewhere, run_of, written
from tests.terminal.terminal import Terminal

HOSTILE = "\x1b]0;owned\x07\x9b2J[bold]\u202e"


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


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder of runs that er-tui knows."""
    base = tmp_path / "captures"
    remember([str(base)])
    return base


def test_without_a_path_the_runs_of_all_known_folders_are_listed(
    base: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    remember([str(other)])
    failed = run_of(tmp_path, "echo no >&2; exit 3", artifact_directory=str(base))
    lost = written(other, invocation_id="x" * 120, status=None)
    done = run("runs")
    assert (done.returncode, done.stderr) == (0, "")
    title, first, second = done.stdout.splitlines()
    assert title.split() == ["STATE", "INVOCATION", "RUN", "STARTED", "TIME", "EXIT", "ERROR"]
    assert first.startswith(f"? lost    {'x' * 120}  {lost.run_id}  ")
    assert second.startswith("✗ failed  job  ")
    assert second.split()[3] == failed.run_id
    assert second.endswith("  3     exited with code 3")
    assert all(c.isprintable() for c in first + second)
    title, only = run("runs", "--status", "lost,running").stdout.splitlines()
    assert only.split() == first.split()


def test_what_headless_ran_is_known_afterwards(tmp_path: Path) -> None:
    assert run("runs").stderr == "no runs are known; er-tui runs PATH looks in a folder\n"
    file = tmp_path / "job.json"
    document = {"invocation_id": "job", "runtime_name": "test", "runtime_kind": "subprocess"}
    file.write_text(
        json.dumps({**document, "working_directory": str(tmp_path), "command": ["true"]})
    )
    assert run("--headless", file).returncode == 0
    (known,) = map(json.loads, run("runs", "--json").stdout.splitlines())
    assert (known["invocation_id"], known["source"]) == ("job", str(file))


def test_the_fields_of_a_run_are_the_documented_ones(base: Path, tmp_path: Path) -> None:
    made = run_of(tmp_path, "echo no >&2; exit 3", artifact_directory=str(base))
    done = run("runs", "--json", base)
    (document,) = map(json.loads, done.stdout.splitlines())
    result = json.loads((Path(made.directory) / "result.json").read_text())
    assert document.pop("started_at")[:21] == result["started_at"][:21]
    assert document.pop("finished_at") >= result["finished_at"]
    assert 0 < document.pop("seconds") < 10
    assert document == {
        "run_id": made.run_id,
        "invocation_id": "job",
        "runtime_kind": "subprocess",
        "runtime_name": "test",
        "state": "failed",
        "status": "failed",
        "exit_code": 3,
        "error_summary": "exited with code 3\nno",
        "directory": made.directory,
        "source": None,
    }


def test_only_the_newest_are_listed_and_how_many_more_is_told(base: Path) -> None:
    runs = [written(base) for _ in range(4)]
    done = run("runs", "--limit", "1")
    assert runs[3].run_id in done.stdout
    assert runs[2].run_id not in done.stdout
    assert done.stderr == "… and 3 more: --limit 0 lists all\n"
    assert len(run("runs", "--json", "--limit", "3").stdout.splitlines()) == 3


@pytest.mark.parametrize("option", [("--json",), ("--limit", "0")])
def test_a_reader_that_stops_ends_it_quietly(base: Path, option: tuple[str, ...]) -> None:
    for number in range(300):
        written(base, invocation_id=f"{number}-{'x' * 150}")
    script = 'set -o pipefail; "$@" | head -n 1; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["/bin/bash", "-c", script, "bash", *ER_TUI, "runs", *option],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (141, "")
    assert len(done.stdout.splitlines()) == 1


def test_of_two_thousand_runs_the_newest_is_told_and_how_many_more(base: Path) -> None:
    for number in range(2000):
        written(base, f"20260101T{number // 3600:02d}{number // 60 % 60:02d}"
                f"{number % 60:02d}.000000Z-aaaaaa")  # fmt: skip
    done = run("runs", "--status", "succeeded", "--limit", "1")
    assert done.stderr.startswith("… and 1999 more")
    assert "20260101T003319.000000Z-aaaaaa" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runs", "--status", "sad"], "'sad' is none of running, "),
        (["runs", "/no/such/path"], "does not exist"),
        (["show"], "Missing argument 'RUN'"),
        (["show", "none"], "no run is called 'none', and none has that in its id"),
        (["show", ""], "an empty name is in every id"),
        (["show", "./x"], "./x is no run directory"),
        (["show", "x\x1b[2J"], "no run is called 'x␛[2J'"),
        (["show", "x", "--json", "--stdout"], "--json goes without --stdout"),
        (["export", "x", "y.rar"], "FILE must end in .tar.gz, .tgz or .zip"),
        (["prune"], "say what is old: --keep N, --older-than AGE, or both"),
        (["prune", "--keep", "1"], "without a terminal nobody can be asked: --yes, or --dry-run"),
        (["prune", "--keep", "-1", "--yes"], "-1 is not in the range x>=0"),
        (["prune", "--older-than", "30", "--yes"], "'30' is not an age"),
        (["prune", "--older-than", "1.5d", "--yes"], "'1.5d' is not an age"),
    ],
)
def test_wrong_usage_gives_2_and_a_sentence(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_is_shown_by_any_part_of_its_id(base: Path, tmp_path: Path) -> None:
    made = run_of(tmp_path, "echo said; echo no >&2; exit 3", artifact_directory=str(base))
    newest = run_of(
        tmp_path, "exit 4", artifact_directory=str(base), environment={"API_KEY": "s3cr3t"}
    )
    shown = run("show", made.run_id[-6:]).stdout
    assert shown.startswith(f"✗ failed  job  {made.run_id}\n")
    for fact in ("exit       3", "error      exited with code 3\n", "stderr.txt  3 B", "(alive)"):
        assert fact in shown
    assert shown.endswith("The end of stdout.txt:\n  said\n\nThe end of stderr.txt:\n  no\n")
    done = run("show", "jo")
    assert newest.run_id in done.stdout
    assert "masked     /environment/API_KEY" in done.stdout
    assert done.stderr == "the newest of 2 runs of job\n"
    assert run("show", made.directory).stdout == shown


def test_ambiguity_is_told_with_the_candidates(base: Path) -> None:
    for name in ("build", "build-2"):
        written(base, invocation_id=name)
    done = run("show", "uil")
    assert done.returncode == 2
    assert "'uil' is ambiguous: " in done.stderr
    assert f"of build in {base}" in done.stderr
    assert f"of build-2 in {base}" in done.stderr


def test_a_document_of_a_run_tells_its_attempts_files_and_result(
    base: Path, tmp_path: Path
) -> None:
    source = tmp_path / "job.json"
    source.write_text("{}")
    made = written(base)
    journal = Path(made.directory, "events.jsonl")
    first, last = journal.read_text().splitlines()
    started = json.loads(first)
    started["source"] = {"path": str(source), "sha256": "0" * 64}
    attempts = []
    for number, phase in enumerate(("kickoff", "poll", "poll"), 1):
        begun = {"number": number, "phase": phase, "method": "GET", "url": "u", "headers": {}}
        ended = dict.fromkeys(
            ("connect_seconds", "tls_seconds", "wait_seconds", "body_seconds", "next_seconds")
        ) | {"number": number, "phase": phase, "code": 200 + number, "status": "busy", "size": 1}
        ended |= {"headers": {}, "body": None, "note": None}
        for event, fields in (("attempt_started", begun), ("attempt_ended", ended)):
            attempts.append(json.dumps({"v": 1, "event": event, "at": 1.0, **fields}))
    journal.write_text("\n".join([json.dumps(started), *attempts, last, ""]))
    document = json.loads(run("show", made.directory, "--json").stdout)
    assert document["attempts"] == {
        "total": 3,
        "phases": {"kickoff": 1, "poll": 2},
        "last_code": 203,
        "backend_status": "busy",
    }
    assert (document["source"], document["source_changed"]) == (str(source), True)
    assert document["files"]["stdout.txt"] == 4
    assert document["missing"] == []
    assert document["result"]["status"] == "succeeded"
    assert document["ran_by"]["presence"] == "gone"
    shown = run("show", made.directory).stdout
    assert "1 kickoff, 2 poll, the last answered 203, the backend says busy" in shown
    assert f"{source} (changed since)" in shown


def test_what_a_run_wrote_goes_to_a_pipe_byte_by_byte(base: Path, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    made = written(base)
    Path(made.directory, "stdout.txt").write_bytes(data)
    done = subprocess.run(
        [*ER_TUI, "show", made.run_id, "--stdout"], capture_output=True, check=True, timeout=30
    )
    assert (done.stdout, done.stderr) == (data, b"")
    done = subprocess.run(
        [*ER_TUI, "show", made.run_id, "--events"], capture_output=True, check=True, timeout=30
    )
    assert done.stdout == Path(made.directory, "events.jsonl").read_bytes()
    missing = run("show", made.run_id, "--stderr")
    assert missing.returncode == 1
    assert missing.stderr == f"Error: run {made.run_id} has no stderr.txt in {made.directory}\n"
    os.symlink(tmp_path, f"{made.directory}/stderr.txt")
    assert run("show", made.run_id, "--stderr").returncode == 1


def hostile(base: Path) -> Kept:
    """A run in which every word that can be a stranger's is one."""
    made = written(base, invocation_id=f"job{HOSTILE}")
    journal = Path(made.directory, "events.jsonl")
    first, last = map(json.loads, journal.read_text().splitlines())
    first.update(runtime_name=HOSTILE, source={"path": f"/{HOSTILE}\nforged", "sha256": HOSTILE})
    first["supervisor"]["host"] = HOSTILE
    first["masked"] = [{"pointer": HOSTILE, "digest": ""}]
    last["result"].update(
        status="failed",
        error_summary=f"{HOSTILE}\n{HOSTILE}",
        artifacts=[{"path": HOSTILE, "artifact_id": HOSTILE, "kind": [HOSTILE]}, 7],
    )
    journal.write_text("\n".join([json.dumps(first), json.dumps(last), ""]))
    Path(made.directory, "stdout.txt").write_text(f"{HOSTILE}\n" * 3)
    Path(made.directory, f"file{HOSTILE}\nforged").touch()
    return made


@pytest.mark.parametrize("command", ["runs", "show", "show --stdout", "show --events", "prune"])
def test_nothing_a_stranger_wrote_reaches_the_terminal_raw(base: Path, command: str) -> None:
    made = hostile(base)
    word, *options = command.split()
    named = {"show": [made.directory], "prune": ["--keep", "0", "--dry-run"]}.get(word, [])
    terminal = Terminal(word, *named, *options, columns=150, rows=60)
    terminal.wait_until(terminal.has_ended)
    assert terminal.text.strip()
    assert b"\x1b]" not in terminal.seen
    assert b"\x07" not in terminal.seen
    assert "\x9b" not in terminal.seen.decode()
    assert "\u202e" not in terminal.seen.decode()
    assert not [line for line in terminal.text.splitlines() if line.startswith("forged")]


@pytest.mark.parametrize("columns", [20, 60, 80, 110])
def test_on_a_terminal_the_list_fits_its_width(base: Path, columns: int) -> None:
    made = written(base, invocation_id="日本語" * 12, status=None)
    written(base, invocation_id="short")
    terminal = Terminal("runs", columns=columns, rows=12)
    terminal.wait_until(terminal.has_ended)
    lines = [line for line in terminal.text.splitlines() if line]
    assert len(lines) == 3
    assert lines[0].startswith("STATE")
    assert lines[2].startswith("? lost")
    if columns >= 60:
        assert made.run_id in lines[2]


def test_export_says_what_it_packed_and_what_is_not_masked(base: Path, tmp_path: Path) -> None:
    made = written(base)
    file = tmp_path / "run.tar.gz"
    done = run("export", "job", file)
    assert done.returncode == 0
    assert done.stdout == (
        f"{file}: 3 files, {size_of(made)} B unpacked, of run {made.run_id} of job (succeeded)\n"
    )
    assert "packed as they are: only what er-tui wrote is masked" in done.stderr
    with tarfile.open(file) as tar:
        assert f"job/{made.run_id}/result.json" in tar.getnames()
    again = run("export", "job", file)
    assert again.returncode == 2
    assert f"{file} is there already; --force replaces it" in again.stderr
    assert run("export", "job", file, "--force").returncode == 0
    live = written(base, invocation_id="live", status=None, who=elsewhere())
    told = run("export", live.run_id, tmp_path / "live.zip").stderr
    assert "the run is live: packed is what it had written by now" in told


def size_of(made: Kept) -> int:
    return sum(path.stat().st_size for path in Path(made.directory).iterdir())


def test_prune_tells_what_would_go_and_removes_it_when_told_to(base: Path) -> None:
    old, new = written(base), written(base)
    would = run("prune", "--keep", "1", "--dry-run")
    assert would.returncode == 0
    assert would.stdout == (
        f"would remove  {old.directory}  {size_of(old)} B\n"
        f"1 run, {size_of(old)} B; nothing was removed\n"
    )
    size = size_of(old)
    done = run("prune", "--keep", "1", "--yes")
    assert done.returncode == 0
    assert done.stdout == f"removed  {old.directory}  {size} B\nremoved 1 run, {size} B\n"
    assert not os.path.exists(old.directory)
    assert os.path.exists(new.directory)
    assert run("prune", "--older-than", "1h", "--yes").stdout == (
        "0 runs, 0 B; nothing was removed\n"
    )


def test_prune_says_why_an_old_run_stays(base: Path) -> None:
    live = written(base, status=None, who=elsewhere())
    done = run("prune", "--keep", "0", "--yes", base)
    assert done.returncode == 0
    assert done.stderr == (
        f"stays  {live.directory}: it may be live: its process is on nightly-3, "
        "where it cannot be seen\n"
    )
    assert os.path.exists(live.directory)


@pytest.mark.parametrize(("answer", "gone"), [("y", True), ("n", False)])
def test_on_a_terminal_prune_asks(base: Path, answer: str, gone: bool) -> None:
    old = written(base)
    terminal = Terminal("prune", "--keep", "0", columns=160)
    terminal.wait_for("would remove", f"Remove 1 run, {size_of(old)} B? [y/N]")
    terminal.press(answer, "\r")
    terminal.wait_until(terminal.has_ended)
    assert os.path.exists(old.directory) is not gone
    assert ("removed 1 run" if gone else "nothing was removed") in terminal.text


def test_what_is_exported_is_a_result(base: Path, tmp_path: Path) -> None:
    made = run_of(tmp_path, "exit 3", artifact_directory=str(base))
    document = json.loads(run("show", made.run_id, "--json").stdout)
    assert RuntimeResult(**document["result"]).exit_code == 3

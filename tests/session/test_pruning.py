# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is pruned is over and old; nothing that lives, and nothing that is no run, is touched."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from er_tui.journal.events import ProcessSpawned
from er_tui.journal.identity import identify, own_identity
from er_tui.journal.run_directory import new_run_id
from er_tui.runtime import ExecutorRuntime
from er_tui.rxp import RuntimeInvocation
from er_tui.session import pruning
from er_tui.session.finding import Kept, find_runs
from er_tui.session.pruning import Rule, Stays, examine, old_runs, remove
from tests.conftest import wait_until
from tests.session.conftest import Write
from tests.session.kept_runs import elsewhere, everything_in, run_of, written
from tests.session.others import library_user, newest_run

ALL = Rule(keep=0)


def pruned(base: Path, rule: Rule) -> list[Kept]:
    """As the command does it."""
    gone = []
    for run in old_runs(find_runs([(str(base), None)]), rule):
        try:
            remove(run, rule)
        except Stays:
            continue
        gone.append(run)
    return gone


def test_the_newest_of_each_invocation_stay(tmp_path: Path) -> None:
    runs = [written(tmp_path, invocation_id=name) for name in ("a", "b", "a", "a", "b")]
    assert set(pruned(tmp_path, Rule(keep=2))) == {runs[0]}
    assert set(pruned(tmp_path, Rule(keep=1))) == {runs[1], runs[2]}
    assert find_runs([(str(tmp_path), None)]) == [runs[4], runs[3]]


def test_the_same_id_in_two_folders_is_two_invocations(tmp_path: Path) -> None:
    places = [(str(tmp_path / base), None) for base in ("x", "y")]
    for base in ("x", "y"):
        written(tmp_path / base)
    assert old_runs(find_runs(places), Rule(keep=1)) == []


def test_one_run_alone_is_not_the_newest_of_all(tmp_path: Path) -> None:
    older, newer = written(tmp_path), written(tmp_path)
    assert old_runs([older], Rule(keep=1)) == [older]
    assert old_runs([newer], Rule(keep=1)) == []


def test_age_counts_from_the_end(tmp_path: Path) -> None:
    now = time.time()
    begun_long_ago = "20200101T000000.000000Z-aaaaaa"
    just_ended = written(tmp_path, begun_long_ago, at=now - 10)
    old = written(tmp_path, "20200101T000000.000000Z-aaaaab", at=1577836800.0)
    assert pruned(tmp_path, Rule(ended_before=now - 60)) == [old]
    assert find_runs([(str(tmp_path), None)]) == [just_ended]


def test_with_both_rules_only_what_both_call_old_goes(tmp_path: Path) -> None:
    names = [f"2020010{n}T000000.000000Z-aaaaaa" for n in range(1, 4)]
    runs = [written(tmp_path, name, at=1577836800.0) for name in names]
    young = written(tmp_path)
    assert pruned(tmp_path, Rule(keep=2, ended_before=time.time() - 60)) == runs[1::-1]
    assert find_runs([(str(tmp_path), None)]) == [young, runs[2]]


def test_a_live_run_of_another_process_stays_until_it_is_over(write: Write, folder: Path) -> None:
    path = write("job", "echo begun; while [ ! -e go ]; do sleep 0.02; done")
    base = folder / ".executor_runtime"
    with library_user(path) as process:
        wait_until(base.is_dir)
        wait_until(lambda: (newest_run(path) / "stdout.txt").exists())
        (run,) = find_runs([(str(base), None)])
        before = everything_in(base)
        with pytest.raises(Stays, match=f"it is live: process {process.pid} runs it"):
            remove(run, ALL)
        assert everything_in(base) == before
        (folder / "go").touch()
        assert process.wait(20) == 0
    remove(run, ALL)
    assert everything_in(base) == {".gitignore"}


@pytest.mark.parametrize("status", [None, "succeeded"])
def test_a_run_without_a_result_stays_while_its_process_may_live(
    tmp_path: Path, status: str | None
) -> None:
    for number, who in enumerate((own_identity(), elsewhere())):
        run = written(tmp_path / str(number), who=who, status=status)
        if status is None:
            with pytest.raises(Stays, match=r"is live|may be live"):
                remove(run, ALL)
            assert os.path.exists(f"{run.directory}/stdout.txt")
        else:
            remove(run, ALL)  # over, though a long-lived engine ran it
            assert not os.path.exists(run.directory)


def test_a_lost_run_goes_unless_what_it_started_lives(tmp_path: Path) -> None:
    leader = ProcessSpawned(at=time.time(), process=identify(os.getpid()))
    lost = written(tmp_path, status=None)
    haunted = written(tmp_path, status=None, events=(leader,))
    assert pruned(tmp_path, ALL) == [lost]
    with pytest.raises(Stays, match=f"lives still: process {os.getpid()}"):
        examine(haunted)


@pytest.mark.parametrize(
    "journal", ["", "{", "[]\n", '{"v":1,"event":"noted","at":1.0,"text":"x"}\n', "\0\n"]
)
def test_what_is_no_run_by_its_journal_stays(tmp_path: Path, journal: str) -> None:
    run = written(tmp_path)
    Path(run.directory, "events.jsonl").write_text(journal)
    with pytest.raises(Stays, match="its journal does not begin with its start"):
        remove(run, ALL)
    assert everything_in(run.directory) == {"events.jsonl", "result.json", "stdout.txt"}


def test_the_journal_of_another_run_makes_no_run(tmp_path: Path) -> None:
    run = written(tmp_path)
    copy = Kept(run.base, run.invocation_id, new_run_id())
    shutil.copytree(run.directory, copy.directory)
    with pytest.raises(Stays, match="does not begin with its start"):
        remove(copy, ALL)
    assert os.path.isdir(copy.directory)


def test_planted_links_lead_nowhere(tmp_path: Path) -> None:
    treasure = written(tmp_path / "treasure")
    base = tmp_path / "base"
    run = written(base)
    Path(run.directory, "linked").symlink_to(treasure.directory)
    Path(run.directory, "gone").symlink_to("/no/such/file")
    before = everything_in(treasure.base)
    as_run = Kept(str(base), "job", treasure.run_id)
    Path(as_run.directory).symlink_to(treasure.directory)
    as_invocation = Kept(str(base), "other", treasure.run_id)
    Path(as_invocation.folder).symlink_to(treasure.folder)
    as_base = Kept(str(tmp_path / "link"), "job", treasure.run_id)
    Path(as_base.base).symlink_to(treasure.base)
    for planted in (as_run, as_invocation, as_base):
        with pytest.raises(Stays, match="no folder that can be opened"):
            remove(planted, ALL)
    journal = written(base)
    os.unlink(f"{journal.directory}/events.jsonl")
    os.symlink(f"{treasure.directory}/events.jsonl", f"{journal.directory}/events.jsonl")
    with pytest.raises(Stays, match="does not begin with its start"):
        remove(journal, ALL)
    remove(run, ALL)
    assert not os.path.lexists(run.directory)
    assert everything_in(treasure.base) == before


def test_a_directory_that_is_swapped_for_a_link_meanwhile_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "events.jsonl").write_text("precious")
    run = written(tmp_path / "base")
    honest = pruning._examined

    def swapped(run: Kept, directory: int) -> object:
        over = honest(run, directory)
        os.rename(run.directory, f"{run.directory}.aside")
        os.symlink(treasure, run.directory)
        return over

    monkeypatch.setattr(pruning, "_examined", swapped)
    with pytest.raises(Stays, match="taken the place of"):
        remove(run, ALL)
    assert everything_in(treasure) == {"events.jsonl"}


def test_foreign_files_go_with_their_run_and_are_counted(tmp_path: Path) -> None:
    run = run_of(tmp_path, "echo x", artifact_directory=str(tmp_path / "captures"))
    deep = Path(run.directory, "reports", "html")
    deep.mkdir(parents=True)
    (deep / "index.html").write_text("y" * 1000)
    Path(run.directory, "response.json").write_text("{}")
    over = examine(run)
    assert over.foreign == 1
    assert over.size == sum(
        path.lstat().st_size for path in Path(run.directory).rglob("*") if path.is_file()
    )
    assert remove(run, ALL) == over
    assert everything_in(tmp_path / "captures") == set()


def test_what_lies_beside_runs_stays(tmp_path: Path) -> None:
    written(tmp_path)
    beside = written(tmp_path, invocation_id="mixed")
    Path(beside.folder, "notes.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    assert len(pruned(tmp_path, ALL)) == 2
    assert everything_in(tmp_path) == {"mixed", "mixed/notes.txt", "empty"}


def test_an_interrupted_removal_leaves_a_run_that_can_be_removed(tmp_path: Path) -> None:
    run = written(tmp_path)
    stuck = Path(run.directory, "a", "b")
    stuck.mkdir(parents=True)
    for number in range(150):
        stuck = stuck / f"{number}"
        stuck.mkdir()
    with pytest.raises(Stays, match="more than 100 deep"):
        remove(run, ALL)
    assert os.path.exists(f"{run.directory}/stdout.txt")
    shutil.rmtree(f"{run.directory}/a")
    Path(run.directory, "stdout.txt").unlink()
    remove(run, ALL)
    assert everything_in(tmp_path) == set()


def test_runs_that_start_meanwhile_are_never_hit(tmp_path: Path) -> None:
    """The folder of the invocation is emptied and removed again and again under them."""
    ended = threading.Event()
    gone: list[Kept] = []

    def prune() -> None:
        while not ended.is_set():
            gone.extend(pruned(tmp_path / "base", ALL))

    thread = threading.Thread(target=prune)
    thread.start()
    try:
        runs = [run_started(tmp_path) for _ in range(60)]
    finally:
        ended.set()
        thread.join()
    assert runs == ["succeeded"] * 60
    assert gone


def run_started(tmp_path: Path) -> str:
    result = ExecutorRuntime().run(
        RuntimeInvocation(
            invocation_id="job",
            runtime_name="test",
            runtime_kind="subprocess",
            working_directory=str(tmp_path),
            command=["true"],
            artifact_directory=str(tmp_path / "base"),
        )
    )
    assert "run_directory_note" not in result.metadata
    assert "record_error" not in result.metadata
    return result.status

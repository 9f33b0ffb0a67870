# SPDX-License-Identifier: AGPL-3.0-or-later
"""What runs use is told, who leaves a run is remembered, and the engine rests when nothing runs."""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from er_tui.engine.disks import Disks
from er_tui.engine.messages import LowSpace
from er_tui.journal.events import ResourcesSampled
from er_tui.runtime.process.table import read_process, read_table
from tests.conftest import wait_until
from tests.engine.talk import Talk

HUNGRY = """\
import os, time
kept = bytearray(80 << 20)
if os.fork() == 0:
    time.sleep(600)
print("here", flush=True)
while True:
    sum(range(10_000))
"""


def test_what_the_tree_of_a_run_uses_is_told_and_its_peaks_are_in_the_result(talk: Talk) -> None:
    run_id = talk.start(sys.executable, "-c", HUNGRY)
    sample = talk.event(ResourcesSampled, run_id)
    assert sample.processes == 2
    assert sample.memory_bytes > 80 << 20
    assert sample.cpu_percent > 20
    talk.cancel(run_id)
    facts = talk.result(run_id)["metadata"]
    assert facts["tree_peak_processes"] == "2"
    assert int(facts["tree_peak_memory_bytes"]) >= sample.memory_bytes
    assert float(facts["tree_peak_cpu_percent"]) >= sample.cpu_percent


def test_a_run_that_changes_nothing_is_told_of_once(talk: Talk) -> None:
    run_id = talk.start("/bin/sh", "-c", "echo here; exec sleep 3.5")
    talk.result(run_id)
    samples = [event for event in talk.events(run_id) if isinstance(event, ResourcesSampled)]
    assert len(samples) == 1
    assert samples[0].processes == 1


def test_who_left_the_tree_after_it_was_seen_there_is_ended_with_the_run(
    talk: Talk,
) -> None:
    """It has a session of its own, no tag, no output of the run, and in the end no parent."""
    gate = talk.folder / "gate"
    os.mkfifo(gate)
    inner = "echo $$ > escaped; while :; do sleep 0.05; done"
    middle = f"env -i setsid /bin/sh -c '{inner}' >/dev/null 2>&1 & : < gate"
    script = f'/bin/sh -c "{middle}"; touch left; echo here; while :; do sleep 0.05; done'
    run_id = talk.start("/bin/sh", "-c", script)
    talk.event(ResourcesSampled, run_id)
    escaped = int((talk.folder / "escaped").read_text())
    gate.write_text("")
    talk.pid(run_id)
    process = read_process(escaped)
    assert process is not None
    engine = read_process(talk.client.pid)
    assert engine is not None
    assert process.parent == engine.pid
    talk.cancel(run_id)
    assert talk.result(run_id)["status"] == "cancelled"
    after = read_process(escaped)
    assert after is None or not after.alive


def test_adopted_orphans_are_reaped_and_no_leader_is(talk: Talk) -> None:
    orphan = "(setsid sleep 0.3 &)"
    runs = [talk.start("/bin/sh", "-c", f"{orphan}; exit 3") for _ in range(3)]
    assert {talk.result(run_id)["exit_code"] for run_id in runs} == {3}

    def children() -> list[int]:
        return [p.pid for p in read_table().values() if p.parent == talk.client.pid]

    wait_until(lambda: not children(), 6)


def test_an_engine_without_runs_is_not_woken(talk: Talk) -> None:
    talk.result(talk.start("/bin/true"))

    def switches() -> int:
        total = 0
        for path in Path(f"/proc/{talk.client.pid}/task").glob("*/status"):
            line = next(x for x in path.read_text().splitlines() if x.startswith("voluntary_"))
            total += int(line.split()[1])
        return total

    # The last run's end is looked after for a moment; then there is rest.
    def rests() -> bool:
        before = switches()
        time.sleep(1.5)
        return switches() == before

    wait_until(rests, 12)


def test_a_nearly_full_disk_is_told_once_and_its_recovery_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[LowSpace] = []
    free = 5 << 30

    def statvfs(_path: str) -> SimpleNamespace:
        return SimpleNamespace(f_bavail=free >> 12, f_frsize=1 << 12, f_blocks=(100 << 30) >> 12)

    monkeypatch.setattr(os, "statvfs", statvfs)
    disks = Disks(told.append)
    (tmp_path / "other").mkdir()
    folders = [str(tmp_path), str(tmp_path / "other")]
    disks.look(folders)
    assert told == []
    free = (1 << 30) - 4096
    disks.look(folders)
    disks.look(folders)
    assert told == [LowSpace(str(tmp_path), free)]
    assert disks.any_low
    free = 5 << 30
    disks.look([])
    assert told[1:] == [LowSpace(str(tmp_path), None)]
    assert not disks.any_low


def test_a_small_disk_is_judged_by_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[LowSpace] = []
    size = 1000 << 20
    for free in (21 << 20, 19 << 20):
        space = SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=size)
        monkeypatch.setattr(os, "statvfs", lambda _path, space=space: space)
        Disks(told.append).look([str(tmp_path)])
    assert told == [LowSpace(str(tmp_path), 19 << 20)]

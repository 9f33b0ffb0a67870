# SPDX-License-Identifier: AGPL-3.0-or-later
"""A JSON file can be read while it is laid out, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from er_tui.session.json_document import JsonDocument
from tests.conftest import wait_until


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the documents keep what was laid out, without a name."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def settle(document: JsonDocument) -> None:
    def settled() -> bool:
        return not document.advance(0.01) and document.done

    wait_until(settled)


def shown(document: JsonDocument, first: int = 0, count: int = 1000) -> list[str]:
    return [line.raw.decode() for line in document.lines(first, count)]


def test_a_document_is_its_lines_and_each_has_a_path(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text('{"items": [{"a b": [1, [2]]}, 3], "é": {}, "n\\u0061me": {"x": null}}')
    document = JsonDocument(str(path))
    settle(document)
    assert document.problem is None
    paths = {line.strip(" ,"): document.path_of(n) for n, line in enumerate(shown(document))}
    assert paths["1"] == '$.items[0]["a b"][0]'
    assert paths["2"] == '$.items[0]["a b"][1][0]'
    assert paths["3"] == "$.items[1]"
    assert paths['"é": {}'] == '$["é"]'
    assert paths['"x": null'] == "$.name.x"
    assert (paths["{"], paths["}"]) == ("$.items[0]", "$")
    document.close()


def test_what_is_no_json_says_why(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text('{"a": [1, 2}')
    document = JsonDocument(str(path))
    settle(document)
    assert document.problem == "not JSON: byte 11: } closes nothing"
    document.close()


def test_a_document_that_is_gone_says_so(tmp_path: Path) -> None:
    document = JsonDocument(str(tmp_path / "gone.json"))
    settle(document)
    assert document.problem == "cannot be laid out: No such file or directory"
    document.close()


def test_a_large_document_can_be_read_at_once_and_be_left_at_any_time(
    tmp_path: Path, temporary: Path
) -> None:
    path = tmp_path / "large.json"
    items = [{"id": n, "tags": ["a", "b"], "in": {"x": n}} for n in range(200_000)]
    path.write_text(json.dumps({"items": items}))
    document = JsonDocument(str(path))
    wait_until(lambda: document.advance(0.005) or document.line_count > 100)
    wait_until(lambda: (document.advance(0.005), document.line_count > 100)[1])
    assert not document.done
    assert shown(document, 0, 3) == ["{", '  "items": [', "    {"]
    assert document.path_of(3) == "$.items[0].id"
    assert list(temporary.iterdir()) == []
    process = document._process
    document.close()
    assert process.returncode is not None


OPEN_IT = """
import sys, time
from er_tui.session.json_document import JsonDocument
document = JsonDocument(sys.argv[1])
while document.line_count < 100:
    document.advance(0.01)
print("open", flush=True)
sys.stdin.read()
"""


def test_nothing_is_left_when_whoever_reads_it_is_killed(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(list(range(100_000))))
    reader = subprocess.Popen(
        [sys.executable, "-c", OPEN_IT, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == b"open\n"
    reader.send_signal(signal.SIGKILL)
    reader.communicate()
    assert list(temporary.iterdir()) == []


def test_no_step_keeps_its_caller_waiting(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_text(json.dumps([[n, {"a": [n]}] for n in range(200_000)]))
    document = JsonDocument(str(path))
    longest = 0.0

    def settled() -> bool:
        nonlocal longest
        begun = time.thread_time()
        more = document.advance(0.008)
        longest = max(longest, time.thread_time() - begun)
        return not more and document.done

    wait_until(settled, 30)
    document.folds.fold_all()
    wait_until(settled)
    assert document.folds.row_count == 200_002
    begun = time.thread_time()
    assert document.path_of(document.line_count - 5) == "$[199999][1].a[0]"
    longest = max(longest, time.thread_time() - begun)
    assert longest < 0.2
    document.close()

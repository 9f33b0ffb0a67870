# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON laid out: the same document, a member a line, whatever the pieces it comes in."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.launching import module_command
from er_tui.text.hexdump import hex_line
from er_tui.text.json_folds import Folds
from er_tui.text.json_layout import CLOSING, DEEPEST, Layout, LayoutError

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)


def laid_out(data: bytes, step: int = 1 << 16) -> tuple[str, Folds]:
    layout, folds, text = Layout(), Folds(), b""
    for at in range(0, len(data), step):
        layout.feed(data[at : at + step])
        lines, depths = layout.take()
        text += lines
        folds.grow(depths)
    layout.finish()
    lines, depths = layout.take()
    folds.grow(depths)
    return (text + lines).decode(), folds


@given(DOCUMENTS, st.integers(1, 40), st.sampled_from([None, 1, 5]), st.booleans())
def test_it_is_what_json_itself_would_write(
    document: Any, step: int, indent: int | None, ascii_only: bool
) -> None:
    written = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    text, folds = laid_out(written, step)
    assert folds.line_count == text.count("\n")
    assert text == json.dumps(document, indent=2, ensure_ascii=ascii_only) + "\n"


@given(DOCUMENTS)
def test_every_container_that_is_not_empty_can_be_folded(document: Any) -> None:
    text, folds = laid_out(json.dumps(document).encode())
    lines = text.splitlines()
    opened = [n for n, line in enumerate(lines) if line.endswith(("{", "["))]
    assert [n for n in range(len(lines)) if folds.opens(n)] == opened
    for first in opened:
        last = folds.closing(first)
        assert last is not None
        assert folds.closes(last)
        assert folds.parent(last) == first
        inside = lines[first + 1 : last]
        indent = len(lines[last]) - len(lines[last].lstrip())
        assert lines[last].strip()[0] == {"{": "}", "[": "]"}[lines[first][-1]]
        assert inside
        assert all(len(line) - len(line.lstrip()) > indent for line in inside)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"  ", b"{", b'{"a": [1}', b"]", b'"open', b"1 2", b'{"a": 1}{', b'[1, "x" 2]'),
        *(b'{"a"', b"[1,]", b'{"a": 1,}', b"[,1]", b"[1,,2]", b"{1: 2}", b'["a": 1]', b'{"a"}'),
        *(
            b'{"a" 1}',
            b'{"a": }',
            b"[tru]",
            b"[01]",
            b"[1.]",
            b"[+1]",
            b"[1e]",
            b"[1 2]",
            b",",
            b":",
        ),
        *(
            b'["new\nline"]',
            b'["\x01"]',
            b"[x]",
            b"hello",
            b'{"a": 1}}',
            b'["\\',
            b"[INFO] started",
        ),
    ],
)
def test_what_is_no_document_is_told(data: bytes) -> None:
    with pytest.raises(LayoutError):
        laid_out(data)
    with pytest.raises(LayoutError):
        laid_out(data, 1)


def test_a_long_string_costs_what_it_is_long() -> None:
    text = '["' + "x" * 8_000_000 + '"]'
    begun = time.monotonic()
    shown, _folds = laid_out(text.encode(), 1 << 14)
    assert len(shown) == len(text) + 5
    assert time.monotonic() - begun < 5


def test_depth_and_long_numbers_are_no_matter() -> None:
    depth = 50_000
    text, folds = laid_out(b"[" * depth + b"1" * 6000 + b"]" * depth)
    assert folds.line_count == 2 * depth + 1
    assert folds.closing(DEEPEST - 1) == 2 * depth + 1 - DEEPEST
    assert not folds.opens(DEEPEST)
    assert "1" * 6000 in text


def lay_out_file(path: str, folder: Path, most: int) -> str:
    with (folder / "lines").open("wb") as lines, (folder / "depths").open("wb") as depths:
        files = lines.fileno(), depths.fileno()
        command = module_command("er_tui.text.json_worker", path, *map(str, files), str(most))
        done = subprocess.run(command, capture_output=True, check=True, text=True, pass_fds=files)
    return done.stdout


def run_worker(folder: Path, data: bytes, most: int = 1 << 20) -> str:
    (folder / "in.json").write_bytes(data)
    return lay_out_file(str(folder / "in.json"), folder, most)


def test_the_process_writes_lines_and_depths(tmp_path: Path) -> None:
    assert run_worker(tmp_path, b'{"a": [1, 2], "b": {}}') == ""
    lines = (tmp_path / "lines").read_text().splitlines()
    assert lines == ["{", '  "a": [', "    1,", "    2", "  ],", '  "b": {}', "}"]
    depths = [0, 1, 2, 2, 1 | CLOSING, 1, 0 | CLOSING]
    assert list((tmp_path / "depths").read_bytes()) == depths


def test_what_was_laid_out_before_a_mistake_stays(tmp_path: Path) -> None:
    assert run_worker(tmp_path, b"[1,\n2,\n3}") == "not JSON: byte 8: } closes nothing\n"
    assert (tmp_path / "lines").read_text() == "[\n  1,\n  2,\n"


def test_what_is_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    assert run_worker(tmp_path, b"[1, 2]", most=3) == "not JSON: it is larger than 3 bytes\n"
    assert lay_out_file("/dev/null", tmp_path, 9) == "not JSON: it is no regular file\n"


def test_a_line_of_bytes() -> None:
    assert hex_line(0x1F0, b"Hello, world\x00\xff\x1b[") == (
        "000001f0  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 00 ff 1b 5b  Hello, world···["
    )
    assert hex_line(0, b"a") == f"{'00000000  61':<60}a"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A good invocation file is read as the schema means it; a bad one is one clear line."""

import json
import os
import pickle
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.rxp import (
    MAX_INVOCATION_BYTES,
    InvocationFileError,
    RuntimeInvocation,
    parse_invocation,
    read_document,
    read_invocation,
)
from tests.rxp import documents
from tests.rxp.documents import FILE, changed, lines, refusal, replaced, without


def test_an_error_survives_pickling() -> None:
    error = refusal(b"{\n]")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.path, copy.line, copy.column, copy.reason) == (FILE, 2, 1, error.reason)


def test_fields_with_a_default_may_be_left_out() -> None:
    read = parse_invocation(
        without("schema_version", "contract_kind", "environment", "timeout_seconds", "metadata"),
        FILE,
    )
    assert (read.schema_version, read.contract_kind) == ("0.1", "runtime_invocation")
    assert (read.environment, read.timeout_seconds, read.metadata) == ({}, None, {})


@pytest.mark.parametrize("spelled", [b"30", b"30.0", b"3e1"])
def test_a_whole_number_is_one_however_it_is_spelled(spelled: bytes) -> None:
    read = parse_invocation(replaced(b"30", spelled), FILE)
    assert read.timeout_seconds == 30
    assert type(read.timeout_seconds) is int


def test_a_whole_surrogate_pair_and_its_spelling_are_text() -> None:
    read = parse_invocation(changed(command=["\U0001f9c0", "\\ud800"]), FILE)
    assert read.command == ["\U0001f9c0", "\\ud800"]


@given(documents.invocations, st.booleans())
def test_every_invocation_is_read_back_as_it_was(model: RuntimeInvocation, ascii: bool) -> None:
    data = json.dumps(model.model_dump(), ensure_ascii=ascii).encode()
    assert parse_invocation(data, FILE) == model


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 2.0]) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.sampled_from([*documents.invocation(), "surprise"]), _json)
def test_what_is_accepted_is_what_the_schema_accepts(field: str, value: object) -> None:
    document = documents.invocation(**{field: value})
    if documents.validator("runtime_invocation").is_valid(document):
        parse_invocation(lines(document), FILE)
    else:
        error = refusal(lines(document))
        assert error.line is not None
        assert error.reason.isprintable()


@given(st.binary() | st.text(alphabet='{}[]":,\\u d8a1-e.', max_size=80).map(str.encode))
def test_any_bytes_that_are_no_invocation_are_one_error(data: bytes) -> None:
    assert refusal(data).reason.isprintable()


@pytest.mark.parametrize("path", documents.EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_read_from_their_files(path: Path) -> None:
    if path.name.startswith("runtime_invocation"):
        assert read_invocation(str(path)).model_dump() == json.loads(path.read_bytes())
    else:
        with pytest.raises(InvocationFileError, match="this is a runtime_result"):
            read_invocation(path)


def unreadable(path: str | Path) -> str:
    with pytest.raises(InvocationFileError) as caught:
        read_invocation(path)
    error = caught.value
    assert (error.path, error.line, error.column) == (Path(path), None, None)
    assert str(error) == f"{path}: {error.reason}"
    return error.reason


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert unreadable(tmp_path / "x.json") == "cannot be read: No such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.touch(mode=0)
    assert unreadable(path) == "cannot be read: Permission denied"


def test_a_directory_is_told(tmp_path: Path) -> None:
    assert unreadable(tmp_path) == "is a directory, not a file"


def test_a_fifo_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    os.mkfifo(path)
    monkeypatch.delattr(os, "open")
    assert unreadable(path) == "is not a regular file"


def test_a_fifo_that_takes_the_place_of_a_file_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, fifo = tmp_path / "file", tmp_path / "fifo"
    file.touch()
    os.mkfifo(fifo)
    regular = os.stat(file)
    monkeypatch.setattr(os, "stat", lambda *_arguments, **_options: regular)
    assert unreadable(fifo) == "is not a regular file"


def test_a_device_and_a_socket_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert unreadable("/dev/zero") == "is not a regular file"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("s.json")
        assert unreadable("s.json") == "is not a regular file"


def test_a_symlink_is_followed_and_a_loop_is_told(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(lines(documents.invocation()))
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "loop").symlink_to("loop")
    assert read_invocation(tmp_path / "link").invocation_id == "build-017"
    assert unreadable(tmp_path / "loop") == "cannot be read: Too many levels of symbolic links"


def test_a_path_that_can_be_none_is_told() -> None:
    assert unreadable("a\0b") == "is not a usable path: embedded null byte"


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json"))
    path.write_bytes(lines(documents.invocation()))
    assert read_invocation(path).invocation_id == "build-017"


def test_the_limit_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(lines(documents.invocation()).ljust(MAX_INVOCATION_BYTES))
    assert read_invocation(path).invocation_id == "build-017"
    path.write_bytes(path.read_bytes() + b" ")
    assert unreadable(path) == "is too large, an invocation file has at most 1,048,576 bytes"


def test_a_2_gib_file_is_refused_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    path.touch()
    os.truncate(path, 2 << 30)
    monkeypatch.delattr(os, "read")
    assert unreadable(path).startswith("is too large")


def test_a_file_that_does_not_tell_its_size_is_read_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_document("/proc/self/stat").startswith(str(os.getpid()).encode())
    path = tmp_path / "x.json"
    path.touch()
    monkeypatch.setattr(os, "read", lambda _descriptor, size: b" " * size)
    assert unreadable(path).startswith("is too large")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    (tmp_path / "x.json").write_bytes(lines(documents.invocation()))
    read_invocation(tmp_path / "x.json")
    unreadable(tmp_path)
    assert os.listdir("/proc/self/fd") == before

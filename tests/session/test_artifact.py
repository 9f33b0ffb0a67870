# SPDX-License-Identifier: AGPL-3.0-or-later
"""An artifact is what its bytes say, whatever it is called; what cannot be shown is told."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from er_tui.session.artifact import LARGEST_JSON, ArtifactError, look_at, recognise

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\0\0\0"
GIF = b"GIF89a" + struct.pack("<HH", 32, 16) + b"\0\0\0"
JPEG = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    + b"\xff\xe1\x40\0"
    + bytes(0x4000 - 2)
    + b"\xff\xff\xc2\0\x11\x08"
    + struct.pack(">HH", 1080, 1920)
    + b"\x03"
)


@pytest.mark.parametrize(
    ("head", "kind", "words"),
    [
        (b'{"a": 1}', "json", "JSON"),
        (b" \n[1, 2", "json", "JSON"),
        (b"\xef\xbb\xbf[]", "json", "JSON"),
        (b'{"a": 1}\n{"a": 2}\n', "text", "text"),
        (b"[INFO] started\n", "text", "text"),
        (b"plain words\n", "text", "text"),
        (b"", "text", "text"),
        (b"\xe9t\xe9 in another encoding\n", "text", "text"),
        (b"BM is how this text begins", "text", "text"),
        (b"GIF89a is how this text begins", "text", "text"),
        (b"some\0bytes", "binary", "binary"),
        (b"\x7fELF\x02\x01\x01\0", "binary", "ELF program"),
        (b"\x1f\x8b\x08\x08abc", "binary", "gzip data"),
        (b"PK\x03\x04\x14\0", "binary", "zip archive"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image", "WebP image"),
    ],
)
def test_a_file_is_what_its_content_is(head: bytes, kind: str, words: str) -> None:
    artifact = recognise(head, len(head))
    assert (artifact.kind, artifact.type) == (kind, words)


@pytest.mark.parametrize(
    ("head", "words", "pixels"),
    [
        (PNG, "PNG image", (640, 480)),
        (GIF, "GIF image", (32, 16)),
        (JPEG, "JPEG image", (1920, 1080)),
        (PNG[:20], "PNG image", None),
        (JPEG[:300], "JPEG image", None),
        (b"\xff\xd8\xff\xe0\0\0" * 20, "JPEG image", None),
    ],
)
def test_an_image_tells_its_size(head: bytes, words: str, pixels: tuple[int, int] | None) -> None:
    artifact = recognise(head, len(head))
    assert (artifact.kind, artifact.type, artifact.pixels) == ("image", words, pixels)


def test_what_is_named_json_is_taken_for_it_unless_it_is_too_large() -> None:
    assert recognise(b"not json", 8, "result.json").kind == "json"
    assert recognise(b"", 0, "result.json").kind == "text"
    assert recognise(b"[1, 2", LARGEST_JSON + 1, "result.json").kind == "text"


def test_what_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    cases = {
        "pipe": "This is not a regular file.",
        "folder": "This is not a regular file.",
        "link": "This is a symbolic link, which is not followed.",
        "gone": "The file cannot be opened: No such file or directory.",
        "nul\0": "The file cannot be opened: ",
    }
    for name, words in cases.items():
        with pytest.raises(ArtifactError, match=words):
            look_at(f"{tmp_path}/{name}")


def test_json_that_is_too_large_says_why_it_is_text() -> None:
    remark = "JSON of more than 50 MiB is not laid out. Shown as text."
    assert recognise(b'{"a": 1, ', LARGEST_JSON + 1).remark == remark
    assert recognise(b"[1, 2", LARGEST_JSON + 1, "result.json").remark == remark
    assert recognise(b"[1, 2", LARGEST_JSON).remark is None
    assert recognise(b"plain words", LARGEST_JSON + 1).remark is None

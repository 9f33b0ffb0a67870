# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digests tell whether two masked values are equal, to this user only, and nothing more."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from er_tui.journal.digest import digest
from er_tui.journal.places import make_private_folders, state_folder


def digest_in_another_process(value: str) -> str:
    code = "import sys; from er_tui.journal.digest import digest; print(digest(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, value], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def test_equal_values_have_equal_digests_and_others_do_not() -> None:
    assert digest("hunter22") == digest("hunter22")
    assert digest("hunter22") != digest("hunter23")
    assert digest("caf\udce9")


def test_another_process_of_this_user_gives_the_same_digest() -> None:
    assert digest_in_another_process("hunter22") == digest("hunter22")


def test_a_digest_cannot_be_computed_without_the_key() -> None:
    assert digest("hunter22") != hashlib.sha256(b"hunter22").hexdigest()


def test_the_key_and_the_folders_made_for_it_are_private(
    state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state_home / "a" / "b"))
    digest("hunter22")
    assert [path.name for path in state_folder().iterdir()] == ["mask.key"]
    assert stat.S_IMODE((state_folder() / "mask.key").stat().st_mode) == 0o600
    for folder in (state_home / "a", state_home / "a" / "b", state_folder()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_state_folder_that_cannot_be_written_does_not_stop_anything(
    state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state_home / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(state_home / "file"))
    assert digest("hunter22") == digest("hunter22") != digest("other")


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    (tmp_path / "there").chmod(0o755)
    make_private_folders(str(tmp_path / "there" / "new" / "newer"))
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "there" / "new").stat().st_mode) == 0o700

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What changes on the disk is told."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from er_tui.session.watch import FolderWatch
from tests.conftest import wait_until
from tests.session.conftest import Write


@pytest.fixture
def watch(folder: Path) -> Iterator[FolderWatch]:
    """A watch of the folder that has begun to see."""
    watch = FolderWatch()
    watch.watch([folder], time.time())
    until_seen(watch, folder / "first", (folder / "first").touch)
    yield watch
    watch.stop()


def until_seen(watch: FolderWatch, path: Path, change: Callable[[], object]) -> None:
    """Make the change, again and again until it is told: a watch takes a moment to begin."""

    def seen() -> bool:
        change()
        return path in watch.changed

    wait_until(seen)
    watch.changed.clear()


def test_new_changed_and_deleted_files_are_told(watch: FolderWatch, write: Write) -> None:
    path = write("a")
    wait_until(lambda: path in watch.changed)
    watch.changed.clear()
    write("a", "echo changed")
    wait_until(lambda: path in watch.changed)
    watch.changed.clear()
    path.unlink()
    wait_until(lambda: path in watch.changed)


def test_a_file_put_in_place_of_another_is_told(
    watch: FolderWatch, folder: Path, write: Write
) -> None:
    path = write("a")
    aside = folder.parent / "aside"
    aside.write_bytes(path.read_bytes())
    wait_until(lambda: path in watch.changed)
    watch.changed.clear()
    aside.replace(path)
    wait_until(lambda: path in watch.changed)


def test_a_new_folder_is_told_and_watched_once_that_is_asked(
    watch: FolderWatch, folder: Path
) -> None:
    new = folder / "new"
    new.mkdir()
    wait_until(lambda: new in watch.changed)
    watch.watch([folder, new], time.time())
    until_seen(watch, new / "first", (new / "first").touch)
    shutil.rmtree(new)
    wait_until(lambda: new in watch.changed)
    assert watch.failure is None


def test_what_is_below_a_watched_folder_is_not_told(watch: FolderWatch, folder: Path) -> None:
    deep = folder / "deep"
    deep.mkdir()
    wait_until(lambda: deep in watch.changed)
    (deep / "a.json").write_text("{}")
    watch.changed.clear()
    until_seen(watch, folder / "last", (folder / "last").touch)
    assert deep / "a.json" not in watch.changed


def test_a_folder_that_is_gone_keeps_no_other_from_being_watched(
    folder: Path, tmp_path: Path
) -> None:
    watch = FolderWatch()
    watch.watch([tmp_path / "gone", folder], time.time())
    until_seen(watch, folder / "first", (folder / "first").touch)
    watch.stop()
    assert watch.failure is None


def test_nothing_to_watch_is_no_failure(tmp_path: Path) -> None:
    watch = FolderWatch()
    watch.watch([], time.time())
    watch.watch([tmp_path / "gone"], time.time())
    watch.stop()
    watch.stop()
    assert watch.failure is None

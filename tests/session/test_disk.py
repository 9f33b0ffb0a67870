# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is listed follows the disk within a second, whatever stands in for what."""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from er_tui.session.disk import Disk
from er_tui.session.library import Library
from er_tui.session.session import Session
from tests.conftest import wait_until
from tests.session.conftest import Write

PROMISED_SECONDS = 1.0
PATIENCE_SECONDS = 10.0


class Following:
    """A session over some paths that follows the disk."""

    def __init__(self, *roots: Path) -> None:
        self.session = Session(Library(roots))
        self.begun_at = time.time()
        for entry in self.session.library.scan():
            self.session.add(entry)
        self.disk = Disk(self.session)

    def begin(self) -> None:
        """Returns once the watch sees: it loads its library first."""
        self.disk.watch(self.begun_at)
        (root,) = {root if root.is_dir() else root.parent for root in self.session.library.roots}
        probe = root / "probe.json"

        def seen() -> bool:
            probe.write_text("{")
            self.disk.step()
            return str(probe) in self.session.entries

        wait_until(seen)
        probe.unlink()
        self.see(lambda: str(probe) not in self.session.entries)

    @property
    def listed(self) -> dict[str, str]:
        """The command of each entry by its name, or why there is none."""
        return {
            entry.name: entry.invocation.command[-1] if entry.invocation else "invalid"
            for entry in self.session.entries.values()
        }

    def see(self, condition: Callable[[], bool]) -> float:
        """Follow until it holds; how many seconds that took."""
        begun_at = time.monotonic()

        def stepped() -> bool:
            self.disk.step()
            return condition()

        wait_until(stepped, PATIENCE_SECONDS)
        return time.monotonic() - begun_at

    def see_listed(self, **commands: str) -> float:
        return self.see(lambda: self.listed == commands)


@pytest.fixture
def following(folder: Path, write: Write) -> Iterator[Following]:
    write("a", "echo one")
    following = Following(folder)
    following.begin()
    yield following
    following.disk.stop()


def test_new_edited_and_deleted_files_are_listed_so_within_a_second(
    following: Following, write: Write
) -> None:
    write("b", "echo two")
    took = [following.see_listed(a="echo one", b="echo two")]
    write("a", "echo three")
    took.append(following.see_listed(a="echo three", b="echo two"))
    path = write("b", "echo four")
    took.append(following.see_listed(a="echo three", b="echo four"))
    path.write_text("{")
    took.append(following.see_listed(a="echo three", b="invalid"))
    path.unlink()
    took.append(following.see_listed(a="echo three"))
    # The middle one: a busy machine may hold up any of them.
    assert statistics.median(took) < PROMISED_SECONDS, took


def test_a_folder_that_is_replaced_by_another_is_listed_and_watched_anew(
    following: Following, folder: Path, write: Write
) -> None:
    write("sub/x", "echo x")
    write("sub/y", "echo y")
    following.see(
        lambda: following.listed == {"a": "echo one", "sub/x": "echo x", "sub/y": "echo y"}
    )
    other = folder.parent / "other"
    shutil.copytree(folder / "sub", other)
    (other / "y.json").unlink()
    shutil.copy2(folder / "a.json", other / "x.json")
    (folder / "sub").rename(folder.parent / "aside")
    other.rename(folder / "sub")
    following.see(lambda: following.listed == {"a": "echo one", "sub/x": "echo one"})
    write("sub/z", "echo z")
    following.see(lambda: following.listed.get("sub/z") == "echo z")


def test_a_link_that_leads_elsewhere_is_followed_there(
    following: Following, folder: Path, write: Write, tmp_path: Path
) -> None:
    for number, script in (("1", "echo first"), ("2", "echo second")):
        (tmp_path / number).mkdir()
        shutil.copy2(write("a", script), tmp_path / number / "x.json")
    write("a", "echo one")
    (folder / "current").symlink_to(tmp_path / "1")
    following.see(lambda: following.listed == {"a": "echo one", "current/x": "echo first"})
    (tmp_path / "link").symlink_to(tmp_path / "2")
    (tmp_path / "link").rename(folder / "current")
    following.see(lambda: following.listed == {"a": "echo one", "current/x": "echo second"})


@pytest.mark.parametrize("by_link", [False, True])
def test_a_root_that_is_replaced_goes_or_comes_back_is_followed(
    folder: Path, write: Write, tmp_path: Path, by_link: bool
) -> None:
    shutil.copytree(folder, tmp_path / "next")
    shutil.copy2(write("a", "echo second"), tmp_path / "next" / "a.json")
    write("a", "echo first")
    root = folder
    if by_link:
        root = tmp_path / "link"
        root.symlink_to(folder)
    following = Following(root)
    following.begin()
    if by_link:
        (tmp_path / "newer").symlink_to(tmp_path / "next")
        (tmp_path / "newer").rename(root)
    else:
        root.rename(tmp_path / "aside")
        (tmp_path / "next").rename(root)
    following.see_listed(a="echo second")
    gone = root.rename(tmp_path / "gone")
    following.see_listed()
    gone.rename(root)
    following.see_listed(a="echo second")
    shutil.copy2(root / "a.json", root / "b.json")
    following.see_listed(a="echo second", b="echo second")
    following.disk.stop()


def test_a_root_that_was_replaced_before_the_watch_stood_is_listed_anew(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    write("a", "echo first")
    following = Following(folder)
    folder.rename(tmp_path / "aside")
    folder.mkdir()
    shutil.copy2(tmp_path / "aside" / "a.json", folder / "b.json")
    following.disk.watch(time.time())
    following.see_listed(b="echo first")
    following.disk.stop()


def test_a_run_directory_that_is_copied_slowly_is_no_folder_of_invocations(
    write: Write, folder: Path
) -> None:
    following = Following(folder)
    following.begin()
    run = folder / "captures" / "job" / "run-1"
    run.mkdir(parents=True)
    write("job").rename(run / "invocation.json")
    following.see(lambda: "captures/job/run-1/invocation" in following.listed)
    (run / "events.jsonl").touch()
    following.see(lambda: not following.listed)
    assert (str(folder / "captures"), None) in following.session.library.places_of_runs()
    following.disk.stop()

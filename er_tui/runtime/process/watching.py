# SPDX-License-Identifier: AGPL-3.0-or-later
"""The watchdog from the side of the process that it watches."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import er_tui
from er_tui.journal.events import ProcessIdentity
from er_tui.runtime.process.spawn import interpreter

_WATCHDOG = """\
import sys
sys.path.insert(0, sys.argv.pop(2))
from er_tui.runtime.process.watchdog import main
main()
"""


class Leash:
    """The one watchdog of this process, started when it is first needed.

    One that was killed is replaced, and told anew of what is live.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe = -1
        self._pipe_is: tuple[int, int] | None = None
        """What the descriptor has to be: the host may close it and get the number for a file."""
        self._starters: list[int] = []
        """Processes that ended once they had started a watchdog, and that are not reaped yet."""
        self._live: dict[str, str] = {}

    def expect(self, tag: str) -> None:
        """A run is about to start its child. Raises OSError where no watchdog can be started."""
        with self._lock:
            self._live[tag] = f"+{tag}\n"
            try:
                if self._pipe < 0:
                    self._start()
                else:
                    self._say(self._live[tag])
            except OSError:
                del self._live[tag]
                raise

    def lead(self, tag: str, leader: ProcessIdentity) -> None:
        """The run's child is there."""
        line = f"={tag} {leader.pid} {leader.start_time or 0}\n"
        with self._lock:
            self._live[tag] += line
            self._try(line)

    def forget(self, tag: str) -> None:
        """The run is over."""
        with self._lock:
            del self._live[tag]
            self._try(f"-{tag}\n")
            while self._starters:
                try:
                    os.waitpid(self._starters.pop(), 0)
                except ChildProcessError:
                    pass  # whoever waits for any child, or ignores SIGCHLD

    def let_go(self) -> None:
        """Close our end; the watchdog sees it once nobody has it open."""
        if self._pipe >= 0 and _what(self._pipe) == self._pipe_is:
            os.close(self._pipe)
        self._pipe = -1

    def _try(self, line: str) -> None:
        """Say what cannot be told to anybody else; the next run tells if there is no watchdog."""
        try:
            self._say(line)
        except OSError:
            pass

    def _say(self, line: str) -> None:
        if self._pipe < 0:
            return
        if _what(self._pipe) == self._pipe_is:
            try:
                os.write(self._pipe, line.encode())
                return
            except (BrokenPipeError, BlockingIOError):
                pass
        self.let_go()
        self._start()

    def _start(self) -> None:
        """A new watchdog, which knows of all that is live."""
        pipe, self._pipe = os.pipe()
        self._pipe_is = _what(self._pipe)
        try:
            os.set_blocking(pipe, False)
            os.set_blocking(self._pipe, False)
            starter = os.posix_spawn(
                interpreter(),
                [
                    *(interpreter(), "-I", "-S", "-c", _WATCHDOG),
                    *(str(os.getpid()), str(Path(er_tui.__file__).parents[1])),
                ],
                # No tags: a cancel of the run that we are part of is not for the watchdog.
                {k: v for k, v in os.environ.items() if k == "PATH" or k.startswith("LD_")},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, pipe, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
            )
            self._starters.append(starter)
            os.write(self._pipe, "".join(self._live.values()).encode())
        except OSError:
            os.close(self._pipe)
            self._pipe = -1
            raise
        finally:
            os.close(pipe)


def _what(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


_leash = Leash()


def _forked() -> None:
    """In a fork of ours: the watchdog, and the lock as it was, are the parent's."""
    global _leash
    _leash.let_go()
    _leash = Leash()


os.register_at_fork(after_in_child=_forked)


@contextmanager
def watched(
    tag: str, wanted: bool, tell: Callable[[str], None]
) -> Iterator[Callable[[ProcessIdentity], None]]:
    """Around a run: from before its child is started until nothing of it is alive.

    The yielded function is to be told of the leader. Left by an exception that is no Exception (a
    second Ctrl-C), the watchdog goes on watching: something may be alive.
    """
    leash = _leash
    try:
        if wanted:
            interpreter()
            leash.expect(tag)
    except OSError as error:
        tell(f"no watchdog: {error.strerror or error}; a kill -9 of this program leaves the run")
        wanted = False
    if not wanted:
        yield lambda _leader: None
        return
    try:
        yield lambda leader: leash.lead(tag, leader)
    except Exception:
        leash.forget(tag)
        raise
    leash.forget(tag)

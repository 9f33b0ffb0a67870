# SPDX-License-Identifier: AGPL-3.0-or-later
"""The processes of the kill matrix: ``python -I -S family.py MARK start SHAPE GO``.

Each member of a shape takes its signals and its session, and only then the command line that names
it (``family.py MARK ROLE SHAPE GO``): whoever sees the name in ``/proc`` sees a process that is as
deaf as it will ever be. A member begets the next one; one that ``leaves`` exits, with success, once
the file GO exists. Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

_LOOK_SECONDS = 0.01


class Member(NamedTuple):
    """One process of a shape."""

    role: str
    deaf: bool = False
    """To SIGTERM."""
    own_session: bool = False
    leaves: bool = False


SHAPES: dict[str, tuple[Member, ...]] = {
    "deaf-leader": (Member("leader", deaf=True), Member("child")),
    "deaf-child": (Member("leader"), Member("child", deaf=True)),
    "setsid": (Member("leader"), Member("child"), Member("setsid grandchild", own_session=True)),
    "leaving-leader": (Member("leader", leaves=True), Member("background member")),
    "pair": (Member("leader"), Member("child")),
}
START = "start"


def command(mark: str, shape: str, go: Path) -> list[str]:
    """What starts a family."""
    return [sys.executable, "-I", "-S", __file__, mark, START, shape, str(go)]


def main() -> None:
    mark, role, shape, go = sys.argv[1:]
    members = SHAPES[shape]
    if role == START:
        _become(mark, members[0], shape, go)
    here = next(n for n, member in enumerate(members) if member.role == role)
    # Nobody waits for it: a dead child of a live member is a zombie, and that is no life.
    if here + 1 < len(members) and os.fork() == 0:
        _become(mark, members[here + 1], shape, go)
    while members[here].leaves and not os.path.exists(go):
        time.sleep(_LOOK_SECONDS)
    if not members[here].leaves:
        while True:
            signal.pause()


def _become(mark: str, member: Member, shape: str, go: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN if member.deaf else signal.SIG_DFL)
    if member.own_session:
        os.setsid()
    own = [sys.executable, "-I", "-S", __file__, mark, member.role, shape, go]
    os.execv(own[0], own)


if __name__ == "__main__":
    main()

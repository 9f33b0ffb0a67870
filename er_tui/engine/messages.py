# SPDX-License-Identifier: AGPL-3.0-or-later
"""What engine and clients say to each other: one JSON object a line, both ways.

The first line of each side names :data:`PROTOCOL_VERSION`; sides that differ say so and part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from er_tui.journal.events import Event, Frozen, Source
from er_tui.journal.lines import decode, encode

PROTOCOL_VERSION = 1
WAITING_KINDS = frozenset({"http", "http_async", "manual"})
"""Runs that wait for somebody else: they have a lane of their own."""
DEFAULT_WAITING_JOBS = 64
DEFAULT_IDLE_SECONDS = 60.0
"""How long an engine that is kept stays without a client and a run."""
LONGEST_LINE = 16 << 20
"""Bytes; an invocation file is at most 1 MiB, a result quotes little of it."""


Leaving: TypeAlias = Literal["quit", "end", "keep", "hangup"]
"""How a client leaves. Alone, ``quit`` and ``end`` end the engine and its runs; with other clients
only ``end`` does. ``keep`` has the engine go on from now on, whoever leaves. ``hangup`` is what a
connection that breaks off means: without other clients the end, unless the engine is to be kept."""
LEAVINGS: frozenset[str] = frozenset(get_args(Leaving))


class MessageError(ValueError):
    """A line is no message of this protocol; the text says why."""


class Hello(Frozen):
    """Client: the first line."""

    name: ClassVar[str] = "hello"
    protocol: int


class Start(Frozen):
    """Client: queue a run of this invocation under this run id."""

    name: ClassVar[str] = "start"
    run_id: str
    invocation: Mapping[str, Any]
    source: Source | None


class Cancel(Frozen):
    """Client: end this run; a second one kills without grace."""

    name: ClassVar[str] = "cancel"
    run_id: str
    reason: str = "cancelled by the operator"
    """What the result says of it."""


class SendSignal(Frozen):
    """Client: send this signal to the process group of a run; SIGSTOP pauses, SIGCONT resumes."""

    name: ClassVar[str] = "signal"
    run_id: str
    signal: str
    """By name: ``SIGUSR1``."""


class Extend(Frozen):
    """Client: give a run that has a deadline so much more time."""

    name: ClassVar[str] = "extend"
    run_id: str
    seconds: float


class Window(Frozen):
    """Client: how large the pane is in which runs with a terminal of their own are shown."""

    name: ClassVar[str] = "window"
    columns: int
    rows: int


class Keys(Frozen):
    """Client: what was typed for a run that has a terminal of its own."""

    name: ClassVar[str] = "keys"
    run_id: str
    text: str


class Leave(Frozen):
    """Client: the last line; answered by Left. From here on the client is not counted."""

    name: ClassVar[str] = "leave"
    how: Leaving


class Inquire(Frozen):
    """Somebody who need not have said hello: how do things stand? Answered by Standing."""

    name: ClassVar[str] = "inquire"


class Welcome(Frozen):
    """Engine: the answer to Hello."""

    name: ClassVar[str] = "welcome"
    protocol: int
    pid: int
    jobs: int
    """How many processes run at a time."""
    waiting_jobs: int
    """How many runs of the other kinds do."""


class Refused(Frozen):
    """Engine: what was asked cannot be done; of a run, or (None) of the connection."""

    name: ClassVar[str] = "refused"
    run_id: str | None
    reason: str


class Queued(Frozen):
    """Engine: the run waits for a worker."""

    name: ClassVar[str] = "queued"
    run_id: str
    at: float


class Known(Frozen):
    """Engine: a run that this client did not start waits, or goes on. It can be steered as its own.

    Told after Welcome of every run there is then, later of each that another client starts. What
    happens in it is told from here on; what happened before is in its directory.
    """

    name: ClassVar[str] = "known"
    run_id: str
    source: Source | None
    runtime_kind: str
    queued_at: float
    directory: str | None
    """None while it is queued."""


class RunEvent(Frozen):
    """Engine: something happened in a run, in the order of its journal."""

    name: ClassVar[str] = "event"
    run_id: str
    event: Event


class LowSpace(Frozen):
    """Engine: a disk that runs write to is nearly full; or (``free_bytes`` None) no longer."""

    name: ClassVar[str] = "low_space"
    place: str
    """A folder on that disk."""
    free_bytes: int | None


class Company(Frozen):
    """Engine: how many clients it has now, the one that is told among them."""

    name: ClassVar[str] = "company"
    clients: int


class Left(Frozen):
    """Engine: the answer to Leave."""

    name: ClassVar[str] = "left"
    goes_on: bool
    """Whether the engine does; else it has begun to end its runs."""


class Ending(Frozen):
    """Engine: the last line of one that ends in order; every run was ended."""

    name: ClassVar[str] = "ending"
    reason: str


class Standing(Frozen):
    """Engine: the answer to Inquire."""

    name: ClassVar[str] = "standing"
    running: int
    queued: int
    clients: int
    keep: bool
    """Whether it goes on without a client."""


Message: TypeAlias = (
    Hello
    | Start
    | Cancel
    | SendSignal
    | Extend
    | Window
    | Keys
    | Leave
    | Inquire
    | Welcome
    | Refused
    | Queued
    | Known
    | RunEvent
    | LowSpace
    | Company
    | Left
    | Ending
    | Standing
)

_KINDS: dict[str, type[Message]] = {
    kind.name: kind
    for kind in (
        *(Hello, Start, Cancel, SendSignal, Extend, Window, Keys, Leave, Inquire),
        *(Welcome, Refused, Queued, Known, RunEvent, LowSpace, Company, Left, Ending, Standing),
    )
}


def to_line(message: Message) -> bytes:
    """The message as one line, newline included."""
    if isinstance(message, RunEvent):
        # The event is encoded once, by the code that journals it.
        head = json.dumps({"message": message.name, "run_id": message.run_id})
        return f'{head[:-1]}, "event": {encode(message.event)}}}\n'.encode()
    document: dict[str, Any] = {"message": message.name}
    for field in message.fields:
        value = getattr(message, field)
        document[field] = (
            {"path": value.path, "sha256": value.sha256} if isinstance(value, Source) else value
        )
    return json.dumps(document).encode() + b"\n"


def from_line(line: bytes) -> Message | None:
    """The message of a line; None for an event that this version does not know.

    Raises MessageError for anything else that is no message.
    """
    try:
        document = json.loads(line)
        kind = _KINDS[document["message"]]
        values = {field: document[field] for field in kind.fields}
        run_id = values.get("run_id", "")
        if not isinstance(run_id, str) and (kind is not Refused or run_id is not None):
            raise TypeError("run_id must be a string")
        if kind is RunEvent:
            if not isinstance(values["event"], dict):
                raise TypeError("event must be an object")
            event = decode(values["event"])
            return None if event is None else RunEvent(values["run_id"], event)
        if kind in (Start, Known) and values["source"] is not None:
            values["source"] = Source(values["source"]["path"], values["source"]["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MessageError(f"not a message of protocol {PROTOCOL_VERSION}: {error!r}") from error
    return kind(**values)


class LineBuffer:
    """Cuts a byte stream into lines. Raises MessageError past :data:`LONGEST_LINE`."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise MessageError(f"a line is longer than {LONGEST_LINE} bytes")
        return lines

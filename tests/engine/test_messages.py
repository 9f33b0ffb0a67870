# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one side says the other one hears, and nothing but messages is taken for one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.engine.messages import (
    LEAVINGS,
    LONGEST_LINE,
    Cancel,
    Company,
    Ending,
    Hello,
    Inquire,
    Known,
    Leave,
    Left,
    LineBuffer,
    Message,
    MessageError,
    Queued,
    Refused,
    RunEvent,
    Standing,
    Start,
    Welcome,
    from_line,
    to_line,
)
from er_tui.journal.events import (
    CancelRequested,
    DeadlinePassed,
    MaskedValue,
    Member,
    MembersSwept,
    Noted,
    OutputSeen,
    ProcessExited,
    ProcessIdentity,
    ProcessSpawned,
    RunFinished,
    RunStarted,
    SignalSent,
    Source,
)
from er_tui.rxp.vocabulary import TERMINAL_STATUSES
from tests.rxp import documents

_any_text = st.text(st.characters())  # lone surrogates too: file names are made of bytes
_count = st.integers(min_value=0, max_value=2**53)
_at = st.floats(min_value=0, max_value=4e9)
_sources = st.none() | st.builds(Source, _any_text, _any_text)
_members = st.lists(st.builds(Member, _count, _any_text), max_size=3).map(tuple)
_identities = st.builds(
    ProcessIdentity, _count, st.none() | _count, _any_text, st.none() | _any_text, st.none()
)
_marks = st.tuples(st.sampled_from(("stdout", "stderr")), _count, _at)

_ended = documents.results.filter(lambda r: r.status in TERMINAL_STATUSES).map(
    lambda r: r.model_dump()
)

_events = st.one_of(
    st.builds(
        RunStarted,
        at=_at,
        run_id=_any_text,
        invocation_id=_any_text,
        runtime_name=_any_text,
        runtime_kind=_any_text,
        directory=st.none() | _any_text,
        timeout_seconds=st.none() | _count,
        supervisor=_identities,
        masked=st.lists(st.builds(MaskedValue, _any_text, _any_text), max_size=2).map(tuple),
        source=_sources,
    ),
    st.builds(ProcessSpawned, at=_at, process=_identities),
    st.builds(OutputSeen, at=_at, marks=st.lists(_marks, max_size=3).map(tuple)),
    st.builds(CancelRequested, at=_at, reason=_any_text, grace_seconds=_at),
    st.builds(DeadlinePassed, at=_at, timeout_seconds=_count, grace_seconds=_at),
    st.builds(SignalSent, at=_at, signal=_any_text, pgid=_count, members=_members),
    st.builds(ProcessExited, at=_at, exit_code=st.none() | _count, signal=st.none() | _any_text),
    st.builds(MembersSwept, at=_at, members=_members),
    st.builds(Noted, at=_at, text=_any_text),
    st.builds(RunFinished, at=_at, result=_ended),
)

_messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Hello, st.integers()),
    st.builds(Start, _any_text, documents.invocations.map(lambda i: i.model_dump()), _sources),
    st.builds(Cancel, _any_text),
    st.builds(Welcome, st.integers(), _count, _count, _count),
    st.builds(Refused, st.none() | _any_text, _any_text),
    st.builds(Queued, _any_text, _at),
    st.builds(Known, _any_text, _sources, _any_text, _at, st.none() | _any_text),
    st.builds(RunEvent, _any_text, _events),
    st.builds(Leave, st.sampled_from(sorted(LEAVINGS))),
    st.builds(Inquire),
    st.builds(Company, _count),
    st.builds(Left, st.booleans()),
    st.builds(Ending, _any_text),
    st.builds(Standing, _count, _count, _count, st.booleans()),
)


@given(_messages)
def test_every_message_is_heard_as_it_was_said(message: Message) -> None:
    line = to_line(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert from_line(line[:-1]) == message


@given(st.lists(_messages, max_size=4), st.data())
def test_messages_survive_being_torn_anywhere(messages: list[Message], data: st.DataObject) -> None:
    stream = b"".join(map(to_line, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    buffer = LineBuffer()
    heard = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += buffer.feed(stream[start:end])
    assert [from_line(line) for line in heard] == messages


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_garbage_is_a_message_error_and_nothing_else(line: bytes) -> None:
    with pytest.raises(MessageError, match="not a message of protocol 1"):
        from_line(line)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"message": None},
        {"message": ["start"]},
        {"message": "shout"},
        {"message": "cancel"},
        {"message": "cancel", "run_id": None},
        {"message": "cancel", "run_id": 5},
        {"message": "start", "run_id": None, "invocation": {}, "source": None},
        {"message": "start", "run_id": "r", "invocation": {}},
        {"message": "start", "run_id": "r", "invocation": {}, "source": 5},
        {"message": "start", "run_id": "r", "invocation": {}, "source": {"path": "p"}},
        {"message": "event", "run_id": "r", "event": 5},
        {"message": "event", "run_id": "r", "event": ["started"]},
    ],
)
def test_a_message_with_a_wrong_part_is_a_message_error(document: object) -> None:
    with pytest.raises(MessageError):
        from_line(json.dumps(document).encode())


@pytest.mark.parametrize(
    "line", [b"[" * 200_000, b'{"message": "hello", "protocol": ' + b"9" * 5000 + b"}"]
)
def test_json_made_to_break_a_decoder_is_a_message_error(line: bytes) -> None:
    with pytest.raises(MessageError):
        from_line(line)


def test_an_event_of_a_newer_version_is_skipped() -> None:
    newer = {"message": "event", "run_id": "r", "event": {"v": 1, "event": "levitated", "at": 1}}
    assert from_line(json.dumps(newer).encode()) is None


def test_a_line_without_an_end_is_not_gathered_for_ever() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b"x" * LONGEST_LINE) == []
    with pytest.raises(MessageError, match="longer than"):
        buffer.feed(b"x")

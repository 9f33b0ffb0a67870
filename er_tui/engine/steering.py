# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders to a run, checked: what a client says is not trusted to be possible."""

from __future__ import annotations

import signal

from pydantic import ValidationError

from er_tui.engine.messages import Extend, Keys, MessageError, SendSignal, Window
from er_tui.runtime import RunControl

_LARGEST_SIZE = 9999


def steer(control: RunControl | None, message: SendSignal | Extend | Keys) -> None:
    """Carry out an order to a live run. Raises ValueError or TypeError if that cannot be."""
    if control is None or control.record is None:
        if isinstance(message, Keys):
            return  # typed on while it ended
        raise ValueError("it is not running")
    match message:
        case SendSignal(_, name):
            if name not in signal.Signals.__members__:
                raise ValueError(f"{name!r} is not a signal")
            if control.leader is None:
                raise ValueError("it has no process that could be signalled")
            control.send_signal(signal.Signals[name])
        case Extend(_, seconds):
            if not control.extend(seconds):
                raise ValueError("it has no deadline, or that has passed")
        case Keys(_, text):
            if not isinstance(text, str):
                raise TypeError("keys are text")
            control.type_keys(text.encode())


def size_of(window: Window) -> tuple[int, int]:
    """Columns and rows, as far as a terminal can have them. Raises MessageError."""
    for number in (window.columns, window.rows):
        if not isinstance(number, int) or not 0 < number <= _LARGEST_SIZE:
            raise MessageError(f"{number!r} is not the size of a window")
    return window.columns, window.rows


def reason_of(error: TypeError | ValueError) -> str:
    """The error in words; without the values of an invocation, which may be secret."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    words = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    return f"not an invocation: {'; '.join(words)}"

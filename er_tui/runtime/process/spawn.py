# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting a child in a session of its own, or saying in a sentence why it cannot start."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping

from er_tui.runtime.process.capture import Capture
from er_tui.runtime.process.channels import Terminal
from er_tui.runtime.process.tag import tag_of
from er_tui.runtime.process.terminal_launcher import READY
from er_tui.rxp import RuntimeInvocation
from er_tui.rxp.metadata.rejection import Rejection

_LAUNCHER = os.path.join(os.path.dirname(__file__), "terminal_launcher.py")


def spawn(
    invocation: RuntimeInvocation,
    run_id: str,
    overlay: Mapping[str, str],
    stdin: int | None,
    capture: Capture,
) -> subprocess.Popen[bytes]:
    """Start the command as leader of its own session and group, and tagged.

    Without ``stdin`` the child reads its terminal. Raises Rejection when the system will not start
    it: a missing or unusable program, arguments it cannot take, no processes or descriptors left.
    """
    environment = {**os.environ, **overlay, tag_of(run_id): "1"}
    channels = [stream.channel for stream in capture.streams]
    outputs = [channel.childs_end for channel in channels]
    try:
        if isinstance(channels[0], Terminal):
            return _spawn_in_terminal(invocation, environment, stdin, outputs[0])
        # No preexec_fn: with it Python forks, and copies the page tables of a large parent.
        return subprocess.Popen(
            invocation.command,
            cwd=invocation.working_directory,
            env=environment,
            stdin=stdin,
            stdout=outputs[0],
            stderr=outputs[1],
            start_new_session=True,
        )
    except OSError as error:
        raise Rejection(_why_not(invocation, overlay, error)) from error
    except ValueError as error:
        raise Rejection(f"command cannot be started: {error}") from error
    finally:
        for channel in channels:
            channel.hand_over()


def _spawn_in_terminal(
    invocation: RuntimeInvocation, environment: dict[str, str], stdin: int | None, terminal: int
) -> subprocess.Popen[bytes]:
    """A terminal becomes a session's own by an act of its leader: a small program does it first.

    It tells of an exec that failed through a pipe, which a successful one closes.
    """
    try:
        interpreter()
    except OSError as error:
        raise Rejection(f"no terminal for the command: {error.strerror}") from None
    failure, failure_end = os.pipe()
    try:
        try:
            child = subprocess.Popen(
                [
                    *(interpreter(), "-I", "-S", _LAUNCHER),
                    *(str(failure_end), str(terminal)),
                    *invocation.command,
                ],
                cwd=invocation.working_directory,
                env=environment,
                stdin=terminal if stdin is None else stdin,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
                pass_fds=(failure_end, terminal),
            )
        finally:
            os.close(failure_end)
        told = os.read(failure, 1) + os.read(failure, 16)
    finally:
        os.close(failure)
    if told == READY:
        return child
    child.wait()
    if not told.startswith(READY):
        raise Rejection(f"no terminal for the command: {interpreter()} is no Python interpreter")
    number = int(told.removeprefix(READY))
    raise OSError(number, os.strerror(number))


def interpreter() -> str:
    """The Python that runs this program. Raises OSError where that is not known."""
    if not sys.executable or getattr(sys, "frozen", False):
        raise FileNotFoundError(errno.ENOENT, "this program does not know its Python interpreter")
    return sys.executable


def open_stdin(invocation: RuntimeInvocation, none: bool) -> int:
    """The child's standard input: the payload file, or /dev/null. Raises Rejection."""
    path = None if none else invocation.input_payload_path
    try:
        # Not blocking, or a named pipe would hang the run before it has begun.
        descriptor = os.open(
            path or os.devnull, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        )
    except FileNotFoundError:
        raise Rejection(f"input_payload_path does not exist: {path}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        if path is None:
            raise Rejection(f"command cannot be started: {os.devnull}: {reason}") from error
        raise Rejection(f"input_payload_path cannot be read: {path}: {reason}") from error
    if path and not stat.S_ISREG(os.fstat(descriptor).st_mode) and path != os.devnull:
        os.close(descriptor)
        raise Rejection(f"input_payload_path is not a regular file: {path}")
    return descriptor


def check_working_directory(path: str) -> None:
    """Raises Rejection unless ``path`` is a directory this process may enter."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise Rejection(f"working directory does not exist: {path}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Rejection(f"working directory cannot be used: {path}: {reason}") from error
    if not stat.S_ISDIR(mode):
        raise Rejection(f"working directory is not a directory: {path}")
    if not os.access(path, os.X_OK):
        raise Rejection(f"working directory may not be entered: {path}")


def _why_not(invocation: RuntimeInvocation, overlay: Mapping[str, str], error: OSError) -> str:
    program = invocation.command[0]
    if not program:
        return "command not found: the name of the program is empty"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if "/" in program:
            found = os.path.exists(os.path.join(invocation.working_directory, program))
        else:
            found = shutil.which(program, path=overlay.get("PATH")) is not None
        if found:
            return f"command cannot be started: the interpreter named by {program} does not exist"
        return f"command not found: {program}"
    if error.errno == errno.EACCES:
        return f"command cannot be started: {program} is not executable (permission denied)"
    if error.errno == errno.ENOEXEC:
        return f"command cannot be started: {program} is no program (exec format error)"
    if error.errno == errno.E2BIG:
        return "command cannot be started: arguments and environment are too long"
    return f"command cannot be started: {program}: {error.strerror}"

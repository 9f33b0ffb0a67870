# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run as a program by the leader of a fresh session: takes the terminal, becomes the command.

Arguments: a descriptor for the number of the error if that fails, the terminal's descriptor, and
the command. Standard library only; nothing of it is left in the command.
"""

import fcntl
import os
import signal
import sys
import termios

READY = b"+"
"""Said before anything else: whoever is started here and does not is no interpreter."""


def main() -> None:
    failure, terminal = int(sys.argv[1]), int(sys.argv[2])
    command = [os.fsencode(word) for word in sys.argv[3:]]
    os.write(failure, READY)
    os.set_inheritable(failure, False)
    os.set_inheritable(terminal, False)
    # As it was given: an interpreter may add to its own for the sake of the C locale.
    with open("/proc/self/environ", "rb") as file:
        variables = [v.partition(b"=") for v in file.read().split(b"\0") if v]
    environment = {name: value for name, _, value in variables}
    # These two the interpreter ignores, and that would be inherited.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        os.execvpe(command[0], command, environment)
    except OSError as error:
        os.write(failure, str(error.errno).encode())
    os._exit(127)


if __name__ == "__main__":
    main()

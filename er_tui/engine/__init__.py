# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many runs: queue, worker threads and the command socket, in a process that knows no screen.

Imports nothing here: the session takes ``messages`` from this room and ``description``, no more.
"""

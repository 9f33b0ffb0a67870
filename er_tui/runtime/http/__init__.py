# SPDX-License-Identifier: AGPL-3.0-or-later
"""HTTP runs: a pure policy says what to send, a thin driver sends it and can be stopped anywhere.

``settings`` reads the metadata, ``policy`` decides, ``conversation`` does the I/O over a network
that a cancel and the deadline cut at once.
"""

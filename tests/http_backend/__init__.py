# SPDX-License-Identifier: AGPL-3.0-or-later
"""Servers on 127.0.0.1 for the tests of what speaks HTTP: scripted ones, and hostile ones."""

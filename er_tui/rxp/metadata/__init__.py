# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an invocation's metadata says of how it is to be run: the ``subprocess.*`` and ``http.*``
keys, read whole and checked before anything starts.

The runners read them here, and so does whoever checks files without running them: what the one
would refuse the other tells.
"""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pieces of the screen, one a file. They know no peers: messages go up, calls come down."""

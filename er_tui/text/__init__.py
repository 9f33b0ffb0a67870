# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers' bytes: child output, file names, ids, server bodies and error texts are made safe
here and nowhere else, and the capture files they are kept in are indexed here, so that a screen
reads only the lines it shows. This room knows no screen and no run: standard library only."""

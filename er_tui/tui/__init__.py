# SPDX-License-Identifier: AGPL-3.0-or-later
"""The screen. It shows what the session knows and says what the user asks for; it runs nothing."""

import os

# Before textual is imported, which reads it then. What changed is drawn at the next of so many
# moments a second, and none is spent where nothing did: at textual's 60 a key waits up to 17 ms for
# its turn, and twice that where a part of what it changed came just too late for one.
os.environ.setdefault("TEXTUAL_FPS", "240")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Results as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO

from er_tui.session.headless.writing import Writing


class Results:
    """Writes each RuntimeResult as one line, as long as somebody takes them."""

    def __init__(self, writing: Writing, file: TextIO | None) -> None:
        self._writing, self._file = writing, file
        self.lost = False
        """Whether one could not be written; nobody has the rest of them either."""

    def hand_over(self, result: Mapping[str, Any]) -> str | None:
        """Why it could not be written, the first time that happens."""
        if self._file is None:
            return None
        try:
            self._writing.write(self._file, json.dumps(result) + "\n")
        except OSError as error:
            self._file, self.lost = None, True
            return error.strerror or str(error)
        return None

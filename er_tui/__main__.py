# SPDX-License-Identifier: AGPL-3.0-or-later
"""``python -m er_tui``: the same as the ``er-tui`` command."""

from er_tui.cli import main

if __name__ == "__main__":
    main()

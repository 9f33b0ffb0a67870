# SPDX-License-Identifier: AGPL-3.0-or-later
"""er-tui: run RxP invocations, watch them live, trust what the screen says."""

__version__ = "0.1.0"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The colours of the dashboard: quiet, so that the colours of the runs stand out."""

from textual.theme import Theme

THEME = Theme(
    name="er-tui",
    primary="#6cb6ff",
    secondary="#96d0ff",
    accent="#e3b341",
    foreground="#cdd9e5",
    background="#14181e",
    surface="#1c2128",
    panel="#2d333b",
    success="#6bc46d",
    warning="#daaa3f",
    error="#ff7b72",
    dark=True,
    variables={"border-blurred": "#373e47"},
)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The screen. It shows what the session knows and says what the user asks for; it runs nothing."""

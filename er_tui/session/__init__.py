# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a screen needs and a screen is not: invocations, the engine's client, run state, headless.

A session is one dashboard's or headless command's view. It runs nothing itself: the engine does.
"""

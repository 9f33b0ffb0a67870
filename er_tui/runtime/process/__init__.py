# SPDX-License-Identifier: AGPL-3.0-or-later
"""Child processes: spawned into a group of their own, captured, watched, and ended whole."""

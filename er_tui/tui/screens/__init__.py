# SPDX-License-Identifier: AGPL-3.0-or-later
"""The screens: the main one and what opens over it."""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happened: events, the run directory (written and read back) and the masking of secrets.

The run directory is the single source of truth about a run; whatever the screen shows can be
rebuilt from it. This room knows the protocol (``rxp``) and nothing of how a run is executed.
"""

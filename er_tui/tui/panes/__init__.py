# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is shown of the selected invocation and run, one pane a file."""

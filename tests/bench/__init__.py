# SPDX-License-Identifier: AGPL-3.0-or-later
"""The promises that are figures: ``python -m tests.bench [NAME...] [--json]``.

Each is measured beside a floor or a rival in the same run, because machines are noisy and ratios
are less so. Nothing here is a test: pytest never asserts a time.
"""

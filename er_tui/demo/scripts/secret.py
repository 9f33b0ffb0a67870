# SPDX-License-Identifier: AGPL-3.0-or-later
"""Is given secrets, and has the manners not to print them."""

import os
import sys

key = os.environ["DEMO_API_KEY"]
print(f"a key of {len(key)} characters came in the environment")
print(f"{len(sys.argv) - 1} argument came on the command line")
print("signed in")

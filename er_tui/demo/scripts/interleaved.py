# SPDX-License-Identifier: AGPL-3.0-or-later
"""Standard output and standard error, a word here and a word there."""

import sys
import time

for record in range(1, 21):
    print(f"record {record:02d} imported")
    if record % 4 == 0:
        print(f"warning: record {record:02d} has no date", file=sys.stderr)
    if record % 7 == 0:
        print(f"warning: record {record:02d} was seen before", file=sys.stderr)
    time.sleep(0.1)
print("20 records imported")
print("7 warnings", file=sys.stderr)

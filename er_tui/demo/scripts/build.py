# SPDX-License-Identifier: AGPL-3.0-or-later
"""A chatty build: module after module, about fifteen seconds of it."""

import random
import time

FOLDERS = ("core", "net", "store", "parser", "render", "auth", "queue", "report")
STEPS = ("compiling", "checking", "linking")
MODULES = 96

print(f"building {MODULES} modules in {len(FOLDERS)} folders")
for number in range(1, MODULES + 1):
    folder = FOLDERS[number * len(FOLDERS) // (MODULES + 1)]
    step = STEPS[number % len(STEPS)]
    print(f"[{number * 100 // MODULES:3d}%] {step} {folder}/module_{number:02d}.c")
    if number % 20 == 0:
        print(f"      {folder}/module_{number:02d}.c: note: inlined {random.randint(3, 40)} calls")
    time.sleep(random.uniform(0.1, 0.2))
print("build finished: 96 modules, 0 errors")

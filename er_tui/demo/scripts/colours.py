# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every way a program asks a terminal for colour."""

import time

ESC = "\x1b["
STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underlined", 7: "reverse", 9: "struck out"}


def block(code: str) -> str:
    return f"{ESC}{code}m  {ESC}0m"


print("\n".join(f"{ESC}{code}m{name}{ESC}0m" for code, name in STYLES.items()))
print("  16:", "".join(block(str(code)) for code in (*range(40, 48), *range(100, 108))))
time.sleep(0.3)
for row in range(6):
    print(" 256:", "".join(block(f"48;5;{16 + row * 36 + column}") for column in range(36)))
    time.sleep(0.1)
for shade in range(4):
    blue = 80 + shade * 50
    print("true:", "".join(block(f"48;2;{red};{255 - red};{blue}") for red in range(0, 256, 8)))
    time.sleep(0.1)
print(f"{ESC}1;32mPASSED{ESC}0m  {ESC}38;5;208m3 warnings{ESC}0m  {ESC}1;37;41m no errors {ESC}0m")

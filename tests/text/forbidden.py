# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a text for the screen must not hold, told by Unicode itself and not by our table."""

import unicodedata

_INVISIBLE = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0}


def is_forbidden(char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        or (unicodedata.category(char) == "Cf" and char != "\u200d")
        or code in _INVISIBLE
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
        or 0xE0000 <= code <= 0xE007F
    )


def forbidden_in(text: str) -> list[str]:
    return [f"U+{ord(char):04X}" for char in text if is_forbidden(char)]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is searched for: typed by the user, matched in time linear in the text whatever it is."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from er_tui.text.plain import SEQUENCE

_MOST_MEMORY: Final = 64 << 20


_TIMES: Final = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
"""Any other brace stands for itself."""


class PatternError(ValueError):
    """Not a pattern that can be searched for; the text says why, in a sentence."""


@dataclass(frozen=True)
class Pattern:
    """Text or a regular expression (RE2 syntax), matched within single lines.

    Raises PatternError when made of what is no expression.
    """

    text: str
    regex: bool = False
    ignore_case: bool = True

    def __post_init__(self) -> None:
        self.compiled  # noqa: B018 - a mistake is told when it is made

    @cached_property
    def compiled(self) -> Any:
        """For bytes of UTF-8 that may hold many lines."""
        import re2  # costs more than all else a screen needs for its first paint

        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not self.ignore_case
        options.literal = not self.regex
        options.never_nl = True
        options.max_mem = _MOST_MEMORY
        pattern = f"(?m){self.text}" if self.regex else self.text
        try:
            return re2.compile(pattern.encode(errors="surrogateescape"), options)
        except re2.error as error:
            words = error.args[0] if error.args else error
            words = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
            words = words.replace("(?m)", "")
            raise PatternError(f"not a regular expression: {words}") from None

    @cached_property
    def hint(self) -> Any:
        """Matches wherever :attr:`compiled` can match once escape sequences are taken out of a
        line, and elsewhere: a text that must be there, with sequences between its characters.

        None when there is no such text.
        """
        text = required_text(self.text) if self.regex else self.text
        text = max(re.findall(r"[\x20-\x7e]+", text), key=len, default="")
        if not text:
            return None
        import re2

        options = re2.Options()
        options.case_sensitive = False
        options.never_nl = True
        options.encoding = re2.Options.Encoding.LATIN1  # a sequence may hold any bytes
        between = b"(?:" + SEQUENCE + b")*"
        return re2.compile(between.join(re.escape(c).encode() for c in text), options)

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where it matches in a line as it is shown, in characters; empty matches left out."""
        data = line.encode(errors="surrogatepass")
        spans = [match.span() for match in self.compiled.finditer(data)]
        if len(data) == len(line):
            return [span for span in spans if span[0] < span[1]]
        return [
            (_characters(data, start), _characters(data, end))
            for start, end in spans
            if start < end
        ]


def _characters(data: bytes, upto: int) -> int:
    return len(data[:upto].decode(errors="ignore"))


def required_text(regex: str) -> str:
    """The longest text that is part of whatever ``regex`` matches; empty where none is evident.

    Knows what is literal outside of groups and classes, and lets all else be.
    """
    runs = [""]
    at = 0
    while at < len(regex):
        character = regex[at]
        if character == "|":
            return ""
        times = _TIMES.match(regex, at)
        at = times.end() if times else at + 1
        if times or character in "*?":  # the one before need not be there
            runs[-1] = runs[-1][:-1]
            runs.append("")
        elif character in "[(":
            runs.append("")
            at = _behind_class(regex, at) if character == "[" else _behind_group(regex, at)
        elif character == "\\":
            escaped = regex[at : at + 1]
            runs.append("") if escaped.isalnum() else runs.append(runs.pop() + escaped)
            at += 1
        elif character in ".^$+":
            runs.append("")
        else:
            runs[-1] += character
    return max(runs, key=len)


def _behind_class(regex: str, at: int) -> int:
    at += regex.startswith("^", at)
    at += regex.startswith("]", at)
    while at < len(regex) and regex[at] != "]":
        end = regex.find(":]", at) if regex.startswith("[:", at) else -1
        if end >= 0:
            at = end + 2
        else:
            at += 2 if regex[at] == "\\" else 1
    return at + 1


def _behind_group(regex: str, at: int) -> int:
    depth = 1
    while at < len(regex) and depth:
        character = regex[at]
        at += 1
        if character == "\\":
            at += 1
        elif character == "[":
            at = _behind_class(regex, at)
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
    return at

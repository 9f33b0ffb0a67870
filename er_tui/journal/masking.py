# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one rule that says what is a secret, and the masking of it in all that er-tui writes.

Masked are:

- the value of any environment variable, metadata key, JSON object key, header or option whose name
  holds KEY, TOKEN, SECRET, PASSWORD, PASSWD, PASSPHRASE, CREDENTIAL, AUTHORIZATION or COOKIE, in
  any case (``API_KEY``, ``--x-token=``, ``X-Api-Key:``), inside a longer text such as a shell
  command too;
- the value of any environment variable that ``http.headers`` refers to;
- the user part of a URL (``https://user:pass@host``);
- the query parameters of a URL whose name is one of the above or ``sig``/``signature``.

A reference such as ``${API_KEY}`` is no secret and stays readable, and so do the id, name and kind
of the invocation, which every result repeats. Output is not masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote

MASK = "***"
CUT = "…"
"""Ends what was cut short."""

_STRONG = r"token|secret|password|passwd|passphrase|credential|authorization|cookie"
_NAME = rf"(?:key|{_STRONG})"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_HINT = re.compile(rf"{_NAME}|[?&][\w.-]*sig|://", re.IGNORECASE)
"""What a text must hold to be worth the patterns below."""


class _Pattern:
    """A regular expression, compiled when it is first needed: few runs hold anything to mask."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._source = (pattern, flags)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(*self._source)

    def search(self, text: str) -> re.Match[str] | None:
        return self._compiled.search(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self._compiled.fullmatch(text)

    def findall(self, text: str) -> list[str]:
        return self._compiled.findall(text)

    def sub(self, by: str | Callable[[re.Match[str]], str], text: str) -> str:
        return self._compiled.sub(by, text)


# Names are looked into ahead and then taken possessively: no text is gone through twice.
_LONG = rf"(?=[\w.-]*?{_NAME})[\w.-]++"
_HEADER = rf"(?=[\w-]*?{_NAME})[\w-]++"

_WHOLE = tuple(
    _Pattern(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"{_LONG}=(?P<value>.+)",
        rf"(?:-H\s*+|--?[\w-]++=)?{_HEADER}\s*+:\s*+(?P<value>\S.*)",
    )
)
"""An argument that is an option with its value, an assignment, or a header."""

_OPTION = _Pattern(rf"(?=-){_LONG}", re.IGNORECASE)
"""An option whose value is the next argument."""

_WORD = r"""(?P<quote>\\?["']?)(?P<value>(?<=["'])[^"'\\\n]+|[^\s"'\\;&|<>()]+)"""
_INSIDE = tuple(
    _Pattern(pattern, re.IGNORECASE)
    for pattern in (
        # --x-key=VALUE and --x-key VALUE; then API_KEY=VALUE and password=VALUE. A bare lower-case
        # key= is left: sorted(x, key=f) is code.
        rf"(?<![\w.-])(?=-){_LONG}(?:=|\s++(?!-)){_WORD}",
        rf"(?<![\w.-])(?=[\w.-]*?(?:{_STRONG}|[_-]key))[\w.-]++={_WORD}",
        rf"(?<![\w.-])(?-i:(?=[A-Z0-9_]*?KEY)[A-Z0-9_]++)={_WORD}",
        # -H "X-Api-Key: VALUE"; "api_key": "VALUE" in what is almost JSON
        rf"""(?:["']|(?<![\w-])-H\s*+){_HEADER}\s*+:\s*+(?P<value>[^"'\s][^"'\r\n]*)""",
        rf"""["']{_LONG}\\?["']\s*+:\s*+\\?["'](?P<value>[^"'\\]+)""",
    )
)
"""The same in the midst of a longer text."""

_USERINFO = _Pattern(r"(?<=://)[^/?#\s\"']+(?=@)")
_QUERY = _Pattern(
    rf"(?<=[?&])(?=[\w.-]*?(?:{_NAME}|sig=|signature=))[\w.-]++=(?P<value>[^&#\s\"']+)", re.I
)
_REFERENCE = _Pattern(r"(?:\w+ +)?\$\{\w+\}")
_NAMED = _Pattern(r"\$\{(\w+)\}")
_SHORTEST_SCRUBBED = 4
_PATHS = ("working_directory", "input_payload_path", "output_result_path", "artifact_directory")


class Masking:
    """The secrets of one invocation, found by the rule above.

    ``document`` is the invocation with its secrets masked; ``secrets`` maps the JSON pointer of
    each field that was changed to its original text.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._values: set[str] = set()
        self._referred = frozenset(_NAMED.findall(document["metadata"].get("http.headers", "")))
        self.secrets: dict[str, str] = {}
        self.document: dict[str, Any] = dict(document)
        self.document["environment"] = self._mask_mapping(document, "environment")
        self.document["metadata"] = self._mask_mapping(document, "metadata")
        self.document["command"] = self._mask_command(document["command"])
        for field in _PATHS:
            if path := document[field]:
                self.document[field] = self._keep(f"/{field}", path, self._mask_urls(path))

    def environment(self, overlay: Mapping[str, str]) -> dict[str, str]:
        """``overlay`` with its secrets masked, whether or not the invocation held them."""
        return {name: self._mask_named(name, value) for name, value in overlay.items()}

    def learn(self, secret: str) -> None:
        """Scrub this value too from now on: it came for a reference, from outside."""
        self._remember(secret)

    def url(self, url: str) -> str:
        """``url`` without userinfo, secret query parameters and known secrets."""
        return self.scrub(self._mask_urls(url))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Header values masked by name, and wherever a known secret stands in one."""
        return {name: self.scrub(value) for name, value in self.environment(headers).items()}

    def answered_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The same for headers that a server sent: what it calls secret is masked there, and not
        looked for elsewhere, as it may be another with every answer."""
        return {
            name: MASK
            if value and _SECRET_NAME.search(name)
            else self.scrub(self._mask_text(value))
            for name, value in headers.items()
        }

    def scrub(self, text: str) -> str:
        """``text`` without any value that was masked in this invocation, and without userinfo.

        Values under four characters are left: they would be found in every other word.
        """
        for value in sorted(self._values, key=len, reverse=True):
            if len(value) >= _SHORTEST_SCRUBBED:
                text = text.replace(value, MASK)
                if CUT in text:
                    text = _without_beginning(value, text)
        return _USERINFO.sub(MASK, text) if "://" in text else text

    def _keep(self, pointer: str, original: str, masked: str) -> str:
        if masked != original:
            self.secrets[pointer] = original
        return masked

    def _mask_mapping(self, document: Mapping[str, Any], field: str) -> dict[str, str]:
        return {
            name: self._keep(
                f"/{field}/{_escape(name)}",
                value,
                self._hide(value)
                if field == "environment" and name in self._referred
                else self._mask_named(name, value),
            )
            for name, value in document[field].items()
        }

    def _mask_named(self, name: str, value: str) -> str:
        return self._hide(value) if _SECRET_NAME.search(name) else self._mask_text(value)

    def _mask_command(self, command: list[str]) -> list[str]:
        masked: list[str] = []
        after_option = False
        for index, argument in enumerate(command):
            option = _OPTION.fullmatch(argument) is not None
            # A value may begin with a dash; --flag and -f are the next options.
            flag = option or argument.startswith("--") or re.fullmatch("-.?", argument)
            safe = self._mask_text(argument) if flag or not after_option else self._hide(argument)
            after_option = option
            masked.append(self._keep(f"/command/{index}", argument, safe))
        return masked

    def _mask_text(self, text: str) -> str:
        if _HINT.search(text) is None:
            return text
        if text.lstrip()[:1] in ("{", "["):
            try:
                parsed = json.loads(text)
                masked = self._mask_json(parsed)
                if masked != parsed:
                    return json.dumps(masked)
            except (ValueError, RecursionError):
                pass  # no JSON, or too deep to look into: text then
        for pattern in _WHOLE:
            if found := pattern.fullmatch(text):
                return text[: found.start("value")] + self._hide(found["value"])
        text = self._mask_urls(text)
        for pattern in _INSIDE:
            text = pattern.sub(self._hide_found, text)
        return text

    def _mask_json(self, value: Any, secret: bool = False) -> Any:
        """``value`` masked; under a secret name (``secret``) whatever it holds."""
        if isinstance(value, dict):
            return {
                name: self._mask_json(inner, secret or _SECRET_NAME.search(name) is not None)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._mask_json(inner, secret) for inner in value]
        if isinstance(value, str):
            return self._hide(value) if secret else self._mask_text(value)
        if secret and value is not None and not isinstance(value, bool):
            return self._hide(str(value))
        return value

    def _mask_urls(self, text: str) -> str:
        if "://" in text:
            text = _USERINFO.sub(self._hide_user, text)
        return _QUERY.sub(self._hide_found, text)

    def _hide_user(self, found: re.Match[str]) -> str:
        user, colon, password = found[0].partition(":")
        if not (_REFERENCE.fullmatch(user) or _REFERENCE.fullmatch(password)):
            self._remember(found[0])
            self._remember(password)
            return MASK
        return self._hide(user) + colon + self._hide(password)

    def _hide_found(self, found: re.Match[str]) -> str:
        value = found["value"]
        if value.startswith("$") or value == MASK:  # $NAME, ${NAME} and $(command) of a shell
            return found[0]
        start, end = (position - found.start() for position in found.span("value"))
        return found[0][:start] + self._hide(value) + found[0][end:]

    def _hide(self, value: str) -> str:
        if not value or _REFERENCE.fullmatch(value):
            return value
        self._remember(value)
        # "Bearer abc" may be quoted by a server or a child without its scheme.
        self._remember(value.rpartition(" ")[2])
        return MASK

    def _remember(self, value: str) -> None:
        self._values.update((value, unquote(value)))


def _without_beginning(secret: str, text: str) -> str:
    """``text`` without the beginning of a secret that a preview was cut in."""
    for end in range(min(len(secret) - 1, len(text)), _SHORTEST_SCRUBBED - 1, -1):
        text = text.replace(secret[:end] + CUT, MASK + CUT)
    return text


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


_JSON_PAIR = _Pattern(
    rf'("[^"]*{_NAME}[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}}\]]+)', re.IGNORECASE
)


def mask_json_text(line: str) -> str:
    """A line of a JSON file that may not parse, with what looks like a secret in it masked."""
    line = _JSON_PAIR.sub(rf'\g<1>"{MASK}"', line)
    return _QUERY.sub(rf"\g<1>{MASK}", _USERINFO.sub(MASK, line))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one rule that says what is a secret, and the masking of it in all that er-tui writes.

Masked are:

- the value of any environment variable, metadata key, JSON object key, header or option whose name
  holds KEY, TOKEN, SECRET, PASSWORD, PASSWD, PASSPHRASE, CREDENTIAL, AUTHORIZATION or COOKIE, in
  any case (``API_KEY``, ``--x-token=``, ``X-Api-Key:``);
- the user part of a URL (``https://user:pass@host``);
- the query parameters of a URL whose name is one of the above or ``sig``/``signature``.

A reference such as ``${API_KEY}`` is no secret and stays readable. Output is not masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MASK = "***"

_NAME = r"(?:key|token|secret|password|passwd|passphrase|credential|authorization|cookie)"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_OPTION_WITH_VALUE = re.compile(
    rf"(?P<name>-{{0,2}}[\w.-]*{_NAME}[\w.-]*)=(?P<value>.+)", re.IGNORECASE | re.DOTALL
)
_OPTION = re.compile(rf"--?[\w.-]*{_NAME}[\w.-]*", re.IGNORECASE)
_HEADER = re.compile(
    rf"(?P<name>(?:-H\s*)?[\w-]*{_NAME}[\w-]*\s*:\s*)(?P<value>\S.*)", re.IGNORECASE | re.DOTALL
)
_USERINFO = re.compile(r"(?<=://)[^/?#\s@\"']+(?=@)")
_QUERY = re.compile(rf"(?<=[?&])([\w.-]*(?:{_NAME}|sig|signature)[\w.-]*=)([^&#\s\"']+)", re.I)
_REFERENCE = re.compile(r"(?:\w+ +)?\$\{\w+\}")
_SHORTEST_SCRUBBED = 4


class Masking:
    """The secrets of one invocation, found by the rule above.

    ``document`` is the invocation with its secrets masked; ``secrets`` maps the JSON pointer of
    each field that was changed to its original text.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._values: set[str] = set()
        self.secrets: dict[str, str] = {}
        self.document: dict[str, Any] = dict(document)
        self.document["environment"] = self._mask_mapping(document, "environment")
        self.document["metadata"] = self._mask_mapping(document, "metadata")
        self.document["command"] = self._mask_command(document["command"])
        for field, value in document.items():
            if isinstance(value, str):
                self.document[field] = self._keep(f"/{field}", value, self._mask_text(value))

    def environment(self, overlay: Mapping[str, str]) -> dict[str, str]:
        """``overlay`` with its secrets masked, whether or not the invocation held them."""
        return {name: self._mask_named(name, value) for name, value in overlay.items()}

    def scrub(self, text: str) -> str:
        """``text`` without any value that was masked in this invocation, and without userinfo.

        Values under four characters are left: they would be found in every other word.
        """
        for value in sorted(self._values, key=len, reverse=True):
            if len(value) >= _SHORTEST_SCRUBBED:
                text = text.replace(value, MASK)
        return _USERINFO.sub(MASK, text)

    def _keep(self, pointer: str, original: str, masked: str) -> str:
        if masked != original:
            self.secrets[pointer] = original
        return masked

    def _mask_mapping(self, document: Mapping[str, Any], field: str) -> dict[str, str]:
        return {
            name: self._keep(f"/{field}/{_escape(name)}", value, self._mask_named(name, value))
            for name, value in document[field].items()
        }

    def _mask_named(self, name: str, value: str) -> str:
        if _SECRET_NAME.search(name):
            return self._hide(value)
        if value[:1] in "{[":
            try:
                parsed = json.loads(value)
            except (ValueError, RecursionError):
                return self._mask_text(value)
            masked = self._mask_json(parsed)
            return value if masked == parsed else json.dumps(masked)
        return self._mask_text(value)

    def _mask_command(self, command: list[str]) -> list[str]:
        masked: list[str] = []
        after_option = False
        for index, argument in enumerate(command):
            if after_option and not argument.startswith("-"):
                safe = self._hide(argument)
            else:
                safe = self._mask_text(argument)
            after_option = _OPTION.fullmatch(argument) is not None
            masked.append(self._keep(f"/command/{index}", argument, safe))
        return masked

    def _mask_json(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: self._hide(inner)
                if isinstance(inner, str) and _SECRET_NAME.search(key)
                else self._mask_json(inner)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._mask_json(inner) for inner in value]
        return self._mask_text(value) if isinstance(value, str) else value

    def _mask_text(self, text: str) -> str:
        if ":" not in text and "=" not in text:
            return text
        for pattern in (_OPTION_WITH_VALUE, _HEADER):
            found = pattern.fullmatch(text)
            if found:
                value = found["value"]
                return text[: found.start("value")] + self._hide(value)
        self._values.update(_USERINFO.findall(text))
        self._values.update(value for _, value in _QUERY.findall(text))
        return _QUERY.sub(rf"\g<1>{MASK}", _USERINFO.sub(MASK, text))

    def _hide(self, value: str) -> str:
        if not value or _REFERENCE.fullmatch(value):
            return value
        self._values.add(value)
        # "Bearer abc" may be quoted by a server or a child without its scheme.
        self._values.add(value.rpartition(" ")[2])
        return MASK


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

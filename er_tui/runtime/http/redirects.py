# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a redirect may lead, and what goes along."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from er_tui.rxp.metadata.http import RequestSettings

_KEEP_METHOD = frozenset({307, 308})
_MOST_HOPS = 10
_HOPS = "er_tui.hops"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class RedirectRefused(Exception):
    """A redirect is not followed; the message says where it pointed and why not."""


def follow(
    request: httpx.Request,
    response: httpx.Response,
    settings: RequestSettings,
    shown: Callable[[str], str],
) -> httpx.Request | None:
    """The request that a redirect asks for; None for a response that is none.

    By default only within the origin, and only without turning the request into another one.
    Beyond the origin none of the invocation's own headers go along. Raises RedirectRefused, in
    words that name the target as ``shown`` gives it.
    """
    target = response.next_request
    if target is None:
        return None
    pointed = f"redirect to {shown(str(target.url))} refused"
    if settings.redirects == "none":
        raise RedirectRefused(f"{pointed}: http.follow_redirects is none")
    hops = int(request.extensions.get(_HOPS, 0)) + 1
    if hops > _MOST_HOPS:
        raise RedirectRefused(f"{pointed}: more than {_MOST_HOPS} redirects")
    same = _origin(request.url) == _origin(target.url)
    if settings.redirects == "same-origin":
        if not same:
            raise RedirectRefused(f"{pointed}: it leads to another origin")
        if request.method not in ("GET", "HEAD") and response.status_code not in _KEEP_METHOD:
            raise RedirectRefused(
                f"{pointed}: {response.status_code} would turn {request.method} into a GET"
            )
    if not same:
        for name in settings.headers:
            target.headers.pop(name, None)
    target.extensions = {**target.extensions, _HOPS: hops}
    return target


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)

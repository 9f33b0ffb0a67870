# SPDX-License-Identifier: AGPL-3.0-or-later
"""httpx over our own network: the pool of one run, proxies from the environment, shared TLS."""

from __future__ import annotations

import ssl
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from er_tui.runtime.http.network import GatedNetwork, is_loopback

CONNECT_SECONDS = 10.0
_contexts: dict[bool, ssl.SSLContext] = {}
_contexts_lock = threading.Lock()


def tls_context(verify: bool) -> ssl.SSLContext:
    """One context for the whole process: making one costs more than most requests."""
    with _contexts_lock:
        if verify not in _contexts:
            _contexts[verify] = httpx.create_ssl_context(verify=verify)
        return _contexts[verify]


def make_client(network: GatedNetwork, verify: bool) -> httpx.Client:
    """The client of one run. Connects within 10 s; reads end by the gate of ``network`` only."""
    return httpx.Client(
        transport=GatedTransport(network, verify),
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
        trust_env=False,  # proxies are the transport's business; nothing else is wanted from it
    )


class GatedTransport(httpx.BaseTransport):
    """Keeps the run's connections, in a pool for each scheme and proxy (mostly there is one)."""

    def __init__(self, network: GatedNetwork, verify: bool) -> None:
        self._network = network
        self._verify = verify
        self._pools: dict[tuple[str | None, str], httpcore.ConnectionPool] = {}
        self._pool_of: dict[tuple[str, str], httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        try:
            response = self._pool(request.url).handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _HTTPCORE_ERRORS as error:
            raise _translated(error, request) from error
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, request),
            extensions=response.extensions,
        )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        origin = (url.scheme, url.host)
        if origin not in self._pool_of:
            proxy = _proxy_for(url)
            key = (proxy, url.scheme)
            if key not in self._pools:
                self._pools[key] = self._make_pool(proxy, url)
            self._pool_of[origin] = self._pools[key]
        return self._pool_of[origin]

    def _make_pool(self, proxy: str | None, url: httpx.URL) -> httpcore.ConnectionPool:
        # Asking for the context costs loading all authorities: not for a plain connection.
        needs_tls = url.scheme == "https" or proxy is not None
        options: dict[str, Any] = {
            "ssl_context": tls_context(self._verify) if needs_tls else None,
            "network_backend": self._network,
        }
        if proxy is None:
            return httpcore.ConnectionPool(**options)
        parts = urlsplit(proxy)
        if parts.scheme not in ("http", "https"):
            raise httpx.ProxyError(f"proxies of kind {parts.scheme} are not supported")
        headers = []
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            headers.append((b"Proxy-Authorization", b"Basic " + b64encode(pair)))
        location = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return httpcore.HTTPProxy(proxy_url=location, proxy_headers=headers, **options)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_stream()
        except _HTTPCORE_ERRORS as error:
            raise _translated(error, self._request) from error

    def close(self) -> None:
        self._response.close()


_HTTPCORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _translated(error: Exception, request: httpx.Request) -> httpx.TransportError:
    """The httpx error of the same name: both libraries have the same tree."""
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    translated: httpx.TransportError = kind(str(error) or type(error).__name__, request=request)
    return translated


def _proxy_for(url: httpx.URL) -> str | None:
    """The proxy that the environment names for a URL; loopback is always reached directly."""
    if is_loopback(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    return proxy or None

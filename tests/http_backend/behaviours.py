# SPDX-License-Identifier: AGPL-3.0-or-later
"""What servers do to their clients: ``with Hostile(drips_body) as server: server.url``."""

from __future__ import annotations

import contextlib
import functools
import socket
import struct
import zlib
from collections.abc import Iterator

from tests.http_backend.hostile import Behaviour, Hostile, Peer
from tests.http_backend.scripted import Scripted, reply

DRIP_SECONDS = 0.1
HUGE_BYTES = 10 * 1024**3
BOMB_BYTES = 256 * 1024**2
"""What the gzip bomb becomes; it is a thousandth of that on the wire."""

_CHUNK = 1 << 20
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def hangs_at_once(peer: Peer) -> None:
    """Accepts and says nothing; with ``scheme="https"`` it hangs in the TLS handshake."""
    peer.pause(None)


def hangs_at_headers(peer: Peer) -> None:
    """Reads the request and never answers."""
    peer.read_request()
    peer.pause(None)


def hangs_in_body(peer: Peer) -> None:
    """Half of a JSON body, then nothing."""
    peer.read_request()
    peer.send(_OK + b'Content-Length: 20\r\n\r\n{"status": ')
    peer.pause(None)


def drips_headers(peer: Peer) -> None:
    """Headers for ever, a byte every DRIP_SECONDS."""
    peer.read_request()
    _drip(peer, _OK + b"X-Patience: ")


def drips_body(peer: Peer) -> None:
    """A body for ever, a byte every DRIP_SECONDS."""
    peer.read_request()
    peer.send(_OK + b"Content-Length: 1000000\r\n\r\n")
    _drip(peer, b'{"status": "')


def closes_at_once(peer: Peer) -> None:
    """Reads the request and closes without a word."""
    peer.read_request()


def resets(peer: Peer) -> None:
    """Reads the request and resets the connection."""
    peer.read_request()
    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closes_in_headers(peer: Peer) -> None:
    """Closes in the middle of a header."""
    peer.read_request()
    peer.send(_OK + b"Content-Le")


def closes_in_body(peer: Peer) -> None:
    """Closes in the middle of a body of known length."""
    peer.read_request()
    peer.send(_OK + b'Content-Length: 2000\r\n\r\n{"status": "runn')


def closes_in_chunk(peer: Peer) -> None:
    """Closes in the middle of a chunk."""
    peer.read_request()
    peer.send(_OK + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"status": "runn')


def huge_body(peer: Peer) -> None:
    """10 GB in chunks of 1 MiB, as fast as they are taken."""
    peer.read_request()
    peer.send(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%b\r\n" % (_CHUNK, b"x" * _CHUNK)
    for _ in range(HUGE_BYTES // _CHUNK):
        peer.send(chunk)
    peer.send(b"0\r\n\r\n")


def gzip_bomb(peer: Peer) -> None:
    """256 KB that are 256 MB of zeros when decoded, whether or not gzip was asked for."""
    peer.read_request()
    body = _bomb()
    peer.send(_OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def endless_header(peer: Peer) -> None:
    """One header line without an end."""
    peer.read_request()
    peer.send(_OK + b"X-Long: ")
    while True:
        peer.send(b"x" * (_CHUNK >> 4))


def endless_headers(peer: Peer) -> None:
    """Header lines without an end."""
    peer.read_request()
    peer.send(_OK)
    while True:
        peer.send(b"X-Again: and again\r\n" * 1000)


def not_http(peer: Peer) -> None:
    """Answers in another protocol, and stays for more."""
    peer.read_request()
    peer.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    peer.pause(None)


def broken_chunks(peer: Peer) -> None:
    """A chunk whose size is no number."""
    peer.read_request()
    peer.send(_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")


def redirect_loop(peer: Peer) -> None:
    """Every request is sent on to where it came from, within the origin."""
    redirects_to("/again", 302)(peer)


def redirects_to(location: str, status: int = 307) -> Behaviour:
    """A behaviour that sends every request on to ``location``."""

    def redirect(peer: Peer) -> None:
        head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        while True:
            peer.read_request()
            peer.send(head.encode())

    return redirect


@contextlib.contextmanager
def cross_origin(status: int = 307) -> Iterator[tuple[Hostile, Scripted]]:
    """A server that redirects to another, which records in ``requests`` what leaks to it."""
    with (
        Scripted([reply({"leaked": True})]) as other,
        Hostile(redirects_to(f"{other.url}/elsewhere", status)) as first,
    ):
        yield first, other


@contextlib.contextmanager
def full_backlog() -> Iterator[str]:
    """The URL of a server that never accepts and whose backlog is full: connecting hangs."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        while True:
            filler = stack.enter_context(socket.socket())
            filler.settimeout(DRIP_SECONDS)
            try:
                filler.connect(address)
            except TimeoutError:
                break
        yield f"http://127.0.0.1:{address[1]}"


def _drip(peer: Peer, beginning: bytes) -> None:
    for byte in beginning:
        peer.send(bytes((byte,)))
        peer.pause(DRIP_SECONDS)
    while True:
        peer.send(b".")
        peer.pause(DRIP_SECONDS)


@functools.cache
def _bomb() -> bytes:
    """A whole gzip file, checksum included, made of one compressed block again and again."""
    zeros = bytes(_CHUNK)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush the packer is as new: its output can be repeated.
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(BOMB_BYTES // _CHUNK):
        checksum = zlib.crc32(zeros, checksum)
    head = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    tail = b"\x03\x00" + struct.pack("<II", checksum, BOMB_BYTES & 0xFFFFFFFF)
    return head + block * (BOMB_BYTES // _CHUNK) + tail

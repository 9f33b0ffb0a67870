# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backend that costs next to nothing: ``python -m tests.bench.backend POLLS``.

It prints its URL and serves until its standard input ends. A POST is accepted with 202 and a run
id; that run's POLLS-th poll says ``completed``, the ones before ``running``.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import ClassVar


class Connection(asyncio.Protocol):
    """Answers each request as soon as its head (and, for a POST, its body) is there."""

    numbers = count(1)
    polls: ClassVar[Counter[bytes]] = Counter()
    wanted = 5

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            head = self._pending[:end]
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(self._pending) < end + 4 + length:
                return
            self._pending = self._pending[end + 4 + length :]
            self._answer(*head.split(b" ", 2)[:2])

    def _answer(self, method: bytes, path: bytes) -> None:
        if method == b"POST":
            status, document = b"202 Accepted", {"run_id": f"run-{next(self.numbers)}"}
        else:
            self.polls[path] += 1
            done = self.polls[path] >= self.wanted
            status, document = b"200 OK", {"status": "completed" if done else "running"}
        body = json.dumps(document).encode()
        self._transport.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def backend(polls: int) -> Iterator[str]:
    """The URL of a backend in a process of its own, for the time of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.backend", str(polls)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        assert process.stdin is not None
        process.stdin.close()


if __name__ == "__main__":
    Connection.wanted = int(sys.argv[1])
    asyncio.run(serve())

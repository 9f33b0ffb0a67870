# SPDX-License-Identifier: AGPL-3.0-or-later
"""The demo's HTTP backend: ``python -m er_tui.demo.backend``.

Serves a small simulated workflow service on a free port of 127.0.0.1. The first line on standard
output is its URL. It ends when its standard input does, so that it outlives nobody who holds the
other end of that pipe, and on SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import cast
from urllib.parse import urlsplit

from er_tui.demo.loopback import LoopbackHandler, LoopbackServer
from er_tui.demo.service import Service
from er_tui.demo.workflows import TERMINAL, Run

_STDIN = 0
_EVENTS = "/events"
_LOOK_SECONDS = 0.05


class Backend(LoopbackServer):
    """The backend in this process: serves within its context, at :attr:`url`."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.service = Service()


class _Handler(LoopbackHandler):
    def version_string(self) -> str:
        return "er-tui-demo"

    def answer(self) -> None:
        body = self.read_body()
        if body is None:
            return
        path = urlsplit(self.path).path
        service = cast(Backend, self.server).service
        if self.command == "GET" and path.startswith("/runs/") and path.endswith(_EVENTS):
            run = service.run(path.removeprefix("/runs/").removesuffix(_EVENTS))
            if run is not None:
                self._stream(run)
                return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = service.answer(self.command, path, headers, body)
        kind = {"Content-Type": "application/json"}
        self.send(reply.status, reply.body, kind | reply.headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def _stream(self, run: Run) -> None:
        """Server-Sent Events until the run is over, from the one after Last-Event-ID."""
        last = self.headers.get("Last-Event-ID", "0")
        seen = int(last) if last.isascii() and last.isdigit() and len(last) < 10 else 0
        if run.status in TERMINAL and not run.events_after(seen):
            self.send(204, b"", {})  # there will be no more: do not come back
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b"retry: 500\n\n")
        stopping = cast(Backend, self.server).stopping
        over = False
        while not over:
            over = run.status in TERMINAL  # asked first: the last event must not be missed
            for event in run.events_after(seen):
                self._chunk(event.encoded())
                seen = event.number
            if not over and stopping.wait(_LOOK_SECONDS):
                self.close_connection = True
                return
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> int:
    """Serve until standard input ends; the exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        backend = Backend()
    except OSError as error:
        print(f"cannot serve on 127.0.0.1: {error}", flush=True)
        return 1
    with backend:
        try:
            print(backend.url, flush=True)
            while os.read(_STDIN, 1 << 16):
                pass
        except (OSError, KeyboardInterrupt):
            pass  # nobody listens, there is no standard input, or Ctrl-C
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""An HTTP service on loopback that takes what is posted to it: an incoming webhook, or with other answers anything else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, str, bytes]
"""Status, content type and body."""


@dataclass(frozen=True)
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A running service."""

    url: str
    answer: Callable[[bytes], Answer]
    """What it answers to a body; a test may put another one here."""
    received: list[Posted] = field(default_factory=list)


def ok(_: bytes) -> Answer:
    """Answer as Slack does."""
    return 200, "text/plain", b"ok"


@contextmanager
def running_service(answer: Callable[[bytes], Answer] = ok) -> Iterator[Service]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            service.received.append(Posted(self.path, dict(self.headers), body))
            status, kind, content = service.answer(body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if 300 <= status < 400:
                self.send_header("Location", f"{service.url}/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_address[1]}", answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

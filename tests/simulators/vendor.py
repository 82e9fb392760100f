# SPDX-License-Identifier: Apache-2.0
"""What every simulator of a vendor's HTTP API has in common: a server on loopback, faults, and a record of what was said.

A simulator is an `Api`: it gets a request and returns a `Reply`. `serving` puts it on a free port. A fault, set by a test,
changes a reply before it is sent; every exchange is recorded, so that a test can hold it against the vendor's own description.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    url: str
    """Of the server, path and query included."""
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """The query; the last of values with one name."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Reply:
    """What is about to be answered; a fault changes it."""

    status: int
    body: Any
    """Sent as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent instead of the body."""
    cut_to: int | None = None
    """Send only so many bytes of what was announced."""

    def content(self) -> bytes:
        """Return the bytes of the body."""
        return json.dumps(self.body, separators=(",", ":")).encode() if self.raw is None else self.raw


class Api(Protocol):
    """A vendor's API."""

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request.

        Args:
            request: The request.
            base: The server's address, for links in answers.
        """


Fault = Callable[[int, Request, Reply], None]
"""Changes a reply: number of the request from 1, the request, the reply."""


def no_fault(_number: int, _request: Request, _reply: Reply) -> None:
    """Leave a reply as it is."""


@dataclass
class Server:
    """A running simulator."""

    url: str
    api: Api
    fault: Fault = no_fault
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    record: bool = True
    """Whether exchanges are recorded; hundreds of thousands are not."""
    exchanges: list[tuple[Request, Reply]] = field(default_factory=list)
    asked: int = 0

    def answer(self, request: Request) -> Reply:
        """Return the reply to a request, as the fault leaves it."""
        reply = self.api.answer(request, self.url)
        reply.headers.setdefault("Date", format_datetime(self.clock(), usegmt=True))
        self.asked += 1
        self.fault(self.asked, request, reply)
        if self.record:
            self.exchanges.append((request, reply))
        return reply


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    vendor: Server

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.vendor.answer(Request(self.command, self.path, headers, body))
        data = reply.content()
        self.send_response_only(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: reply.cut_to])
        if reply.cut_to is not None:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(api: Api, port: int = 0) -> Iterator[Server]:
    """Serve an API on a port of loopback; 0 is a free one."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    vendor = Server(f"http://127.0.0.1:{server.server_port}", api)
    handler.vendor = vendor  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

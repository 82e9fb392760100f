# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of a simulated workspace."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from tests.simulators.slack.workspace import Slack


@dataclass
class Call:
    """A call as it came, and what was answered."""

    method: str
    said: dict[str, Any]
    body: str
    status: int
    reply: dict[str, Any] = field(default_factory=dict)


def serve(slack: Slack) -> ThreadingHTTPServer:
    """Return a server for a workspace on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_any(self) -> None:
            split = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = (self.headers.get("Content-Type") or "").partition(";")[0] if data else ""
            said: dict[str, Any] = dict(parse_qsl(split.query))
            said |= json.loads(data) if body == "application/json" else dict(parse_qsl(data.decode()))
            method = split.path.rpartition("/")[2]
            cut = slack.cuts.at(f"{method} {said.get('channel', '')} {said.get('text', '')}")
            if cut is not None and not cut.answered:
                self.close_connection = True
                cut.act(self.client_address[1])
                return
            status, reply, headers = slack.answer(method, said, body, self.headers.get("Authorization", ""))
            slack.called[f"{method} {status}"] += 1
            if slack.keeps:
                slack.calls.append((method, said))
                slack.asked.append(Call(method, said, body, status, reply))
            if cut is not None:
                self.close_connection = True
                cut.act(self.client_address[1])
                return
            self.send(status, json.dumps(reply).encode(), headers)

        do_GET = do_POST = handle_any

        def send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    return Server(("127.0.0.1", 0), Handler)

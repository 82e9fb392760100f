# SPDX-License-Identifier: Apache-2.0
"""A network between a client and the object store that can break at a chosen request.

It forwards every request as it is. Where `armed` matches, it kills the client's process, or whatever `victim` kills, before the
store sees the request: what a machine that dies at that very moment looks like, with no hook in the product. `cuts` can do more.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from tests.simulators.cuts import Cuts, processes_at


class S3Proxy:
    """Forwards to one upstream on loopback."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.armed: re.Pattern[str] | None = None
        """Matched against ``PUT /bucket/key``; disarmed by its first match."""
        self.victim: Callable[[], None] | None = None
        """Kills something else than the client; for one match, like `armed`."""
        self.killed: list[int] = []
        """Processes that were killed."""
        self.cuts = Cuts()
        """Of lines, at what is asked as ``PUT /bucket/key``, without what a URL escapes."""
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> S3Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def breaks_at(self, request: str, client_port: int) -> bool:
        """Kill the victim, or the client, if the request is the armed one."""
        with self._lock:
            if self.armed is None or not self.armed.search(request):
                return False
            self.armed, victim, self.victim = None, self.victim, None
        if victim is not None:
            victim()
            return True
        for process in processes_at(client_port):
            self.killed.append(process.pid)
            process.kill()
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: S3Proxy

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.proxy.breaks_at(f"{self.command} {self.path}", self.client_address[1]):
            self.close_connection = True
            return
        cut = self.proxy.cuts.at(unquote(f"{self.command} {self.path}"))
        if cut is not None and not cut.answered:
            self.close_connection = True
            cut.act(self.client_address[1])
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream_port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "expect")}
        try:
            upstream.request(self.command, self.path, body=body, headers=headers)
            answer = upstream.getresponse()
            content = answer.read()
        except OSError:  # the store is down: so is the line to it
            self.close_connection = True
            return
        finally:
            upstream.close()
        if cut is not None:
            self.close_connection = True
            cut.act(self.client_address[1])
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _forward

    def log_message(self, *_: object) -> None:
        """Say nothing."""

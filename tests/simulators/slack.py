# SPDX-License-Identifier: Apache-2.0
"""Slack's Web API as far as readiness calls it: ``users.lookupByEmail``, answering as Slack's API description says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

TOKEN = "xoxb-simulated"


class Slack:
    """A workspace whose members are found by e-mail.

    Attributes:
        members: Whether the account is deactivated, by address.
        calls: Method and arguments of each call.
    """

    def __init__(self, members: dict[str, bool]) -> None:
        self.members = members
        self.calls: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, body: bytes) -> None:
                split = urlsplit(self.path)
                said = {name: values[0] for name, values in parse_qs(split.query + "&" + body.decode()).items()}
                method = split.path.rpartition("/")[2]
                outer.calls.append((method, said))
                reply = json.dumps(outer.reply(method, said, self.headers.get("Authorization", ""))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    def reply(self, method: str, said: dict[str, str], authorization: str) -> dict[str, object]:
        """Answer a call."""
        if authorization != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        if method != "users.lookupByEmail":
            return {"ok": False, "error": "unknown_method"}
        if said.get("email") not in self.members:
            return {"ok": False, "error": "users_not_found"}
        user = {"id": "U0001", "team_id": "T0001", "name": "owner", "deleted": self.members[said["email"]]}
        return {"ok": True, "user": user}

    def __enter__(self) -> Slack:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

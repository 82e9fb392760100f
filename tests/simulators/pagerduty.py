# SPDX-License-Identifier: Apache-2.0
"""An incident API on loopback that answers as PagerDuty's API description says, and misbehaves when told to.

``/incidents``: offset paging with ``limit``, ``offset``, ``more`` and, where ``total=true`` is asked for, ``total``; ``since``
and ``until``. ``/audit/records``: paging with ``next_cursor`` and ``cursor``. ``Authorization: Token token=...``; errors as
``{"error": {"message": ..., "code": ...}}``; limits in ``ratelimit-*`` headers and ``Retry-After``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "y_NbAkKc66ryYTWUXYEu"
MAX_LIMIT = 100


@dataclass
class Asked:
    """One request, and what is about to be answered; a fault changes it."""

    number: int
    """Of the requests so far, from 1."""
    path: str
    query: dict[str, str]
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    cut_to: int | None = None
    """Send only so many bytes of a body whose length was announced."""
    raw: bytes | None = None
    """Send these bytes instead of the body as JSON."""


def no_fault(_: Asked) -> None:
    """Leave an answer as it is."""


@dataclass
class Service:
    """A running service and what it holds."""

    url: str
    incidents: list[dict[str, Any]]
    fault: Callable[[Asked], None] = no_fault
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, str], authorization: str | None) -> Asked:
        """Return the answer to a request, as the fault leaves it."""
        status, body = self._answer(path, query, authorization)
        date = format_datetime(self.clock(), usegmt=True)
        asked = Asked(len(self.asked) + 1, path, query, status, body, {"Date": date})
        self.asked.append(asked)
        self.fault(asked)
        return asked

    def _answer(self, path: str, query: dict[str, str], authorization: str | None) -> tuple[int, Any]:
        if authorization not in (f"Token token={TOKEN}", f"Bearer {TOKEN}"):
            return 401, {"error": {"message": "Authentication failed", "code": 2006}}
        if path == "/abilities":
            return 200, {"abilities": ["teams", "read_only"]}
        if path == "/audit/records":
            return 200, self._by_cursor(query)
        if path != "/incidents":
            return 404, {"error": {"message": "Not Found", "code": 2100}}
        limit, offset = int(query.get("limit", "25")), int(query.get("offset", "0"))
        if limit > MAX_LIMIT:
            return 400, {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["limit is too large"]}}
        since, until = query.get("since", ""), query.get("until", "9999")
        found = [each for each in self.incidents if since <= each["created_at"] < until]
        page = {"incidents": found[offset : offset + limit], "limit": limit, "offset": offset}
        total = len(found) if query.get("total") == "true" else None
        return 200, {**page, "more": offset + limit < len(found), "total": total}

    def _by_cursor(self, query: dict[str, str]) -> dict[str, Any]:
        limit, at = int(query.get("limit", "100")), int(query.get("cursor", "0"))
        following = str(at + limit) if at + limit < len(self.incidents) else None
        return {"records": self.incidents[at : at + limit], "limit": limit, "next_cursor": following}


def incident(number: int, created_at: datetime, **changes: Any) -> dict[str, Any]:
    """Return an incident with the fields that the description's example shows, as far as anybody would export them."""
    stamp = created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    done = (created_at + timedelta(minutes=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    by = {"id": "PXPGF42", "type": "user_reference", "summary": "On call", "self": "https://api.pagerduty.com/users/PXPGF42"}
    return {
        "id": f"PT{number:05}",
        "type": "incident",
        "incident_number": number,
        "title": f"The server is on fire, {number}",
        "status": "resolved",
        "urgency": ("high", "low")[number % 2],
        "created_at": stamp,
        "last_status_change_at": done,
        "last_status_change_by": by,
        "service": {"id": "PF9KMXH", "type": "service_reference", "summary": "My Application Service"},
        "alert_counts": {"all": 2, "resolved": 2, "triggered": 0},
        "html_url": f"https://subdomain.pagerduty.com/incidents/PT{number:05}",
        **changes,
    }


def incidents(count: int, first: datetime, every: timedelta = timedelta(hours=2)) -> list[dict[str, Any]]:
    """Return incidents with rising numbers and times."""
    return [incident(number, first + number * every) for number in range(1, count + 1)]


@contextmanager
def running(held: list[dict[str, Any]]) -> Iterator[Service]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = service.answer(parts.path, dict(parse_qsl(parts.query)), self.headers.get("Authorization"))
            data = json.dumps(asked.body).encode() if asked.raw is None else asked.raw
            self.send_response_only(asked.status)
            for name, value in {"Content-Type": "application/json", **asked.headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: asked.cut_to])
            if asked.cut_to is not None:
                self.close_connection = True

        def do_POST(self) -> None:
            """Give out a token, as OAuth 2.0 does for client credentials (RFC 6749, section 4.4)."""
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            known = form.get("grant_type") == "client_credentials" and form.get("client_secret") == TOKEN[::-1]
            body = {"access_token": TOKEN, "expires_in": 600} if known else {"error": "invalid_client"}
            data = json.dumps(body).encode()
            self.send_response_only(200 if known else 401)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}", held)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

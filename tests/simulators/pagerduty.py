# SPDX-License-Identifier: Apache-2.0
"""An API that lists incidents as PagerDuty does, of any that a test holds: what generic REST sources are tried on.

``/incidents``: offset paging with ``limit``, ``offset``, ``more`` and, where ``total=true`` is asked for, ``total``; ``since``
and ``until``. ``/audit/records``: paging with ``next_cursor`` and ``cursor``. ``Authorization: Token token=...``; errors as
``{"error": {"message": ..., "code": ...}}``; limits in ``ratelimit-*`` headers and ``Retry-After``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.simulators.vendor import Reply, Request, Server, serving

TOKEN = "y_NbAkKc66ryYTWUXYEu"
MAX_LIMIT = 100


class Incidents:
    """The API.

    Args:
        held: What it lists; a test may change it.
    """

    def __init__(self, held: list[dict[str, Any]]) -> None:
        self.held = held

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        del base
        if request.method == "POST":
            return _token(request.form())
        if request.headers.get("authorization") not in (f"Token token={TOKEN}", f"Bearer {TOKEN}"):
            return Reply(401, {"error": {"message": "Authentication failed", "code": 2006}})
        if request.path == "/abilities":
            return Reply(200, {"abilities": ["teams", "read_only"]})
        if request.path == "/audit/records":
            return Reply(200, self._by_cursor(request.query))
        if request.path != "/incidents":
            return Reply(404, {"error": {"message": "Not Found", "code": 2100}})
        return self._by_offset(request.query)

    def _by_offset(self, query: dict[str, str]) -> Reply:
        limit, offset = int(query.get("limit", "25")), int(query.get("offset", "0"))
        if limit > MAX_LIMIT:
            return Reply(400, {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["limit is too large"]}})
        since, until = query.get("since", ""), query.get("until", "9999")
        found = [each for each in self.held if since <= each["created_at"] < until]
        page = {"incidents": found[offset : offset + limit], "limit": limit, "offset": offset}
        total = len(found) if query.get("total") == "true" else None
        return Reply(200, {**page, "more": offset + limit < len(found), "total": total})

    def _by_cursor(self, query: dict[str, str]) -> dict[str, Any]:
        limit, at = int(query.get("limit", "100")), int(query.get("cursor", "0"))
        following = str(at + limit) if at + limit < len(self.held) else None
        return {"records": self.held[at : at + limit], "limit": limit, "next_cursor": following}


def _token(form: dict[str, str]) -> Reply:
    """Give out a token, as OAuth 2.0 does for client credentials (RFC 6749, section 4.4)."""
    if form.get("grant_type") == "client_credentials" and form.get("client_secret") == TOKEN[::-1]:
        return Reply(200, {"access_token": TOKEN, "expires_in": 600})
    return Reply(401, {"error": "invalid_client"})


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


@dataclass
class Service:
    """A running API.

    Attributes:
        server: The server: its address, fault, clock and exchanges.
        api: What it holds.
    """

    server: Server
    api: Incidents


@contextmanager
def running(held: list[dict[str, Any]]) -> Iterator[Service]:
    """Serve on a free port of loopback."""
    api = Incidents(held)
    with serving(api) as server:
        yield Service(server, api)

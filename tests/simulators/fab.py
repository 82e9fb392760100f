# SPDX-License-Identifier: Apache-2.0
"""The part of Airflow's API that its FAB auth manager adds, as its own OpenAPI description says: tokens and users.

Airflow's simple auth manager, which the embedded installation has, knows no such list.
"""

from __future__ import annotations

import json
from typing import Any

from tests.simulators.vendor import Reply, Request

LOGIN, PASSWORD, TOKEN = "auditor", "s3cret-of-the-form", "eyJhbGciOiJIUzUxMiJ9.made-up"
_MAX_LIMIT = 100


class Fab:
    """Users with their roles.

    Args:
        users: As `user` makes them.
    """

    def __init__(self, users: list[dict[str, Any]]) -> None:
        self.users = users

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        del base
        if request.path == "/auth/token":
            known = json.loads(request.body) == {"username": LOGIN, "password": PASSWORD}
            return Reply(201, {"access_token": TOKEN}) if known else Reply(401, {"detail": "Invalid credentials"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"detail": "Not authenticated"})
        if request.path != "/auth/fab/v1/users":
            return Reply(404, {"detail": "Not Found"})
        limit, offset = min(int(request.query.get("limit", "100")), _MAX_LIMIT), int(request.query.get("offset", "0"))
        found = sorted(self.users, key=lambda user: str(user[request.query.get("order_by", "id")]))
        return Reply(200, {"users": found[offset : offset + limit], "total_entries": len(found)})


def user(number: int, *roles: str, **changes: Any) -> dict[str, Any]:
    """Return a user."""
    return {
        "username": f"user-{number:03}",
        "email": f"user-{number}@shop.example",
        "first_name": "U",
        "last_name": str(number),
        "roles": [{"name": role} for role in roles],
        "active": True,
        "last_login": "2026-03-30T08:00:00Z",
        "login_count": 3,
        "fail_login_count": 0,
        "created_on": "2025-01-01T00:00:00Z",
        "changed_on": "2025-01-01T00:00:00Z",
        **changes,
    }

# SPDX-License-Identifier: Apache-2.0
"""GitHub's REST API for the made-up company: a repository with its history, pull requests, access, alerts, and the audit log.

Listings have pages of ``per_page`` (30, at most 100) and a ``Link`` header; those of alerts and events go by a cursor and name no
last page. ``Authorization: Bearer ...``; errors as ``{"message": ..., "documentation_url": ..., "status": ...}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.simulators.company import BRANCH, ORGANIZATION, Company
from tests.simulators.github_changes import Changes, checks, reviews
from tests.simulators.github_objects import NAME, person
from tests.simulators.github_pull_objects import pull, whole_pull
from tests.simulators.github_security import ALERTS, alert, branch_events, protection
from tests.simulators.vendor import Reply, Request

TOKEN = "github_pat_11ABCDEFG0made_up"
MAX_PER_PAGE = 100
_ORG, _REPO = f"/orgs/{ORGANIZATION}", f"/repos/{NAME}"
Things = tuple[int, Callable[[range], list[Any]]]
"""How many there are, and what returns those of a range."""


class Github:
    """The organization of the company.

    Args:
        company: The company.
        scopes: Header ``X-OAuth-Scopes`` of a classic token; ``None`` for a fine-grained one, of which GitHub says nothing.
    """

    def __init__(self, company: Company, scopes: str | None = None) -> None:
        self.company, self.scopes = company, scopes
        self.protection: dict[str, Any] | None = protection(company)
        self._changes = Changes(company)

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        if request.headers.get("authorization") not in (f"Bearer {TOKEN}", f"token {TOKEN}"):
            return _error(401, "Bad credentials")
        if request.method != "GET":
            return _error(403, "Resource not accessible by personal access token")
        reply = self._read(request, base)
        limits = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Used": "1"}
        rights = {"X-Accepted-GitHub-Permissions": "metadata=read"} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}
        reply.headers.update({**limits, **rights, "X-GitHub-Media-Type": "github.v3; format=json"})
        return reply

    def _read(self, request: Request, base: str) -> Reply:
        path, query = request.path, request.query
        listings: dict[str, Callable[[dict[str, str]], Things | None]] = {
            f"{_REPO}/commits": self._commits,
            f"{_REPO}/pulls": self._pulls,
            f"{_REPO}/collaborators": lambda _: self._people(range(self.engineers), self._collaborator),
            f"{_ORG}/members": self._members,
        }
        if path in listings:
            found = listings[path](query)
            return _error(422, f"No commit found for SHA: {query.get('sha')}") if found is None else _page(request, base, found)
        if path == f"{_REPO}/dependabot/alerts":
            order = range(ALERTS) if query.get("direction") == "asc" else range(ALERTS)[::-1]
            return _cursor_page(request, base, [alert(self.company, number) for number in order])
        if path == f"{_ORG}/audit-log":
            return _cursor_page(request, base, self._events(query))
        if path == f"{_REPO}/branches/{BRANCH}/protection":
            return _error(404, "Branch not protected") if self.protection is None else Reply(200, self.protection)
        return self._of_one(request, base)

    def _of_one(self, request: Request, base: str) -> Reply:
        """Answer what is asked of one commit or pull request."""
        if found := re.fullmatch(rf"{_REPO}/commits/([0-9a-f]{{40}})/(pulls|check-runs)", request.path):
            number = self._changes.number_of(found[1])
            if number is None:
                return _error(422, f"No commit found for SHA: {found[1]}")
            change = self.company.change(number)
            if found[2] == "check-runs":
                runs = checks(change) if found[1] == change.head_sha else []
                if request.query.get("filter", "latest") == "latest":
                    runs = list({run["name"]: run for run in runs}.values())
                return _page(request, base, (len(runs), lambda places: [runs[at] for at in places]), "check_runs")
            pulls = [pull(self.company, change)] if change.pull_request is not None else []
            return _page(request, base, (len(pulls), lambda places: [pulls[at] for at in places]))
        if found := re.fullmatch(rf"{_REPO}/pulls/(\d+)(/reviews)?", request.path):
            number = int(found[1]) - 1
            if 0 <= number < self.company.changes:
                change = self.company.change(number)
                if found[2] is None:
                    return Reply(200, whole_pull(self.company, change))
                said = reviews(self.company, change)
                return _page(request, base, (len(said), lambda places: [said[at] for at in places]))
        return _error(404, "Not Found")

    def _commits(self, query: dict[str, str]) -> Things | None:
        top = self._changes.top_of(query.get("sha", BRANCH))
        if top is None:
            return None
        since = datetime.fromisoformat(query["since"]) if "since" in query else datetime.min.replace(tzinfo=UTC)
        return self._changes.listing(top, since)

    def _pulls(self, query: dict[str, str]) -> Things:
        count = self.company.changes if query.get("state") in ("closed", "all") and query.get("base", BRANCH) == BRANCH else 0
        numbers = range(count)[::-1] if query.get("direction") == "desc" else range(count)
        return count, lambda places: [pull(self.company, self.company.change(numbers[at])) for at in places]

    @property
    def engineers(self) -> int:
        """How many people have access to the repository, from number 0."""
        return min(len(self.company.staff), 400)

    def _people(self, numbers: Sequence[int], shape: Callable[[int], Any]) -> Things:
        return len(numbers), lambda places: [shape(numbers[at]) for at in places]

    def _members(self, query: dict[str, str]) -> Things:
        members = [*self.company.staff, *self.company.joiners]
        if query.get("filter") == "2fa_disabled":
            members = []
        if query.get("role") in ("admin", "member"):
            members = [number for number in members if (number % 40 == 1) == (query["role"] == "admin")]
        return self._people(members, lambda number: person(self.company, number))

    def _collaborator(self, number: int) -> dict[str, Any]:
        is_admin = self.company.person(number).is_admin
        can = {"pull": True, "triage": True, "push": True, "maintain": is_admin, "admin": is_admin}
        return {**person(self.company, number), "permissions": can, "role_name": "admin" if is_admin else "write"}

    def _events(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the audit log's events that a phrase names: repository, category, and from when to when."""
        asked = dict(part.split(":", 1) for part in query.get("phrase", "").split())
        since, _, until = asked.get("created", "..").partition("..")
        first = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        last = datetime.fromisoformat(until) if until else datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
        found = [
            event
            for event in branch_events(self.company, first, last)
            if asked.get("repo") in (None, event["repo"]) and f"{event['action']}.".startswith(f"{asked.get('action', '')}.")
        ]
        return found if query.get("order") == "asc" else found[::-1]


def _page(request: Request, base: str, things: Things, name: str | None = None) -> Reply:
    """Return a page by number, as a list, or under a name beside the number of all."""
    query = request.query
    count, of = things
    size, number = _size(query), max(1, int(query.get("page", "1")))
    last = max(1, -(-count // size))
    before = {"prev": number - 1, "first": 1} if number > 1 else {}
    links = before | ({"next": number + 1, "last": last} if number < last else {})
    records = of(range(min((number - 1) * size, count), min(number * size, count)))
    headers = _links(base, request, {name: {"page": str(at)} for name, at in links.items()})
    return Reply(200, records if name is None else {"total_count": count, name: records}, headers)


def _cursor_page(request: Request, base: str, records: list[Any]) -> Reply:
    size, at = _size(request.query), int(request.query.get("after", "0"))
    more = {"next": {"after": str(at + size)}} if at + size < len(records) else {}
    return Reply(200, records[at : at + size], _links(base, request, more))


def _size(query: dict[str, str]) -> int:
    return min(int(query.get("per_page", "30")), MAX_PER_PAGE)


def _links(base: str, request: Request, wanted: dict[str, dict[str, str]]) -> dict[str, str]:
    address = f"{base}{request.path}"
    links = [f'<{address}?{urlencode({**request.query, **changed})}>; rel="{name}"' for name, changed in wanted.items()]
    return {"Link": ", ".join(links)} if links else {}


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)})

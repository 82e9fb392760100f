# SPDX-License-Identifier: Apache-2.0
"""Okta's API on loopback, for the made-up company: users, factors, roles, groups, applications and the system log.

``Authorization: SSWS`` or ``Bearer`` and the token; pages by ``limit`` and ``after``, the next one in an absolute ``Link``
header; ``x-rate-limit-*`` in each answer; errors as ``{"errorCode": ..., "errorSummary": ..., ...}``. Everything stands as it
does at `Okta.now`, by default a day after the period. Objects are made in `okta_objects`, the log in `okta_log`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote

from tests.simulators.company import Company
from tests.simulators.okta_log import Log
from tests.simulators.okta_objects import APPS, GROUPS, Objects, number_of, stamp
from tests.simulators.vendor import Reply, Request

TOKEN = "00QCjAl4MlV-WPXM-DEMO-0HmjFx-vbGua"  # of nobody
ME = "00uServiceReader0000"
_ROUTES = (
    (r"/api/v1/users", "users"),
    (r"/api/v1/users/([^/]+)", "user"),
    (r"/api/v1/users/([^/]+)/factors", "factors"),
    (r"/api/v1/users/([^/]+)/roles", "roles"),
    (r"/api/v1/users/([^/]+)/groups", "groups_of"),
    (r"/api/v1/groups", "groups"),
    (r"/api/v1/groups/([^/]+)/users", "members"),
    (r"/api/v1/apps", "apps"),
    (r"/api/v1/apps/([^/]+)/users", "assigned"),
    (r"/api/v1/logs", "logs"),
)
_MOST = {"users": 200, "members": 10_000, "groups": 10_000, "apps": 200, "assigned": 500, "logs": 1000}
_USUAL = {"users": 200, "members": 1000, "groups": 10_000, "apps": 200, "assigned": 50, "logs": 100}
_STATUS = re.compile(r'status eq "([A-Z_]+)"')
_TYPE = re.compile(r'type eq "([A-Z_]+)"')


class Okta:
    """The organization of a company.

    Args:
        company: The company.
        now: At which everything stands as it is answered; ``None`` is a day after the period.
        log_days: How long the log is kept; ``None`` keeps all of it.
    """

    def __init__(self, company: Company, now: datetime | None = None, log_days: int | None = None) -> None:
        self.company, self.log_days = company, log_days
        self.now = now or company.end + timedelta(days=1)
        self.roles_of_me: tuple[str, ...] = ("READ_ONLY_ADMIN",)
        self._log = Log(company)

    @property
    def objects(self) -> Objects:
        """What there is, as of now."""
        return Objects(self.company, self.now)

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        if request.headers.get("authorization") not in (f"SSWS {TOKEN}", f"Bearer {TOKEN}"):
            return self._limited(_error(401, "E0000011", "Invalid token provided"))
        for pattern, name in _ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and request.method == "GET":
                try:
                    return self._limited(getattr(self, f"_{name}")(request, base, *found.groups()))
                except _Refused as refused:
                    return self._limited(refused.args[0])
        return self._limited(_error(404, "E0000022", "The endpoint does not support the provided HTTP method"))

    def _limited(self, reply: Reply) -> Reply:
        reset = str(int(datetime.now(UTC).timestamp()) + 60)
        reply.headers |= {"x-rate-limit-limit": "600", "x-rate-limit-remaining": "599", "x-rate-limit-reset": reset}
        return reply

    # -- users

    def _users(self, request: Request, base: str) -> Reply:
        asked = request.query.get("filter") or request.query.get("search") or ""
        wanted = _STATUS.search(asked)
        objects = self.objects

        def fits(number: int) -> bool:
            if not objects.is_there(number):
                return False
            status = objects.status(number)
            return status == wanted.group(1) if wanted else bool(asked) or status != "DEPROVISIONED"

        return self._by_number(request, base, "users", fits, lambda number: objects.user(number, base))

    def _user(self, request: Request, base: str, key: str) -> Reply:
        del request
        if key in ("me", ME):
            return Reply(200, self.objects.service_user(ME, base))
        return Reply(200, self.objects.user(self._number(key), base))

    def _factors(self, request: Request, base: str, key: str) -> Reply:
        del request
        return Reply(200, [] if key == ME else self.objects.factors(self._number(key), base))

    def _roles(self, request: Request, base: str, key: str) -> Reply:
        del request
        if key == ME:
            return Reply(200, [self.objects.role(kind, ME, self.company.start, base) for kind in self.roles_of_me])
        return Reply(200, self.objects.roles(self._number(key), base))

    def _groups_of(self, request: Request, base: str, key: str) -> Reply:
        del request
        number, objects = self._number(key), self.objects
        return Reply(200, [objects.group(place, base) for place in range(len(GROUPS)) if objects.is_member(place, number)])

    def _number(self, key: str) -> int:
        number = number_of(key)
        if number is None or number >= self.company.people or not self.objects.is_there(number):
            raise _Refused(_error(404, "E0000007", f"Not found: Resource not found: {key} (User)"))
        return number

    # -- groups and applications

    def _groups(self, request: Request, base: str) -> Reply:
        wanted = _TYPE.search(request.query.get("filter") or request.query.get("search") or "")
        places = [place for place, (_, kind) in enumerate(GROUPS) if wanted is None or kind == wanted.group(1)]
        found = [self.objects.group(place, base) for place in places]
        return self._by_place(request, base, "groups", found)

    def _members(self, request: Request, base: str, key: str) -> Reply:
        objects = self.objects
        place = next((place for place in range(len(GROUPS)) if objects.group_id(place) == key), None)
        if place is None:
            raise _Refused(_error(404, "E0000007", f"Not found: Resource not found: {key} (UserGroup)"))
        fits: Callable[[int], bool] = lambda number: objects.is_member(place, number)  # noqa: E731
        return self._by_number(request, base, "members", fits, lambda number: objects.user(number, base))

    def _apps(self, request: Request, base: str) -> Reply:
        return self._by_place(request, base, "apps", [self.objects.app(place, base) for place in range(len(APPS))])

    def _assigned(self, request: Request, base: str, key: str) -> Reply:
        objects = self.objects
        place = next((place for place in range(len(APPS)) if objects.app_id(place) == key), None)
        if place is None:
            raise _Refused(_error(404, "E0000007", f"Not found: Resource not found: {key} (AppInstance)"))
        fits: Callable[[int], bool] = lambda number: objects.is_assigned(place, number)  # noqa: E731
        return self._by_number(request, base, "assigned", fits, lambda number: objects.app_user(place, number, base))

    # -- log

    def _logs(self, request: Request, base: str) -> Reply:
        query = request.query
        until = min(_time(query.get("until")) or self.now, self.now)
        since = _time(query.get("since")) or until - timedelta(days=7)
        if self.log_days is not None:
            since = max(since, self.now - timedelta(days=self.log_days))
        kinds = re.findall(r'eventType eq "([^"]+)"', query.get("filter", "")) or None
        limit, after = self._limit(request, "logs"), int(query.get("after", "0"))
        rising = query.get("sortOrder", "ASCENDING") == "ASCENDING"
        found = list(islice(self._log.between(since, until, kinds, rising=rising), after, after + limit + 1))
        links = self._links(request, base, str(after + limit) if len(found) > limit else None)
        return Reply(200, [self._log.event(each) for each in found[:limit]], links)

    # -- pages

    def _limit(self, request: Request, name: str) -> int:
        text = request.query.get("limit", "")
        if not text.isdigit() and text:
            raise _Refused(_error(400, "E0000001", "Api validation failed: limit"))
        limit = int(text or _USUAL[name])
        if not 1 <= limit <= _MOST[name]:
            raise _Refused(_error(400, "E0000001", f"Api validation failed: limit must be between 1 and {_MOST[name]}"))
        return limit

    def _by_number(
        self, request: Request, base: str, name: str, fits: Callable[[int], bool], made: Callable[[int], dict[str, Any]]
    ) -> Reply:
        limit, start = self._limit(request, name), int(request.query.get("after", "0"))
        found: Iterator[int] = (number for number in range(start, self.company.people) if fits(number))
        numbers = list(islice(found, limit + 1))
        links = self._links(request, base, str(numbers[limit]) if len(numbers) > limit else None)
        return Reply(200, [made(number) for number in numbers[:limit]], links)

    def _by_place(self, request: Request, base: str, name: str, found: list[dict[str, Any]]) -> Reply:
        limit, start = self._limit(request, name), int(request.query.get("after", "0"))
        links = self._links(request, base, str(start + limit) if start + limit < len(found) else None)
        return Reply(200, found[start : start + limit], links)

    def _links(self, request: Request, base: str, after: str | None) -> dict[str, str]:
        def to(query: dict[str, str]) -> str:
            text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
            return f"{base}{request.path}{'?' if text else ''}{text}"

        links = [f'<{to(request.query)}>; rel="self"']
        if after is not None:
            links.append(f'<{to({**request.query, "after": after})}>; rel="next"')
        return {"Link": ", ".join(links)}


class _Refused(Exception):
    """An answer that ends a request."""


def _error(status: int, code: str, summary: str) -> Reply:
    body = {"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeJFD_L3CcQoC9Am9y7tpfrQ"}
    return Reply(status, {**body, "errorCauses": []})


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _Refused(_error(400, "E0000001", "Api validation failed: since, until")) from None


__all__ = ["ME", "TOKEN", "Okta", "stamp"]

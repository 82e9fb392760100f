# SPDX-License-Identifier: Apache-2.0
"""Jira Cloud's REST API for the made-up company: a ticket per change, with the history of its status.

``/rest/api/3/myself``, ``/mypermissions``, ``/search/jql`` (pages by ``nextPageToken``, without a total; at most 40 entries of a
history), ``/issue/{key}/changelog``. Basic authentication; errors as ``errorMessages``.

Ticket ``SHOP-<n + 1>`` is created two days before change n is merged, approved the day before, done an hour after. A change that
names no ticket, or one that does not exist, has none.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulators.company import DOMAIN, PROJECT, Change, Company, Kind
from tests.simulators.vendor import Reply, Request

LOGIN, TOKEN = f"evidence@{DOMAIN}", "ATATT3xFfGF0T"  # of nobody
ZONE = "Europe/Berlin"
"""Of the account that asks: dates in JQL are read in it."""
PAGE, HISTORIES = 100, 40
IDS = 5000
STATUSES = ("To Do", "Approved", "In Progress", "Done")
_BEFORE = timedelta(days=2)
_ORDER = r"(?: ORDER BY created (?:ASC, key ASC|DESC, key DESC))?"
_JQL = re.compile(r'project = "(\w+)" AND created >= "([-\d: ]+)" AND created < "([-\d: ]+)"' + _ORDER)


class Jira:
    """The site of the company.

    Args:
        company: The company.
        commented: So many further entries of each history, which change no status.
    """

    def __init__(self, company: Company, commented: int = 0) -> None:
        self._company, self._commented = company, commented
        lost = company.faults(Kind.NO_TICKET, Kind.DIRECT_PUSH, Kind.LOST_TICKET)
        self._absent = sorted(fault.number for fault in lost)

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        if request.headers.get("authorization") != f"Basic {b64encode(f'{LOGIN}:{TOKEN}'.encode()).decode()}":
            return Reply(401, {"message": "Client must be authenticated to access this resource.", "status-code": 401})
        path = request.path.removeprefix("/rest/api/3")
        if request.method == "GET" and path == "/search/jql":
            return self._found(request.query.get("jql", ""), lambda numbers: self._page(numbers, request.query, base))
        if request.method == "GET" and path == "/myself":
            me = {"accountId": "712020:auditor", "accountType": "atlassian", "emailAddress": LOGIN, "displayName": "Auditor"}
            return Reply(200, {"self": f"{base}{request.path}", **me, "active": True, "timeZone": ZONE})
        if request.method == "GET" and path == "/mypermissions":
            return Reply(200, {"permissions": _permissions(request.query.get("permissions", ""))})
        issue = re.fullmatch(r"/issue/(\d+)/changelog", path)
        if request.method == "GET" and issue and (number := int(issue[1]) - 10_000) < self._company.changes:
            return Reply(200, self._changelog(number, request, base))
        return Reply(404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}})

    def _found(self, jql: str, shown: Any) -> Reply:
        asked = _JQL.fullmatch(jql)
        if asked is None:
            return _refused(f"Error in the JQL Query: Expecting operator but got '{jql[:30]}'. (line 1, character 9)")
        if asked[1] != PROJECT:
            return _refused(f"The value '{asked[1]}' does not exist for the field 'project'.")
        zone = ZoneInfo(ZONE)
        since, until = (datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) for text in asked.groups()[1:])
        found = self._company.numbers("change", self._company.changes, since + _BEFORE, until + _BEFORE)
        return Reply(200, shown(_Without(found, [number for number in self._absent if number in found])))

    def _page(self, numbers: _Without, query: dict[str, str], base: str) -> dict[str, Any]:
        start = int(query.get("nextPageToken", "CAE=0").removeprefix("CAE="))
        ids_alone = query.get("fields") == "id"
        stop = start + min(IDS if ids_alone else PAGE, int(query.get("maxResults", "50")))
        with_history = "changelog" in query.get("expand", "")
        places = range(start, min(stop, len(numbers)))
        if "created DESC" in query["jql"]:
            places = range(len(numbers) - 1 - start, len(numbers) - 1 - places.stop, -1)
        if ids_alone:
            issues = [{"id": str(10_000 + numbers[place])} for place in places]
        else:
            issues = [self._issue(numbers[place], base, with_history) for place in places]
        following = {"nextPageToken": f"CAE={stop}"} if stop < len(numbers) else {}
        return {"issues": issues, **following, "isLast": not following}

    def _issue(self, number: int, base: str, with_history: bool) -> dict[str, Any]:
        change = self._company.change(number)
        histories = self._histories(change, base)
        newest = histories[-1 : -HISTORIES - 1 : -1]
        history = {"startAt": 0, "maxResults": HISTORIES, "total": len(histories), "histories": newest}
        return {
            "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
            "id": str(10_000 + number),
            "self": f"{base}/rest/api/3/issue/{10_000 + number}",
            "key": f"{PROJECT}-{number + 1}",
            **({"changelog": history} if with_history else {}),
            "fields": {
                "issuetype": {"id": "10001", "name": "Story", "subtask": False},
                "status": {"id": "10003", "name": "Done", "statusCategory": {"id": 3, "key": "done", "name": "Done"}},
                "reporter": self._user(change.author, base),
                "assignee": self._user(change.author, base),
                "created": _stamp(change.merged_at - _BEFORE),
            },
        }

    def _changelog(self, number: int, request: Request, base: str) -> dict[str, Any]:
        histories = self._histories(self._company.change(number), base)
        start, most = int(request.query.get("startAt", "0")), min(PAGE, int(request.query.get("maxResults", "100")))
        page = {"self": base + request.url, "maxResults": most, "startAt": start, "total": len(histories)}
        return {**page, "isLast": start + most >= len(histories), "values": histories[start : start + most]}

    def _histories(self, change: Change, base: str) -> list[dict[str, Any]]:
        """Return a ticket's history, oldest first."""
        approver = change.author if change.fault is Kind.TICKET_SELF_APPROVED else change.reviewer
        started, done = change.merged_at - timedelta(hours=20), change.merged_at + timedelta(hours=1)
        steps = [(started, change.author, 2), (done, change.author, 3)]
        if change.fault is not Kind.TICKET_UNAPPROVED:
            steps.insert(0, (change.merged_at - timedelta(days=1), approver, 1))
        found, before = [], 0
        for place in range(self._commented):
            item = {"field": "description", "fieldtype": "jira", "fieldId": "description", "fromString": None, "toString": "more"}
            found.append(self._entry(change, place, steps[0][0] - timedelta(hours=1), change.author, item, base))
        for place, (at, by, status) in enumerate(steps, self._commented):
            names = {"fromString": STATUSES[before], "toString": STATUSES[status]}
            item = {"field": "status", "fieldtype": "jira", "fieldId": "status", "from": str(before), "to": str(status), **names}
            found.append(self._entry(change, place, at, by, item, base))
            before = status
        return found

    def _entry(self, change: Change, place: int, at: datetime, by: int, item: dict[str, Any], base: str) -> dict[str, Any]:
        key = str(100_000 + change.number * 200 + place)
        return {"id": key, "author": self._user(by, base), "created": _stamp(at), "items": [item]}

    def _user(self, number: int, base: str) -> dict[str, Any]:
        person, key = self._company.person(number), f"712020:{number:08}"
        return {
            "self": f"{base}/rest/api/3/user?accountId={key}",
            "accountId": key,
            "accountType": "atlassian",
            "emailAddress": person.email,
            "displayName": f"{person.first} {person.last}",
            "active": True,
            "timeZone": ZONE,
        }


class _Without:
    """A range without a few of its numbers."""

    def __init__(self, numbers: range, left_out: list[int]) -> None:
        self._numbers, self._left_out = numbers, left_out

    def __len__(self) -> int:
        return len(self._numbers) - len(self._left_out)

    def __getitem__(self, place: int) -> int:
        number = self._numbers.start + place
        for skipped in self._left_out:
            number += skipped <= number
        return number


def _permissions(names: str) -> dict[str, Any]:
    return {
        name: {"id": str(place), "key": name, "name": name, "type": "PROJECT", "havePermission": name == "BROWSE_PROJECTS"}
        for place, name in enumerate(filter(None, names.split(",")))
    }


def _refused(text: str) -> Reply:
    return Reply(400, {"errorMessages": [text], "warningMessages": []})


def _stamp(time: datetime) -> str:
    """Return an instant as Jira writes it: in the zone of who asks."""
    local = time.astimezone(ZoneInfo(ZONE))
    return local.strftime("%Y-%m-%dT%H:%M:%S.000%z")

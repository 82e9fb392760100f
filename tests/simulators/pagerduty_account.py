# SPDX-License-Identifier: Apache-2.0
"""PagerDuty's REST API for the made-up company: listings by time with offset paging, which ends at 10,000 records.

``/incidents``, ``/incidents/{id}``, ``/incidents/{id}/log_entries``, ``/log_entries``, ``/services``, ``/users``, ``/oncalls``.
``Authorization: Token token=...``; errors as ``{"error": {"message": ..., "code": ..., "errors": [...]}}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.simulators import pagerduty_objects as objects
from tests.simulators.company import Company, Kind
from tests.simulators.vendor import Reply, Request

TOKEN = "y_NbAkKc66ryYTWUXYEu"  # of nobody
MAX_LIMIT, MAX_RECORDS = 100, 10_000
LONGEST = timedelta(days=184)
LONGEST_LIFE = timedelta(hours=12)
"""No page has log entries later than this after it was raised."""
_BLOCK = 1000
Objects = tuple[int, Callable[[range], list[dict[str, Any]]]]
"""How many there are, and what returns those of a range."""


class PagerDuty:
    """The account of the company.

    Args:
        company: The company.
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        self._entries = lru_cache(4)(self._entries_between)
        self._count = lru_cache(16)(self._count_between)
        self._in_block = lru_cache(None)(self._entries_of_block)

    def answer(self, request: Request, base: str) -> Reply:
        """Answer a request."""
        del base
        if request.headers.get("authorization") not in (f"Token token={TOKEN}", f"Bearer {TOKEN}"):
            return Reply(401, {"error": {"message": "Invalid token", "code": 2006}})
        if request.method != "GET":
            return Reply(403, {"error": {"message": "Access Denied", "code": 2010, "errors": ["The API key can only read."]}})
        query = parse_qsl(urlsplit(request.url).query)
        listings: dict[str, Callable[[list[tuple[str, str]]], Objects]] = {
            "incidents": self._incidents,
            "log_entries": self._log_entries,
            "services": lambda _: (len(objects.SERVICES), lambda places: [objects.service(place) for place in places]),
            "users": lambda _: (self.users, lambda places: [objects.user(self._company, place) for place in places]),
            "oncalls": lambda _: (len(objects.SERVICES), lambda places: [self._on_call(place) for place in places]),
        }
        name = request.path.removeprefix("/")
        if name in listings:
            return _page(name, dict(query), lambda: listings[name](query))
        if found := re.fullmatch(r"/incidents/PT(\d{7})(/log_entries)?", request.path):
            number = int(found[1])
            if number < self._company.pages:
                return self._one(number, query) if found[2] is None else self._entries_of(number, dict(query))
        return Reply(404, {"error": {"message": "Not Found", "code": 2100}})

    @property
    def users(self) -> int:
        """How many people can be paged."""
        return min(len(self._company.staff), 400)

    def _incidents(self, query: list[tuple[str, str]]) -> Objects:
        since, until = _span(dict(query))
        numbers: Sequence[int] = self._company.numbers("page", self._company.pages, since, until)
        wanted = {value for name, value in query if name == "statuses[]"}
        if wanted:
            open_ones = {fault.number for fault in self._company.faults(Kind.PAGE_IGNORED)}
            triggered = [number for number in numbers if number in open_ones] if open_ones else []
            if "triggered" not in wanted:
                numbers = _Without(numbers, triggered) if "resolved" in wanted else ()
            elif "resolved" not in wanted:
                numbers = triggered
        return len(numbers), lambda places: [objects.incident(self._company, numbers[place]) for place in places]

    def _one(self, number: int, query: list[tuple[str, str]]) -> Reply:
        incident = objects.incident(self._company, number)
        if ("include[]", "custom_fields") in query:
            incident["custom_fields"] = objects.custom_fields(self._company, self._company.page(number))
        return Reply(200, {"incident": incident})

    def _entries_of(self, number: int, query: dict[str, str]) -> Reply:
        page = self._company.page(number)
        count = len(objects.entry_times(page))
        return _page(
            "log_entries",
            query,
            lambda: (count, lambda places: [objects.log_entry(self._company, page, count - 1 - place) for place in places]),
        )

    def _log_entries(self, query: list[tuple[str, str]]) -> Objects:
        since, until = _span(dict(query))
        total = self._count(since, until)
        if total > MAX_RECORDS:  # what is asked for of it can only be its beginning
            until = min(until, since + (until - since) * (MAX_RECORDS / 2 / total))
        found = self._entries(since, until)

        def of(places: range) -> list[dict[str, Any]]:
            wanted = [found[-1 - place] for place in places if place < len(found)]  # newest first
            pages = ((self._company.page(number), place) for _, number, place in wanted)
            return [objects.log_entry(self._company, page, place) for page, place in pages]

        return total, of

    def _entries_between(self, since: datetime, until: datetime) -> list[tuple[datetime, int, int]]:
        """Return time, page and place of the log entries in an interval, oldest first."""
        numbers = self._numbers(since - LONGEST_LIFE, until)
        times = ((at, number, place) for number in numbers for place, (at, _) in enumerate(self._times(number)))
        return sorted(each for each in times if since <= each[0] < until)

    def _count_between(self, since: datetime, until: datetime) -> int:
        """Return how many log entries an interval has: pages in its middle have all of theirs in it."""
        middle = self._numbers(since, max(since, until - LONGEST_LIFE))
        edges = (*self._numbers(since - LONGEST_LIFE, since), *self._numbers(max(since, until - LONGEST_LIFE), until))
        inside = sum(since <= at < until for number in edges for at, _ in self._times(number))
        first, last = -(-middle.start // _BLOCK), middle.stop // _BLOCK
        if first >= last:
            return inside + sum(len(self._times(number)) for number in middle)
        whole = sum(self._in_block(block) for block in range(first, last))
        rest = (*range(middle.start, first * _BLOCK), *range(last * _BLOCK, middle.stop))
        return inside + whole + sum(len(self._times(number)) for number in rest)

    def _entries_of_block(self, block: int) -> int:
        return sum(len(self._times(number)) for number in range(block * _BLOCK, (block + 1) * _BLOCK))

    def _numbers(self, since: datetime, until: datetime) -> range:
        return self._company.numbers("page", self._company.pages, since, until)

    def _times(self, number: int) -> list[tuple[datetime, str]]:
        return objects.entry_times(self._company.page(number))

    def _on_call(self, place: int) -> dict[str, Any]:
        return {
            "user": objects.user_reference(self._company, self._company.engineer("on call", place)),
            "escalation_level": 1,
            "escalation_policy": objects.policy(),
            "schedule": objects.reference("schedule", "schedules", f"PI7DH{place:02}", objects.SERVICES[place]),
            "start": objects.stamp(self._company.start),
            "end": objects.stamp(self._company.end),
        }


class _Without(Sequence[int]):
    """A range without a few of its numbers."""

    def __init__(self, numbers: Sequence[int], left_out: Sequence[int]) -> None:
        self._numbers, self._left_out = numbers, sorted(numbers.index(each) for each in left_out)

    def __len__(self) -> int:
        return len(self._numbers) - len(self._left_out)

    def __getitem__(self, place: Any) -> Any:
        for skipped in self._left_out:
            place += skipped <= place
        return self._numbers[place]


def _span(query: dict[str, str]) -> tuple[datetime, datetime]:
    since, until = (_time(query.get(name, "")) for name in ("since", "until"))
    if until - since > LONGEST:
        raise _Refused("The time range may not be longer than 6 months.")
    return since, until


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise _Refused("Since and until must be dates in ISO 8601 format.") from None


class _Refused(Exception):
    """The request is refused, with what the vendor says."""


def _page(name: str, query: dict[str, str], listing: Callable[[], Objects]) -> Reply:
    try:
        limit, offset = int(query.get("limit", "25")), int(query.get("offset", "0"))
        if limit > MAX_LIMIT:
            raise _Refused("Limit may not be larger than 100.")
        if offset + limit > MAX_RECORDS:
            raise _Refused(f"Offset plus limit may not be larger than {MAX_RECORDS}.")
        total, of = listing()
    except _Refused as refused:
        return Reply(400, {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": [str(refused)]}})
    shown = of(range(offset, min(offset + limit, total)))
    said = total if query.get("total") == "true" else None
    return Reply(200, {name: shown, "limit": limit, "offset": offset, "more": offset + limit < total, "total": said})

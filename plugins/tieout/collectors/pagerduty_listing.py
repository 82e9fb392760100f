# SPDX-License-Identifier: Apache-2.0
"""Reads PagerDuty's listings whole, although its paging ends at 10,000 records.

A listing says how many records an interval has. One with more than `MOST` is read in halves, each of which PagerDuty counts
itself. First pages are captured one by one, those of intervals that were halved too; further pages are kept together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tieout.collectors.http import Exchange
from tieout.errors import ContractError, SourceUnavailable
from tieout.times import instant

if TYPE_CHECKING:
    import requests

MOST = 10_000
"""Offset and limit together may not be larger."""
SIZE = 100
LONGEST = timedelta(days=90)
"""Longer intervals are halved unasked: PagerDuty refuses more than six months."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one page of a listing, of which ``total`` is what the interval has; it counts once, with the first page."""

    records: list[Any]
    total: int


class Listings:
    """The listings of one account.

    Args:
        exchange: Asks it.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def request(self, path: str, **query: Any) -> requests.Request:
        """Return a request."""
        import requests

        return requests.Request("GET", self.exchange.base + path, params=query)

    def listed(self, path: str, since: datetime, until: datetime, **query: Any) -> Iterator[Records]:
        """Yield the records of ``[since, until)``; one on the border of two halves may come with both.

        Raises:
            ContractError: A page is none, lacks records, or comes twice; a second has more records than can be listed.
            SourceUnavailable: The listing changed while it was read.
            ConfigurationError: As `Exchange.ask`.
        """
        waiting = _intervals(since, until)
        while waiting:
            begin, end = waiting.pop(0)
            halves = _halves(begin, end)
            pages = self.pages(path, path[1:], {**_bounds(begin, end), **query}, None if len(halves) > 1 else _too_many)
            first = next(pages)
            if first.total > MOST:
                waiting[:0] = halves
                continue
            yield first
            yield from pages

    def total(self, path: str, since: datetime, until: datetime, **query: Any) -> int:
        """Return how many records ``[since, until)`` has, as PagerDuty counts them."""
        found = 0
        for begin, end in _intervals(since, until):
            request = self.request(path, **_bounds(begin, end), **query, total="true", limit=1, offset=0)
            answer = self.exchange.ask(request, "a count")
            found += _total(answer.content, answer.what)
        return found

    def pages(
        self, path: str, name: str, query: dict[str, Any], refused: Callable[[int], str] | None = None
    ) -> Iterator[Records]:
        """Yield the pages of one request; with more than `MOST` records, ``refused`` says why that is too many.

        Raises: as `listed`.
        """
        asked = {**query, "total": "true", "limit": SIZE}
        answer = self.exchange.ask(self.request(path, **asked, offset=0), "page 1")
        total = _total(answer.content, answer.what)
        if total > MOST and refused is not None:
            msg = f"{answer.what}: {refused(total)}. Nothing lands."
            raise ContractError(msg)
        seen: set[tuple[Any, ...]] = set()
        yield Records(_checked(answer.content, name, total, 0, seen, answer.what), total)
        wanted = ((at, self.request(path, **asked, offset=at)) for at in range(SIZE, total, SIZE))
        for at, content in self.exchange.gather(wanted):
            what = f"GET {self.exchange.base}{path}, page {at // SIZE + 1}"
            yield Records(_checked(content, name, total, at, seen, what), 0)


def _intervals(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return an interval in pieces of at most `LONGEST`."""
    if until - since <= LONGEST:
        return [(since, until)]
    return [piece for half in _halves(since, until) for piece in _intervals(*half)]


def _halves(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return the two halves of an interval, at a whole second; one second has none."""
    middle = since + timedelta(seconds=(until - since) // timedelta(seconds=2))
    return [(since, middle), (middle, until)] if since < middle < until else [(since, until)]


def _bounds(since: datetime, until: datetime) -> dict[str, str]:
    return {"since": _stamp(since), "until": _stamp(until), "time_zone": "UTC"}


def _stamp(time: datetime) -> str:
    return instant(time)[:19] + "Z"


def _too_many(total: int) -> str:
    return f"{total} records in one second, of which {MOST} can be listed"


def _total(content: Any, what: str) -> int:
    total = content.get("total") if isinstance(content, dict) else None
    if not isinstance(total, int):
        msg = f"{what}: expected the number of all records at 'total', got {type(total).__name__}. Nothing lands."
        raise ContractError(msg)
    return total


def _checked(content: Any, name: str, total: int, at: int, seen: set[tuple[Any, ...]], what: str) -> list[Any]:
    """Return the records of a page, which are as many as the total says, and none of an earlier page."""
    records = content.get(name) if isinstance(content, dict) else None
    if not isinstance(records, list):
        msg = f"{what}: expected a list at {name!r}, got {type(records).__name__}. Nothing lands; the answer is kept."
        raise ContractError(msg)
    now = _total(content, what)
    if now != total:
        msg = f"{what}: {total} records before and {now} now: it changed while it was read. Nothing lands; run the window again."
        raise SourceUnavailable(msg)
    expected = max(0, min(SIZE, total - at))
    if len(records) != expected and total <= MOST:
        msg = f"{what}: expected {expected} records of {total}, got {len(records)}. Nothing lands; the answer is kept."
        raise ContractError(msg)
    ids = tuple(each["id"] for each in records)
    if ids and ids in seen:
        msg = f"{what}: the same {len(ids)} records as on an earlier page. Nothing lands; both are kept."
        raise ContractError(msg)
    seen.add(ids)
    return records

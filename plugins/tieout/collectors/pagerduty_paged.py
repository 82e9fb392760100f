# SPDX-License-Identifier: Apache-2.0
"""Alerts of PagerDuty with who answered them, an interval at a time, so that memory holds the log of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tieout.collectors.pagerduty import Account, resolved_at
from tieout.collectors.pagerduty_log import Response, in_time, note_all, seen_at
from tieout.collectors.row_tables import Row
from tieout.times import instant, parse_instant

COLUMNS = ("alert_id", "rule", "urgency", "raised_at", "acknowledge_due_at", "acknowledged_at", "acknowledged_by",
           "acknowledged_in_time", "resolved_at", "incident_id")  # fmt: skip


class Paged:
    """The alerts of one account.

    Args:
        account: The account.
        target: The time in which an alert of an urgency is to be acknowledged.
    """

    def __init__(self, account: Account, target: Callable[[str], timedelta]) -> None:
        self._account, self._target = account, target
        self._people = account.people()
        self._listed: set[str] = set()
        self.triggered = 0
        """Alerts of all intervals that the log triggers, each once."""

    @property
    def longest(self) -> timedelta:
        """The time in which every alert is to be acknowledged."""
        return max(map(self._target, ("high", "low")))

    def rows(self, since: datetime, until: datetime) -> Iterator[Row]:
        """Yield the alerts raised in ``[since, until)``; intervals follow each other. Raises as `Listings.listed`.

        The log is read until the last of them was due; of those not answered by then, their own logs.
        """
        log: dict[str, Response] = {}
        before, self._listed = self._listed, set()
        still_open: list[dict[str, Any]] = []
        for page in self._account.listings.listed("/log_entries", since, self._read_until(until)):
            note_all(log, page.records)
        for alerts in self._account.incidents(since, until):
            self._listed.update(each["id"] for each in alerts)
            final = {each["id"] for each in alerts if each["id"] in log and log[each["id"]].is_final}
            yield from (self._row(each, log) for each in alerts if each["id"] in final)
            still_open += [each for each in alerts if each["id"] not in final]
        for _, entries in self._account.logs(each["id"] for each in still_open):
            note_all(log, entries)
        yield from (self._row(each, log) for each in still_open)
        self._count(log, before, since, until)

    def _read_until(self, until: datetime) -> datetime:
        return min(until + self.longest, self._account.clock().replace(microsecond=0))

    def _count(self, log: dict[str, Response], before: set[str], since: datetime, until: datetime) -> None:
        """Count the alerts that the log triggers, those too that were not listed."""
        self.triggered += sum(each.triggered_at is not None for key, each in log.items() if key in self._listed)
        strange = [
            key
            for key, each in log.items()
            if key not in self._listed and key not in before and each.triggered_at and each.triggered_at < until
        ]
        found = self._account.details(strange)
        self.triggered += sum(since <= parse_instant(each["created_at"]) < until for _, each in found)

    def _row(self, alert: dict[str, Any], log: dict[str, Response]) -> Row:
        response, raised = log.get(alert["id"], Response()), parse_instant(alert["created_at"])
        due, seen = raised + self._target(alert["urgency"]), seen_at(response)
        values = (alert["id"], (alert.get("service") or {}).get("summary"), alert["urgency"], alert["created_at"], instant(due),
                  seen and instant(seen), response.person and self._people.get(response.person, response.person),
                  in_time(response, due, self._account.clock()), resolved_at(alert),
                  str(alert["incident_number"]) if self._account.severity(alert) else None)  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

# SPDX-License-Identifier: Apache-2.0
"""Alerts that paged somebody, from PagerDuty: each incident of the window, who acknowledged it and when, and what it became."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.pagerduty import Account, AccountParameters, resolved_at
from tieout.collectors.pagerduty_log import Response, in_time, note_all, seen_at
from tieout.collectors.row_tables import Row, row_tables, text
from tieout.times import instant, parse_instant

COLUMNS = ("alert_id", "rule", "urgency", "raised_at", "acknowledge_due_at", "acknowledged_at", "acknowledged_by",
           "acknowledged_in_time", "resolved_at", "incident_id")  # fmt: skip
BLIND_SPOTS = ("An acknowledgement that an integration sent names nobody; whether it was in time is not determinable.",)


class Parameters(AccountParameters):
    """Parameters of collector ``pagerduty_alerts``."""

    high_minutes: int = Field(default=15, ge=1)
    """So many minutes after it was raised an alert of high urgency is to be acknowledged."""
    low_minutes: int = Field(default=60, ge=1)

    def target(self, urgency: str) -> timedelta:
        """Return the time in which an alert is to be acknowledged."""
        return timedelta(minutes=self.high_minutes if urgency == "high" else self.low_minutes)


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the log until the window's last alert was due, then the alerts, and for those still open their own logs.

    Raises: as `Listings.listed`.
    """
    parameters, window = frame.parameters(Parameters), frame.window
    account, log, listed = Account(frame, parameters), dict[str, Response](), set[str]()
    until = min(window.end + max(map(parameters.target, ("high", "low"))), frame.clock().replace(microsecond=0))
    asked = {"since": instant(window.start), "until": instant(window.end), "log until": instant(until)}
    asked |= {"high_minutes": str(parameters.high_minutes), "low_minutes": str(parameters.low_minutes)}
    account.state("GET /log_entries, /users, /incidents; /incidents/{id}/log_entries of those not answered", asked, BLIND_SPOTS)
    for page in account.listings.listed("/log_entries", window.start, until):
        note_all(log, page.records)
    people = account.people()

    def rows() -> Iterator[Row]:
        still_open: list[dict[str, Any]] = []
        for alerts in account.incidents(window.start, window.end):
            listed.update(each["id"] for each in alerts)
            final = {each["id"] for each in alerts if each["id"] in log and log[each["id"]].is_final}
            yield from (_row(account, parameters, each, log, people) for each in alerts if each["id"] in final)
            still_open += [each for each in alerts if each["id"] not in final]
        for _, entries in account.logs(each["id"] for each in still_open):
            note_all(log, entries)
        yield from (_row(account, parameters, each, log, people) for each in still_open)

    yield from row_tables(rows(), COLUMNS)
    before = [key for key, each in log.items() if key not in listed and each.triggered_at and each.triggered_at < window.end]
    triggered = sum(each.triggered_at is not None for key, each in log.items() if key in listed)
    triggered += sum(window.start <= parse_instant(each["created_at"]) < window.end for _, each in account.details(before))
    how = "incidents raised in the window of which its log has a trigger_log_entry"
    frame.count(Count(account.total, "total of GET /incidents"), SecondCount(triggered, how, SecondCountClass.OTHER_ENDPOINT))


def _row(account: Account, parameters: Parameters, alert: Any, log: dict[str, Response], people: dict[str, str]) -> Row:
    response, raised = log.get(alert["id"], Response()), parse_instant(alert["created_at"])
    due, seen = raised + parameters.target(alert["urgency"]), seen_at(response)
    values = (alert["id"], (alert.get("service") or {}).get("summary"), alert["urgency"], alert["created_at"], instant(due),
              seen and instant(seen), response.person and people.get(response.person, response.person),
              text(in_time(response, due, account.clock())), resolved_at(alert),
              text(alert["incident_number"] if account.severity(alert) else None))  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))

# SPDX-License-Identifier: Apache-2.0
"""Matches alarms of CloudWatch with the OpsItems that they open, where people note what they did."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tieout.collectors.aws import at, person
from tieout.collectors.row_tables import Row
from tieout.times import instant

_SEVERITIES = {"1": "critical", "2": "high", "3": "medium", "4": "low"}
_SETTLED = {"Resolved", "Closed"}
_OPENS_WITHIN = timedelta(minutes=5)
"""An alarm opens its OpsItem within seconds; while one is open, no other is opened."""


@dataclass(frozen=True, slots=True)
class OpsItem:
    """An OpsItem of an alarm, as far as it matters here."""

    id: str
    created_at: datetime
    changed_at: datetime
    changed_by: str | None
    status: str
    severity: str | None

    def serves(self, raised: datetime) -> bool:
        """Whether it is the one of an alarm that was raised then: open at that time, or opened by it."""
        if self.created_at > raised + _OPENS_WITHIN:
            return False
        return self.created_at >= raised or self.status not in _SETTLED or self.changed_at >= raised


def by_alarm(items: Iterable[Mapping[str, Any]]) -> dict[str, list[OpsItem]]:
    """Return the OpsItems that alarms opened, by the alarm's name, oldest first; others are left out."""
    found: dict[str, list[OpsItem]] = {}
    for each in items:
        head, _, rest = each["Title"].partition("CloudWatch alarm - '")
        name, _, end = rest.rpartition("' is in ALARM state")
        if head or end or not name:
            continue
        times = at(each["CreatedTime"]), at(each["LastModifiedTime"])
        who, severity = person(each.get("LastModifiedBy")), _SEVERITIES.get(each.get("Severity", ""))
        found.setdefault(name, []).append(OpsItem(each["OpsItemId"], *times, who, each["Status"], severity))
    return {name: sorted(items, key=lambda item: item.created_at) for name, items in found.items()}


def to_alarm(item: Mapping[str, Any]) -> bool:
    """Whether an item of an alarm's history says that it went to ALARM."""
    said = json.loads(item.get("HistoryData") or "{}")
    return bool((said.get("newState") or {}).get("stateValue") == "ALARM")


def alert_row(item: Mapping[str, Any], region: str, opened: Mapping[str, list[OpsItem]], hours: int, severity: str) -> Row:
    """Return a transition to ALARM as an alert.

    Args:
        item: Of the alarm's history.
        region: Where the alarm is.
        opened: What `by_alarm` found there.
        hours: In which somebody is to look at it.
        severity: Of an alarm whose OpsItem states none.
    """
    raised = at(item["Timestamp"])
    of_alarm = opened.get(item["AlarmName"], [])
    until = bisect_right(of_alarm, raised + _OPENS_WITHIN, key=lambda each: each.created_at)
    one = next((each for each in reversed(of_alarm[:until]) if each.serves(raised)), None)
    looked = one is not None and one.status != "Open" and one.changed_at >= raised
    return {
        "alert_id": f"{region}/{item['AlarmName']}/{instant(raised)}",
        "rule": item["AlarmName"],
        "severity": (one and one.severity) or severity,
        "raised_at": instant(raised),
        "suppressed": False,
        "triage_due_at": instant(raised + timedelta(hours=hours)),
        "triaged_at": instant(one.changed_at) if one and looked else None,
        "triaged_by": one.changed_by if one and looked else None,
        "outcome": one.status.lower() if one and looked else None,
        "escalated_to": one.id if one else None,
    }

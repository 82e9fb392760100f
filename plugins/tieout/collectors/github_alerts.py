# SPDX-License-Identifier: Apache-2.0
"""Rows of vulnerabilities from alerts of GitHub's Dependabot: rules without I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from tieout.collectors.github import login_of
from tieout.collectors.github_reviews import find_ticket
from tieout.collectors.row_tables import Row, text
from tieout.times import instant, parse_instant

_NO_ACCEPTANCE = "fix_started"
"""Reason of a dismissal that says the fix is under way: the weakness is still there, and nobody accepted it."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days from the alert to the fix, by severity."""

    critical: int
    high: int
    medium: int
    low: int


def row_of(alert: Mapping[str, Any], repository: str, days: Days, ticket: re.Pattern[str], now: datetime) -> Row:
    """Return an alert as a row.

    One that a person dismissed for a reason is accepted, and whether it was fixed in time is not determinable. One that a rule
    dismissed was accepted by nobody: it counts as open.

    Args:
        alert: GitHub's.
        repository: Organization and repository.
        days: Until it is to be fixed.
        ticket: Pattern of a ticket's id.
        now: UTC; what is open past its time is late.
    """
    advisory, found = alert["security_advisory"], alert["security_vulnerability"]
    due = parse_instant(alert["created_at"]) + timedelta(days=asdict(days)[found["severity"]])
    is_accepted = alert["state"] == "dismissed" and alert["dismissed_reason"] != _NO_ACCEPTANCE
    is_assigned = any(login_of(each) for each in alert.get("assignees") or ())
    named = find_ticket(ticket, alert["dismissed_comment"])
    fixed = parse_instant(alert["fixed_at"]) if alert["fixed_at"] else None
    return {
        "vulnerability_id": str(alert["number"]),
        "asset": f"{repository}/{alert['dependency'].get('manifest_path', '')}".rstrip("/"),
        "title": f"{advisory['summary']} ({advisory['cve_id'] or advisory['ghsa_id']})",
        "severity": found["severity"],
        "detected_at": alert["created_at"],
        "due_at": instant(due),
        "fixed_at": alert["fixed_at"],
        "accepted_by": login_of(alert["dismissed_by"]) if is_accepted else None,
        "accepted_until": None,
        "ticket": named or (f"alert {alert['number']}" if is_assigned else None),
        "fixed_in_time": text(fixed_in_time(fixed, due, now, is_accepted=is_accepted)),
    }


def fixed_in_time(fixed: datetime | None, due: datetime, now: datetime, *, is_accepted: bool) -> bool | None:
    """Return whether it was fixed in time; ``None`` where it is open and not yet due, or the risk was accepted."""
    if fixed is not None:
        return fixed <= due
    return None if is_accepted or now <= due else False
